"""Requests that nobody means well with: each is answered as a wrong one, and nothing breaks."""

import asyncio
import json
from typing import Any

import pytest

from tests.running_server import RunningServer, receive, receive_any, send
from tests.server.raw_websocket import upgrade
from tests.support import wait_for

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 100_000 + b"]" * 100_000
IN_CONTAINER = b'{"name": "a", "runtime": "docker", "baseImage": "a", "container": {"Labels": %s}}'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(DEEP, id="nested without end"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="objects without end"),
        pytest.param(IN_CONTAINER % (b"[" * 100 + b"]" * 100), id="nested to be kept"),
        pytest.param(b'{"name": "\xff", "command": ["true"]}', id="no UTF-8"),
        pytest.param(b'{"name": "\\ud800", "command": ["true"]}', id="half a character"),
        pytest.param(b'{"name": "a", "command": ["true"], "cpuLimit": NaN}', id="NaN"),
        pytest.param(b'{"name": "a", "command": ["true"], "cpuLimit": 1e999}', id="infinity"),
        pytest.param(b'{"name": "a", "command": ["true"], "memoryLimit": 1e18}', id="too much"),
        pytest.param(b'{"name": "a\\u0000b", "command": ["true"]}', id="a null in a name"),
        pytest.param(b'{"name": "a\\u001b[2J", "command": ["true"]}', id="an escape in a name"),
        pytest.param(b'{"name": "a\\nb", "command": ["true"]}', id="a line's end in a name"),
        pytest.param(b'{"name": "a\\u202eb", "command": ["true"]}', id="a name written backwards"),
        pytest.param(
            b'{"name": "a", "command": ["true"], "workingDirectory": "~nobody-of-this-name/x"}',
            id="a home that isn't there",
        ),
        pytest.param(
            b'{"name": "a", "command": ["true"], "workingDirectory": "../../etc"}', id="a way up"
        ),
        pytest.param(
            b'{"name": "a", "command": ["true"], "environmentVariables": {"A=B": ""}}',
            id="two variables in one",
        ),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_bodies(server: RunningServer, body: bytes) -> None:
    async with server.http() as http:
        answer = await http.post("/environments", content=body, headers=JSON)
        assert answer.status_code == 400, answer.text
        assert answer.json()["message"]
        assert (await http.get("/environments")).json()["data"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/environments/..%2f..%2f..%2fetc%2fpasswd",
        "/environments/%00",
        "/environments/%ff%fe/logs",
        "/sessions/..%2f{id}",
        "/environments/' OR 1=1 --/status",
    ],
)
async def test_paths(server: RunningServer, path: str) -> None:
    environment = await server.create("true")
    async with server.http() as http:
        answer = await http.get(path.replace("{id}", environment.id))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "sinceSeq=99999999999999999999",
        "beforeSeq=9223372036854775808",
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "limit=-1",
        "stream=stdin",
    ],
)
async def test_queries(server: RunningServer, query: str) -> None:
    environment = await server.create("true")
    async with server.http() as http:
        answer = await http.get(f"/environments/{environment.id}/logs?{query}")
    assert answer.status_code == 400


