"""Through a SOCKS proxy: a real one on loopback, and a sentence where its packages are missing."""

import asyncio
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.client.reading import client_of, lines_until
from tests.running_server import RunningServer
from vibebox_tui.client.settings import ClientSettings


class SocksProxy:
    """SOCKS5 without a password (RFC 1928): CONNECT to an address or a name."""

    def __init__(self) -> None:
        self.targets: list[tuple[str, int]] = []
        """Where it was asked to connect to."""
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from the greeting to its end."""
        try:
            up_reader, up_writer = await self._connect(reader, writer)
            tasks = [
                asyncio.create_task(_pump(reader, up_writer)),
                asyncio.create_task(_pump(up_reader, writer)),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            up_writer.close()
        finally:
            writer.close()

    async def _connect(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, command, _, kind = await reader.readexactly(4)
        assert command == 1
        size = 4 if kind == 1 else (await reader.readexactly(1))[0]
        place = await reader.readexactly(size)
        host = ".".join(map(str, place)) if kind == 1 else place.decode()
        (port,) = struct.unpack(">H", await reader.readexactly(2))
        self.targets.append((host, port))
        found = await asyncio.open_connection(host, port)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        return found


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def socks_proxy() -> AsyncIterator[SocksProxy]:
    proxy = SocksProxy()
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy


async def test_requests_and_subscriptions_go_through_a_socks_proxy(server: RunningServer) -> None:
    environment = await server.create("seq", "1", "50", start=True)
    async with socks_proxy() as proxy:
        settings = ClientSettings(proxy=f"socks5h://127.0.0.1:{proxy.port}")
        address = f"http://localhost:{server.port}"
        async with client_of(server, address=address, settings=settings) as client:
            assert [each.id for each in await client.rest.environments()] == [environment.id]
            async with client.logs(environment.id) as log:
                assert len(await lines_until(log, "50")) == 50
        assert proxy.targets.count(("localhost", server.port)) == 2


MISSING = """
import asyncio, sys
sys.modules["socksio"] = sys.modules["python_socks"] = None
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import LinkPhase
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.errors import UsageError

async def main():
    settings = ClientSettings(proxy="socks5h://127.0.0.1:9")
    address = ServerAddress.parse("http://127.0.0.1:9")
    async with Client(address, StaticToken("x"), settings=settings) as client:
        try:
            await client.rest.environments()
        except UsageError as error:
            print(error)
        async with client.status("e") as status:
            async for event in status:
                if event.phase is LinkPhase.REFUSED:
                    print(event.reason)
                    return

asyncio.run(main())
"""


def test_without_its_packages_a_sentence_says_what_to_install() -> None:
    run = subprocess.run(
        [sys.executable, "-c", MISSING], capture_output=True, text=True, check=True, timeout=30
    )
    both = run.stdout.splitlines()
    assert len(both) == 2
    assert all("pip install 'vibebox-tui[socks]'" in line for line in both)
