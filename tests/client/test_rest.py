"""REST calls: the real server, other servers, and what goes wrong in sentences."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.client.clocks import FakeClock
from tests.client.other_server import Route, http_server, raw_server
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import Secret, StaticToken
from vibebox_tui.client.errors import ApiError, UnexpectedAnswerError, UnreachableError
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    CreateSessionRequest,
    CreateUserRequest,
    UpdateEnvironmentRequest,
    UpdateUserRequest,
)


def rest_at(address: str, token: str = "good", **options: Any) -> RestClient:
    settings = options.pop("settings", ClientSettings(request_timeout=5.0))
    return RestClient(ServerAddress.parse(address), StaticToken(token), settings, **options)


# --- the real server -----------------------------------------------------------------------


async def test_an_environments_whole_life(server: RunningServer) -> None:
    async with rest_at(server.address, server.token()) as rest:
        created = await rest.create_environment(
            CreateEnvironmentRequest(name="life", command=["sh", "-c", "echo hello; sleep 60"])
        )
        changed = await rest.update_environment(
            created.id, UpdateEnvironmentRequest(description="changed")
        )
        assert changed.description == "changed"
        await rest.start(created.id)
        await server.logged(created.id, 1)
        assert (await rest.environment_status(created.id)).status == "running"
        page = await rest.logs(created.id, tail=10, search="hello")
        assert [entry.message for entry in page.data] == ["hello"]
        session = await rest.create_session(created.id, CreateSessionRequest())
        assert [each.id for each in await rest.sessions(created.id)] == [session.id]
        assert (await rest.session(session.id)).environment_id == created.id
        await rest.end_session(session.id)
        assert (await rest.environment_stats(created.id)).environment_id == created.id
        await rest.restart(created.id)
        await wait_for(lambda: is_running(rest, created.id))
        with pytest.raises(ApiError) as caught:
            await rest.start(created.id)
        assert caught.value.status == 409
        await rest.stop(created.id)
        await wait_for(lambda: is_stopped(rest, created.id))
        await rest.delete_environment(created.id)
        with pytest.raises(ApiError) as caught:
            await rest.environment(created.id)
        assert (caught.value.status, caught.value.error) == (404, "NotFound")
        assert caught.value.message


async def is_running(rest: RestClient, environment_id: str) -> bool:
    return (await rest.environment_status(environment_id)).status == "running"


async def is_stopped(rest: RestClient, environment_id: str) -> bool:
    return (await rest.environment_status(environment_id)).status == "stopped"


async def test_lists_every_page(server: RunningServer) -> None:
    for _ in range(103):
        await server.create("true")
    async with rest_at(server.address, server.token()) as rest:
        assert len({each.id for each in await rest.environments()}) == 103
        assert await rest.environments(status="running") == []


async def test_users_and_their_tokens(server: RunningServer) -> None:
    async with rest_at(server.address, server.token()) as rest:
        user = await rest.create_user(CreateUserRequest("bo@example.com", "a long password"))
        assert (await rest.update_user(user.id, UpdateUserRequest(role="viewer"))).role == "viewer"
        assert "bo@example.com" in [each.email for each in await rest.users()]
        tokens = await rest.login("bo@example.com", "a long password")
        renewed = await rest.refresh(tokens.refresh_token)
        async with rest_at(server.address, renewed.access_token) as theirs:
            assert (await theirs.me()).email == "bo@example.com"
            await theirs.logout(renewed.refresh_token)
        with pytest.raises(ApiError) as caught:
            await rest.login("bo@example.com", "wrong")
        assert caught.value.status == 401
        await rest.delete_user(user.id)


async def test_health_needs_no_token(uds_server: RunningServer) -> None:
    async with rest_at(uds_server.address, "") as rest:
        assert (await rest.health()).status == "ok"
        with pytest.raises(ApiError) as caught:
            await rest.me()
        assert caught.value.status == 401


# --- other servers -------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/projects/p 1", "/environments/projects/p 1"])
async def test_finds_environments_by_project(prefix: str) -> None:
    found = {"id": "e", "name": "api", "status": "running", "cpuLimit": "2", "memoryLimit": {}}

    def routes(method: str, target: str, token: str) -> Route:
        path = target.removeprefix("/api/v1").split("?")[0]
        if path == "/projects":
            return 200, {"data": {"projects": [{"id": "p 1"}]}}
        if path == f"{prefix}/environments".replace(" ", "%20"):
            return 200, [found, "no object"]
        return 404, {"error": {"code": "NOT_FOUND", "message": "no route", "statusCode": 404}}

    async with http_server(routes) as address, rest_at(address) as rest:
        for _ in range(2):
            (environment,) = await rest.environments()
            assert (environment.id, environment.name) == ("e", "api")
            assert (environment.cpu_limit, environment.memory_limit) == (2.0, None)
        assert await rest.environments(status="stopped") == []


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ({"error": "Conflict", "message": "it runs"}, "Conflict", "it runs"),
        ({"error": {"code": "RUNS", "message": "it runs", "statusCode": 409}}, "RUNS", "it runs"),
        ({"message": ["a is bad", "b is bad"]}, "Status", "a is bad; b is bad"),
        ({"error": "it runs"}, "it runs", "it runs"),
        ({}, "Status", "GET /environments/e failed: 409 Status"),
        (b"<html>", "Status", "GET /environments/e failed: 409 Status"),
        (b"\xff\xfe", "Status", "GET /environments/e failed: 409 Status"),
        ([], "Status", "GET /environments/e failed: 409 Status"),
    ],
)
async def test_errors_of_every_shape(body: Any, error: str, message: str) -> None:
    async with http_server(lambda *_: (409, body)) as address, rest_at(address) as rest:
        with pytest.raises(ApiError) as caught:
            await rest.environment("e")
    assert (caught.value.error, caught.value.message) == (error, message)
    assert str(caught.value) == message


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", {"id": 7, "name": "x"}])
async def test_an_answer_that_is_not_what_was_asked(body: Any) -> None:
    async with http_server(lambda *_: (200, body)) as address, rest_at(address) as rest:
        with pytest.raises(UnexpectedAnswerError, match="not what was asked"):
            await rest.environment("e")


async def test_waits_as_long_as_a_busy_server_asks() -> None:
    answers: Iterator[Route] = iter([(429, {}, {"Retry-After": "0.2"}), (200, {"status": "ok"})])
    async with http_server(lambda *_: next(answers)) as address, rest_at(address) as rest:
        started = time.monotonic()
        assert (await rest.health()).status == "ok"
        assert time.monotonic() - started >= 0.2


async def test_asks_no_more_while_a_busy_server_wants_long() -> None:
    asked = 0

    def routes(method: str, target: str, token: str) -> Route:
        nonlocal asked
        asked += 1
        if asked == 1:
            return 429, {"message": "slow down"}, {"Retry-After": "60"}
        return 200, {"status": "ok"}

    clock = FakeClock()
    async with http_server(routes) as address, rest_at(address, clock=clock) as rest:
        for _ in range(2):
            with pytest.raises(ApiError) as caught:
                await rest.health()
            assert (caught.value.status, caught.value.retry_after) == (429, 60)
        assert asked == 1
        clock.advance(61)
        assert (await rest.health()).status == "ok"


async def test_a_refused_token_is_renewed_and_the_request_repeated() -> None:
    class Renewable:
        expires_at = None

        async def token(self) -> Secret:
            return Secret("old")

        async def refresh(self) -> Secret:
            return Secret("new")

    def routes(method: str, target: str, token: str) -> Route:
        return (200, {"id": "e", "name": "n"}) if token == "new" else (401, {"message": "old"})

    async with (
        http_server(routes) as address,
        RestClient(ServerAddress.parse(address), Renewable(), ClientSettings()) as rest,
    ):
        assert (await rest.environment("e")).name == "n"


# --- nobody there --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:1", "cannot reach http://127.0.0.1:1: nobody listens there"),
        ("unix:/no/such.sock", "cannot reach unix:/no/such.sock: there is no such socket"),
        ("http://no-such-host.invalid", "its host name can't be resolved"),
    ],
)
async def test_nobody_there_is_one_sentence(address: str, words: str) -> None:
    async with rest_at(address) as rest:
        with pytest.raises(UnreachableError) as caught:
            await rest.health()
    assert words in str(caught.value)


async def test_a_server_that_never_answers_is_given_up() -> None:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    settings = ClientSettings(request_timeout=0.2)
    async with raw_server(behaviour) as address, rest_at(address, settings=settings) as rest:
        with pytest.raises(UnreachableError, match=r"no answer in 0\.2 s"):
            await rest.health()


async def test_what_is_no_web_server_is_one_sentence() -> None:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()

    async with raw_server(behaviour) as address, rest_at(address) as rest:
        with pytest.raises(UnreachableError) as caught:
            await rest.health()
    assert "\n" not in str(caught.value)