@pytest.mark.parametrize("header", ["Authorization", "X-Forwarded-For", "Origin", "Cookie"])
async def test_what_is_in_a_header_is_in_no_other(server: RunningServer, header: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    value = b"a\rSet-Cookie: b=c\x00\x1b[2J"
    writer.write(
        b"GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\n%s: %s\r\n\r\n" % (header.encode(), value)
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    assert head.split()[1] in (b"400", b"401")
    assert b"set-cookie" not in head.lower()


@pytest.mark.parametrize(
    ("target", "twice"),
    [
        pytest.param("/api/v1/ws/status", ["Origin: http://localhost"] * 2, id="two origins"),
        pytest.param("/api/v1/ws/status", ["Authorization: Bearer a"] * 2, id="two tokens"),
        pytest.param("//[/api/v1/ws/status", [], id="no address"),
    ],
)
async def test_an_upgrade_says_one_thing(
    server: RunningServer, caplog: pytest.LogCaptureFixture, target: str, twice: list[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    request = upgrade(server, "status", *twice)
    writer.write(request.replace(b"/api/v1/ws/status", target.encode()))
    assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 400 ")
    writer.close()
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_address_is_one(server: RunningServer) -> None:
    async with server.http() as http:
        for email in ("a\x1b[2J@example.com", "a\n@example.com", "a" * 300 + "@example.com"):
            body = {"email": email, "password": "a long password"}
            assert (await http.post("/users", json=body)).status_code == 400
        long = {"email": "a" * 100_000, "password": "x"}
        assert (await http.post("/auth/login", json=long)).status_code == 400
        long = {"email": "a@example.com", "password": "x" * 100_000}
        assert (await http.post("/auth/login", json=long)).status_code == 400


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        pytest.param("logs", '{"a":' * 50_000, id="objects without end"),
        pytest.param(
            "logs", '{"type": "ping", "x": ' + DEEP.decode() + "}", id="nested without end"
        ),
        pytest.param("logs", '{"type": "ping", "timestamp": NaN}', id="NaN"),
        pytest.param("logs", '{"type": "ping", "timestamp": 1e999}', id="infinity"),
        pytest.param("logs", '{"type": "ping", "timestamp": "\\ud800"}', id="half a character"),
        pytest.param(
            "logs",
            json.dumps(
                {"type": "log_subscribe", "payload": {"environmentId": "{env}", "since": 2**70}}
            ),
            id="a position beyond all numbers",
        ),
        pytest.param(
            "terminal",
            json.dumps(
                {
                    "type": "terminal_input",
                    "payload": {
                        "sessionId": "{session}",
                        "data": "x",
                        "clientId": "me",
                        "inputSeq": 2**64,
                    },
                }
            ),
            id="an input beyond all numbers",
        ),
    ],
)
async def test_messages(server: RunningServer, endpoint: str, message: str) -> None:
    environment = await server.create("true")
    session = await server.open_session(environment.id)
    message = message.replace("{env}", environment.id).replace("{session}", session.id)
    async with server.websocket(endpoint) as websocket:
        await websocket.send(message)
        assert (await receive_any(websocket))["payload"]["code"] == "INVALID_MESSAGE"
        await send(websocket, "ping")
        await receive(websocket, "pong")


# --- who runs against whom -----------------------------------------------------------------


async def test_who_may_see_an_environment_no_longer_sees_its_terminals_no_longer(
    server: RunningServer,
) -> None:
    environment = await server.create("true", owner="developer", shared=True)
    session = await server.open_session(environment.id)
    async with server.websocket("terminal", "viewer") as watcher, server.http() as http:
        await send(watcher, "terminal_attach", sessionId=session.id, rows=24, cols=80)
        await receive(watcher, "terminal_live")
        await http.patch(f"/environments/{environment.id}", json={"shared": False})
        assert (await receive(watcher, "error"))["payload"]["code"] == "SESSION_NOT_FOUND"
        await server.server.backend.sessions.write(session.id, "echo $((6*7))\n")
        seen: list[dict[str, Any]] = []

        async def screen_has_it() -> bool:
            snapshot = server.server.backend.service.snapshot_terminal(session.id)
            return snapshot is not None and b"42" in snapshot.redraw

        await wait_for(screen_has_it)
        await send(watcher, "ping")
        while (message := await receive_any(watcher))["type"] != "pong":
            seen.append(message)
        assert [message for message in seen if message["type"] == "terminal_output"] == []


@pytest.mark.parametrize("number", range(4))
async def test_nothing_runs_that_was_deleted_while_it_was_started(
    server: RunningServer, number: int
) -> None:
    async with server.http() as http:
        environment = await server.create("sleep", "1000", start=number % 2 == 1)
        path = f"/environments/{environment.id}"
        session = {"sessionName": "one"}
        requests = [
            *(http.post(f"{path}/start") for _ in range(3)),
            *(http.post(f"{path}/restart") for _ in range(2)),
            http.post(f"{path}/sessions", json=session),
            http.delete(path),
            *(http.post(f"{path}/start") for _ in range(3)),
            http.post(f"{path}/sessions", json=session | {"sessionName": "two"}),
        ]
        answers = await asyncio.gather(*requests)
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 404, 409}
        assert (await http.get(path)).status_code == 404
    backend = server.server.backend
    assert backend.sessions.list() == []
    local = backend.environments._runtimes["local"]
    await wait_for(lambda: local.keeper._children == {})  # type: ignore[attr-defined]


async def test_the_last_admin_stays_however_many_leave_at_once(server: RunningServer) -> None:
    for number in range(4):
        await server.add_user(f"admin-{number}", "admin")
    admins = ["admin", *(f"admin-{number}" for number in range(4))]
    async with server.http() as http:
        leaving = [http.delete(f"/users/{name}") for name in admins[:3]]
        changing = [http.patch(f"/users/{name}", json={"role": "viewer"}) for name in admins[3:]]
        await asyncio.gather(*leaving, *changing)
    left = [user for user in await server.server.backend.store.users() if user.role == "admin"]
    assert len(left) == 1
