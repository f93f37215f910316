import asyncio
import contextlib
import gc
import socket
from pathlib import Path

import pytest

from tests.conftest import StartServer
from vibebox_tui.paths import credential_file
from vibebox_tui.server.listener import ListenError


@pytest.mark.parametrize("turns", range(5))
async def test_a_connection_that_arrives_as_the_server_stops_is_closed(
    start_server: StartServer, turns: int
) -> None:
    server = await start_server()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer:
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.stop()
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.to_thread(peer.recv, 1) == b""
    gc.collect()


async def test_who_can_connect_finds_the_credential(
    start_server: StartServer, short_path: Path
) -> None:
    path = short_path / "server.sock"

    def connect_at_once() -> str:
        while True:
            with socket.socket(socket.AF_UNIX) as peer:
                if peer.connect_ex(str(path)) == 0:
                    return credential_file(path).read_text()

    connecting = asyncio.create_task(asyncio.to_thread(connect_at_once))
    server = await start_server(uds=path)
    identity = await server.server.accounts.identify(await connecting)
    assert identity.role == "admin"


async def test_a_server_that_finds_the_address_taken_leaves_the_others_credential(
    start_server: StartServer, short_path: Path
) -> None:
    path = short_path / "server.sock"
    await start_server(uds=path)
    credential = credential_file(path).read_text()
    with pytest.raises(ListenError):
        await start_server(uds=path, data_directory=short_path / "other")
    assert credential_file(path).read_text() == credential
