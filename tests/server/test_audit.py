"""Who did what is in the log, and no secret is."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tests.running_server import RunningServer, receive, send
from tests.support import wait_for
from vibebox_tui.protocol.messages import Pong
from vibebox_tui.server.connection import Connection
from vibebox_tui.server.journal import JsonFormatter, TextFormatter, about, keep
from vibebox_tui.server.service import WebSocketService

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


# --- whose line it is ----------------------------------------------------------------------


class Lines(logging.Handler):
    """Keeps the lines as they would be written, each in the context that it was logged in."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, str]] = []
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))

    def with_text(self, text: str) -> list[dict[str, str]]:
        return [line for line in self.lines if text in line["message"]]


@pytest.fixture
def written() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("vibebox_tui")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def fail(*_: object) -> None:
    raise RuntimeError("a fault of ours")


async def test_a_line_about_a_connection_says_which_and_whose(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, written: Lines
) -> None:
    monkeypatch.setattr(WebSocketService, "subscribe_to_list", fail)
    async with server.websocket("status", "developer") as websocket:
        await send(websocket, "env_list_subscribe")
        await wait_for(lambda: written.with_text("a connection failed"))
    (line,) = written.with_text("a connection failed")
    (came,) = written.with_text("connected: ")[:1]
    assert (line["user"], line["client"]) == ("developer", came["client"])
    await wait_for(lambda: written.with_text("disconnected"))


async def test_a_line_about_what_many_share_says_whose_it_is(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, written: Lines
) -> None:
    async with (
        server.websocket("status", "viewer") as other,
        server.websocket("status", "developer") as websocket,
    ):
        await send(other, "ping")
        await receive(other, "pong")
        await send(websocket, "ping")
        await receive(websocket, "pong")
        clients = server.server.backend.service._clients
        (broken,) = [each for each in clients.values() if each.user_id == "developer"]
        monkeypatch.setattr(broken.peer.writer, "_write", fail)
        for each in clients.values():  # both write in one turn, which the other one has begun
            assert isinstance(each.peer, Connection)
            each.peer.reply(Pong(1))
        await wait_for(lambda: written.with_text("writer failed"))
    (line,) = written.with_text("writer failed")
    assert line["user"] == "developer"


async def test_a_line_about_a_request_says_whose(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, written: Lines
) -> None:
    monkeypatch.setattr(type(server.server.environments), "stats", fail)
    environment = await server.create("true")
    async with server.http("admin") as http:
        answer = await http.get(f"/environments/{environment.id}/stats")
    assert answer.status_code == 500
    (line,) = written.with_text("request failed")
    assert line["user"] == "admin"
    assert line["request"]


def test_what_has_ended_is_in_no_later_line() -> None:
    facts = {"client": "a-client", "user": "ada"}
    about(facts)
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "said"})
    assert json.loads(JsonFormatter().format(record))["user"] == "ada"
    assert TextFormatter().format(record).endswith("said [client a-client, user ada]")
    facts.clear()
    assert "user" not in json.loads(JsonFormatter().format(record))


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()], ids=["JSON", "text"])
def test_what_came_from_outside_stays_in_its_line(formatter: logging.Formatter) -> None:
    evil = "a\r\n2026-01-01 INFO x: forged \x1b]0;title\x07 \x9b2J \u2028 \x00"
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": evil, "user": evil})
    line = formatter.format(record)
    assert line.isprintable()
    assert "forged" in line


async def test_a_log_in_cant_forge_a_line(server: RunningServer, written: Lines) -> None:
    written.setFormatter(TextFormatter())
    lines: list[str] = []
    written.emit = lambda record: lines.append(written.format(record))  # type: ignore[method-assign]
    async with server.http(None) as http:
        body = {"email": "a\n\x1b[2Jlogged in: user admin", "password": "wrong"}
        await http.post("/auth/login", json=body)
        await http.post("/environments/%0a%1b[2Jforged/start")
    await wait_for(lambda: len(lines) == 3)
    assert all(line.isprintable() for line in lines)
