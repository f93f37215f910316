"""Passwords: by which algorithm, and that an answer tells nothing of who there is."""

import argon2
import pytest

from tests.running_server import RunningServer
from vibebox_tui.server.passwords import hash_password, verify_password


async def test_by_argon2id_with_a_salt_and_the_parameters_of_the_rfc(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()  # the quick ones that tests have
    first, second = await hash_password("the same"), await hash_password("the same")
    assert first != second
    parameters = argon2.extract_parameters(first)
    assert parameters.type is argon2.Type.ID
    # RFC 9106, section 4, the second recommended option.
    assert (parameters.time_cost, parameters.memory_cost) >= (3, 64 * 1024)
    assert await verify_password("the same", first)
    assert not await verify_password("another", first)
    assert not await verify_password("the same", "!")
    assert not await verify_password("correct horse battery staple", None), "nobody has it"


async def test_unknown_user_and_wrong_password_cost_the_same_and_say_the_same(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"email": "ada@example.com", "password": "the right password"}
    async with server.http() as admin:
        await admin.post("/users", json=user)
    checked: list[str] = []
    verify = argon2.PasswordHasher.verify

    def see(hasher: argon2.PasswordHasher, known: str, password: str) -> bool:
        checked.append(known.rpartition("$")[0].rpartition("$")[0])
        return verify(hasher, known, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", see)
    answers = []
    async with server.http(None) as http:
        for email in ("ada@example.com", "nobody@example.com"):
            answer = await http.post("/auth/login", json={"email": email, "password": "wrong"})
            answers.append((answer.status_code, answer.content, sorted(answer.headers)))
    assert answers[0] == answers[1]
    assert len(checked) == 2, "one check each"
    assert checked[0] == checked[1], "of the same algorithm and parameters"
