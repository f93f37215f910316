"""Tokens: real commands and files, an injected clock."""

import asyncio
import base64
import json
import logging
import sys
from pathlib import Path

import pytest

from tests.client.clocks import FakeClock
from vibebox_tui.client.credentials import Secret, StaticToken, TokenCommand, TokenFile, expiry
from vibebox_tui.client.errors import CredentialsError, LoginRequiredError


def jwt(expires_at: float | None, name: str = "a") -> str:
    """A JWT that nobody has signed; we don't look at the signature either."""
    claims = {"sub": name} | ({} if expires_at is None else {"exp": expires_at})
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join(
        [*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "x"]
    )


def counter(tmp_path: Path, expires_at: float | None) -> list[str]:
    """A token command that counts its runs in a file and puts the number into the token."""
    runs = tmp_path / "runs"
    runs.write_text("")
    tokens = [jwt(expires_at, str(number)) for number in range(10)]
    (tmp_path / "tokens").write_text("\n".join(tokens))
    script = (
        "import pathlib, sys; d = pathlib.Path(sys.argv[1]); n = len((d/'runs').read_text());"
        "(d/'runs').write_text('x' * (n + 1)); print((d/'tokens').read_text().split()[n])"
    )
    return [sys.executable, "-c", script, str(tmp_path)]


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text())


def test_a_secret_shows_itself_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger("test").warning("%s %r %s", secret, secret, [secret])
    assert "hunter2" not in f"{secret} {secret!r} {caplog.text}"
    assert secret.reveal() == "hunter2"


def test_reads_the_expiry_of_a_jwt_and_of_nothing_else() -> None:
    assert expiry(Secret(jwt(1234.5))) == 1234.5
    for text in (jwt(None), "opaque", "a.b.c", "a.!!!.c", "a.eyJ9.c", ""):
        assert expiry(Secret(text)) is None


async def test_a_given_token_is_refused_here_once_it_has_expired() -> None:
    clock = FakeClock(1000.0)
    credentials = StaticToken(jwt(1010.0), clock=clock)
    assert await credentials.token()
    clock.advance(11)
    with pytest.raises(LoginRequiredError):
        await credentials.token()


async def test_a_command_runs_once_and_again_ahead_of_the_expiry(tmp_path: Path) -> None:
    clock = FakeClock(1000.0)
    credentials = TokenCommand(counter(tmp_path, 1100.0), clock=clock)
    assert await credentials.token() == await credentials.token()
    assert runs(tmp_path) == 1
    clock.advance(69)
    await credentials.token()
    assert runs(tmp_path) == 1
    clock.advance(2)
    await credentials.token()
    assert runs(tmp_path) == 2


async def test_callers_at_the_same_time_share_one_run(tmp_path: Path) -> None:
    credentials = TokenCommand(counter(tmp_path, None))
    tokens = await asyncio.gather(*(credentials.token() for _ in range(5)))
    assert len(set(tokens)) == 1
    await asyncio.gather(*(credentials.refresh() for _ in range(5)))
    assert runs(tmp_path) == 2


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/no/such/command"], "No such file"),
        (["sh", "-c", "echo oops >&2; exit 7"], "exit code 7: oops"),
        (["sh", "-c", "true"], "printed nothing"),
        (["sh", "-c", "echo Token: abc"], "nothing else"),
    ],
)
async def test_a_command_that_fails_is_one_sentence(command: list[str], words: str) -> None:
    with pytest.raises(CredentialsError, match=words) as caught:
        await TokenCommand(command).token()
    assert "\n" not in str(caught.value)


async def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(CredentialsError, match="no token in"):
        await TokenCommand(["sleep", "60"], timeout=0.1).token()


async def test_a_token_that_still_holds_is_used_while_no_other_can_be_had(tmp_path: Path) -> None:
    clock = FakeClock(1000.0)
    path = tmp_path / "credential"
    path.write_text(jwt(1020.0))
    credentials = TokenFile(path, clock=clock)
    token = await credentials.token()
    path.unlink()
    assert await credentials.token() == token
    clock.advance(21)
    with pytest.raises(CredentialsError, match="cannot read"):
        await credentials.token()


async def test_a_file_is_read_again_when_its_token_was_refused(tmp_path: Path) -> None:
    path = tmp_path / "credential"
    path.write_text("first\n")
    credentials = TokenFile(path)
    assert (await credentials.token()).reveal() == "first"
    with pytest.raises(LoginRequiredError):
        await credentials.refresh()
    path.write_text("second\n")
    assert (await credentials.refresh()).reveal() == "second"
