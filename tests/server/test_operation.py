"""How a server says how it is: health, and what it counts."""

import asyncio
import sqlite3
import time
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import StartServer
from tests.running_server import RunningServer, receive, send
from tests.support import wait_for
from vibebox_tui.server.settings import LimitSettings
from vibebox_tui.server.vitals import Vitals

Sample = tuple[str, tuple[str, ...]]


async def counted(server: RunningServer) -> dict[Sample, float]:
    """What the metrics page has, by name and values of labels."""
    async with server.http(None) as http:
        answer = await http.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


# --- health --------------------------------------------------------------------------------


async def test_a_server_that_runs_is_live_and_ready(server: RunningServer) -> None:
    async with server.http(None) as http:
        for path in ("/health", "/health/live", "/health/ready"):
            answer = await http.get(path)
            assert answer.status_code == 200
            health = answer.json()
            assert (health["status"], health["live"], health["ready"]) == ("ok", True, True)
            assert health["reasons"] == []


async def test_a_store_that_cant_be_written_is_live_and_not_ready(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibebox_tui.server.routes.operation._PATIENCE", 0.1)
    path = server.settings.data_directory / "vibebox.db"
    async with server.http(None) as http:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # somebody holds its lock and doesn't let go
            answer = await http.get("/health/ready")
            assert answer.status_code == 503
            assert answer.json()["reasons"] == ["its store can't be written"]
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.get("/health")).json()["ready"] is False
            other.execute("ROLLBACK")

        async def ready_again() -> bool:
            return (await http.get("/health/ready")).status_code == 200

        await wait_for(ready_again)


async def test_a_server_that_stops_is_not_ready(server: RunningServer) -> None:
    async with server.http(None) as http:
        assert (await http.get("/health/ready")).status_code == 200
        server.server.backend.vitals.is_stopping = True
        answer = await http.get("/health/ready")
        assert (answer.status_code, answer.json()["reasons"]) == (503, ["it is stopping"])


# --- metrics -------------------------------------------------------------------------------


async def test_connections_and_environments_are_counted(server: RunningServer) -> None:
    await server.create("sleep", "60", start=True)
    idle = await server.create("true")
    await server.open_session(idle.id)
    async with server.websocket("logs"), server.websocket("status", "viewer") as status:
        await send(status, "ping")
        await receive(status, "pong")
        await wait_for(lambda: server.server.backend.service.client_count == 2)
        found = await counted(server)
    assert found["vibebox_connections", ("logs",)] == 1
    assert found["vibebox_connections", ("status",)] == 1
    assert found["vibebox_connections", ("terminal",)] == 0
    assert found["vibebox_connected_users", ()] == 2
    assert found["vibebox_environments", ("running",)] == 1
    assert found["vibebox_environments", ("stopped",)] == 1
    assert found["vibebox_environments", ("error",)] == 0
    assert found["vibebox_terminal_sessions", ("active",)] == 1
    assert found["vibebox_unauthenticated_connections", ()] <= 1, "whoever asks"


@pytest.mark.parametrize("query", ["", "batch=1", "compression=deflate"])
async def test_what_passes_is_counted(server: RunningServer, query: str) -> None:
    environment = await server.create("seq", "500")
    before = await counted(server)
    async with server.websocket("logs", query=query) as websocket:
        subscribe = f'{{"type":"log_subscribe","payload":{{"environmentId":"{environment.id}"}}}}'
        await websocket.send(subscribe)
        await websocket.send("no message")
        await websocket.send('{"type": "ping"}')
        await websocket.recv()
        await websocket.recv()
        await server.server.environments.start(environment.id)
        await server.logged(environment.id, 500)
        sent = server.server.backend.traffic.sent
        await wait_for(lambda: sent["log"] == 500)
    after = await counted(server)
    difference = {name: after[name] - before.get(name, 0) for name in after}
    assert difference["vibebox_messages_received_total", ()] == 3
    assert difference["vibebox_received_bytes_total", ()] == len(subscribe) + 10 + 16
    assert difference["vibebox_messages_sent_total", ("log",)] == 500
    assert difference["vibebox_messages_sent_total", ("reply",)] == 2
    assert difference["vibebox_dropped_total", ("invalid",)] == 1
    assert difference["vibebox_sent_bytes_total", ()] > 500


async def test_who_is_slow_shows_as_lag_and_what_was_dropped_as_that(
    start_server: StartServer,
) -> None:
    server = await start_server(limits=LimitSettings(messages_per_second=1, message_burst=5))
    environment = await server.create("sh", "-c", "seq 300000")
    session = await server.open_session(environment.id)
    async with (
        server.websocket("logs", max_queue=1, compression=None) as log,
        server.websocket("terminal", max_queue=1, compression=None) as terminal,
    ):
        await send(log, "log_subscribe", environmentId=environment.id)
        await send(log, "ping")
        await receive(log, "pong")
        await send(terminal, "terminal_attach", sessionId=session.id, rows=24, cols=80)
        await receive(terminal, "terminal_live")
        await send(terminal, "terminal_ack", sessionId=session.id, seq=0)
        for _ in range(8):
            await send(terminal, "terminal_detach", sessionId="another")
        await server.server.environments.start(environment.id)
        await server.server.backend.sessions.write(session.id, "seq 200000\n")
        await server.logged(environment.id, 300000)
        hub = server.server.backend.service.hub
        await wait_for(lambda: hub.log_lag > 1000 and hub.terminal_lag > 100_000)
        found = await counted(server)
    assert found["vibebox_log_lag_entries", ()] > 1000
    assert found["vibebox_terminal_lag_bytes", ()] > 100_000
    assert found["vibebox_dropped_total", ("rate limited",)] >= 1


async def test_a_loop_that_is_held_up_is_late() -> None:
    vitals = Vitals()
    watching = asyncio.create_task(vitals.watch())
    await asyncio.sleep(0)
    time.sleep(0.5)  # noqa: ASYNC251  # that is what is to be seen
    await wait_for(lambda: vitals.worst_delay > 0.2)
    await wait_for(lambda: vitals.delay < 0.2)
    assert vitals.worst_delay > 0.2, "it is remembered for a minute"
    watching.cancel()
