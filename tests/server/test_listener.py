import asyncio
import contextlib
import gc
import socket

import pytest

from tests.conftest import StartServer


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
