"""A server that stops: within its time, whatever its clients and environments do."""

import asyncio
import json
import stat
from pathlib import Path

import psutil
import pytest

from tests.conftest import StartServer
from tests.running_server import receive, send
from tests.support import wait_for
from vibebox_tui.server.app import Server
from vibebox_tui.server.settings import ServerSettings

STUBBORN = "trap '' TERM HUP; (trap '' TERM HUP; setsid sleep 1000) & seq 300000; sleep 1000"


@pytest.mark.parametrize("stops", [True, False], ids=["environments stopped", "left running"])
async def test_it_ends_within_ten_seconds_and_does_with_environments_as_it_was_told(
    start_server: StartServer, stops: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server(stop_environments=stops)
    environment = await server.create("sh", "-c", STUBBORN, start=True)
    session = await server.open_session(environment.id)
    await server.logged(environment.id, 1000)
    keeper = server.server.environments._runtimes["local"].keeper  # type: ignore[attr-defined]
    everything = psutil.Process(keeper.pid).children(recursive=True)
    running = [process for process in everything if process.name() != "seq"]
    assert len(running) >= 4
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    async with (
        server.websocket("logs", max_queue=1, compression=None) as stalled,
        server.websocket("status") as polite,
    ):
        request = {"environmentId": environment.id, "requestId": "1", "tail": 100_000}
        await stalled.send(json.dumps({"type": "log_subscribe", "payload": request}))
        await send(polite, "ping")
        await receive(polite, "pong")
        stopping = asyncio.create_task(server.stop())
        async with asyncio.timeout(10):
            await stopping
        await polite.wait_closed()
        assert polite.close_code == 1012
    assert (await reader.readline()).startswith(b"HTTP/1.1 503")
    writer.close()
    assert not [record for record in caplog.records if record.exc_info]
    if stops:
        await wait_for(lambda: not any(process.is_running() for process in running))
        return
    assert all(process.is_running() for process in running)
    again = await start_server()
    async with again.http() as http:
        assert (await http.get(f"/environments/{environment.id}")).json()["status"] == "running"
        assert (await http.get(f"/sessions/{session.id}")).json()["status"] == "active"


async def test_what_it_keeps_is_for_its_owner_alone(short_path: Path) -> None:
    server = Server(ServerSettings(port=0, data_directory=short_path / "data"))
    async with server:
        directory = server.settings.data_directory
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for name in ("vibebox.db", "secret", "keeper.sock"):
        assert modes[name] == 0o600, name
