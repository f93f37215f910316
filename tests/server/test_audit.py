"""Who did what is in the log, and no secret is."""

import io
import json
import logging

import pytest

from tests.running_server import RunningServer, receive, send
from tests.support import wait_for
from vibebox_tui.server.journal import JsonFormatter, keep

AUDIT = "vibebox_tui.server.audit"


def entries(caplog: pytest.LogCaptureFixture, event: str) -> list[logging.LogRecord]:
    """What the audit log has of one kind."""
    return [record for record in caplog.records if getattr(record, "event", "") == event]


async def test_who_changes_something_is_noted_with_the_answer(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, AUDIT)
    body = {"name": "new", "command": ["true"], "environmentVariables": {"KEY": "hidden value"}}
    async with server.http("developer") as http, server.http("viewer") as viewer:
        await http.get("/environments")
        await http.post("/environments", json=body)
        await viewer.post("/environments", json=body)
    await wait_for(lambda: len(entries(caplog, "request")) == 2)
    noted = [vars(record) for record in entries(caplog, "request")]
    facts = [tuple(entry[name] for name in ("user", "method", "path", "status")) for entry in noted]
    assert facts == [
        ("developer", "POST", "/api/v1/environments", 201),
        ("viewer", "POST", "/api/v1/environments", 403),
    ]
    assert noted[0]["address"] == "127.0.0.1"
    assert "hidden value" not in caplog.text


async def test_log_ins_are_noted_and_passwords_are_not(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "vibebox_tui")
    user = {"email": "new@example.com", "password": "the right password"}
    async with server.http() as admin, server.http(None) as http:
        created = (await admin.post("/users", json=user)).json()
        tokens = (await http.post("/auth/login", json=user)).json()
        await http.post("/auth/login", json=user | {"password": "a wrong password"})
    assert vars(entries(caplog, "logged in")[0])["user"] == created["id"]
    assert vars(entries(caplog, "log-in refused")[0])["user"] == "new@example.com"
    for secret in ("the right password", "a wrong password", *tokens.values()):
        assert str(secret) not in caplog.text


async def test_connections_are_noted_and_what_passes_through_them_is_not(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    environment = await server.create("true")
    session = await server.open_session(environment.id)
    token = server.token("developer")
    async with server.websocket("terminal", None, f"token={token}") as websocket:
        await send(websocket, "terminal_input", sessionId=session.id, data="echo typed-secret\r")
        await send(websocket, "ping")
        await receive(websocket, "pong")
    await wait_for(lambda: entries(caplog, "disconnected"))
    came, went = entries(caplog, "connected")[0], entries(caplog, "disconnected")[0]
    assert vars(came)["user"] == vars(went)["user"] == "developer"
    assert vars(came)["client"] == vars(went)["client"]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("vibebox")]
    assert not [line for line in ours if token in line or "typed-secret" in line]


def test_a_json_line_has_the_records_facts() -> None:
    record = logging.makeLogRecord(
        {
            "name": "vibebox_tui.server.audit",
            "levelname": "INFO",
            "msg": "connected: %s",
            "args": ("x",),
            "created": 1_700_000_000.5,
            "user": "ada",
            "nonsense": "left out",
        }
    )
    assert json.loads(JsonFormatter().format(record)) == {
        "time": "2023-11-14T22:13:20.500Z",
        "level": "info",
        "logger": "vibebox_tui.server.audit",
        "message": "connected: x",
        "user": "ada",
    }


@pytest.mark.parametrize("terminal", [True, False])
def test_text_on_a_terminal_and_json_otherwise(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(logging, "root", root)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    keep(stream, verbose=False)
    root.info("said")
    line = stream.getvalue()
    assert line.endswith("INFO root: said\n") if terminal else json.loads(line)["message"] == "said"
