"""Through proxies, real ones on loopback: SOCKS and HTTP, and a sentence for each that fails."""

import asyncio
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.client.certificates import Authority
from tests.client.reading import client_of, lines_until, next_where
from tests.conftest import StartServer
from tests.running_server import RunningServer
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.errors import UnreachableError
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.errors import VibeBoxError


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
            await _relay(reader, up_writer, up_reader, writer)
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


async def _relay(
    reader: asyncio.StreamReader,
    up_writer: asyncio.StreamWriter,
    up_reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on in both directions until one of them ends."""
    tasks = [
        asyncio.create_task(_pump(reader, up_writer)),
        asyncio.create_task(_pump(up_reader, writer)),
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    up_writer.close()


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


# --- HTTP ----------------------------------------------------------------------------------


class HttpProxy:
    """A proxy that tunnels (CONNECT) and forwards; with `refusal`, it says only that."""

    def __init__(self, refusal: str = "") -> None:
        self.requests: list[str] = []
        """The first line of what each connection asked for."""
        self.port = 0
        self._refusal = refusal

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first request to its end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            line = head.split(b"\r\n")[0].decode()
            self.requests.append(line)
            if self._refusal:
                answer = f"HTTP/1.1 {self._refusal}\r\nContent-Length: 0\r\n\r\n"
                writer.write(answer.encode())
                return
            method, target, _ = line.split()
            place = urlsplit(f"//{target}" if method == "CONNECT" else target)
            up_reader, up_writer = await asyncio.open_connection(place.hostname, place.port)
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = f"{place.path}?{place.query}" if place.query else place.path
                up_writer.write(head.replace(target.encode(), path.encode(), 1))
            await _relay(reader, up_writer, up_reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def http_proxy(refusal: str = "") -> AsyncIterator[HttpProxy]:
    proxy = HttpProxy(refusal)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy


async def test_requests_and_subscriptions_go_through_an_http_proxy(server: RunningServer) -> None:
    environment = await server.create("seq", "1", "50", start=True)
    async with http_proxy() as proxy:
        settings = ClientSettings(proxy=f"http://127.0.0.1:{proxy.port}")
        address = f"http://localhost:{server.port}"
        async with client_of(server, address=address, settings=settings) as client:
            assert [each.id for each in await client.rest.environments()] == [environment.id]
            async with client.logs(environment.id) as log:
                assert len(await lines_until(log, "50")) == 50
    assert f"CONNECT localhost:{server.port} HTTP/1.1" in proxy.requests
    assert any(line.startswith(f"GET {address}/api/v1/environments") for line in proxy.requests)


async def test_tls_goes_through_an_http_proxy_unseen(
    tmp_path: Path, start_server: StartServer
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", "localhost")
    server = await start_server(certfile=pair.certificate, keyfile=pair.key)
    environment = await server.create("seq", "1", "50", start=True)
    async with http_proxy() as proxy:
        settings = ClientSettings(
            proxy=f"http://127.0.0.1:{proxy.port}", ca_file=authority.pair.certificate
        )
        address = f"https://localhost:{server.port}"
        async with client_of(server, address=address, settings=settings) as client:
            assert [each.id for each in await client.rest.environments()] == [environment.id]
            async with client.logs(environment.id) as log:
                assert len(await lines_until(log, "50")) == 50
    assert set(proxy.requests) == {f"CONNECT localhost:{server.port} HTTP/1.1"}


@pytest.mark.parametrize("is_excepted", [True, False])
async def test_what_the_environment_says_of_proxies_is_heeded(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, is_excepted: bool
) -> None:
    environment = await server.create("seq", "1", "5", start=True)
    async with http_proxy() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "localhost" if is_excepted else "elsewhere.example")
        address = f"http://localhost:{server.port}"
        async with client_of(server, address=address) as client:
            await client.rest.environments()
            async with client.logs(environment.id) as log:
                await lines_until(log, "5")
    assert bool(proxy.requests) is not is_excepted


@pytest.mark.parametrize(
    ("refusal", "words"),
    [("407 Proxy Authentication Required", "407"), ("502 Bad Gateway", "502")],
)
async def test_a_proxy_that_refuses_is_one_sentence(refusal: str, words: str) -> None:
    async with http_proxy(refusal) as proxy:
        said, state = await failure_through(f"http://127.0.0.1:{proxy.port}")
    for sentence in (said, state.reason):
        assert "proxy" in sentence
        assert words in sentence
        assert "\n" not in sentence


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
async def test_a_proxy_that_is_not_there_is_one_sentence(scheme: str) -> None:
    said, state = await failure_through(f"{scheme}://127.0.0.1:1")
    for sentence in (said, state.reason):
        assert "proxy" in sentence
        assert "nobody listens there" in sentence


async def test_the_password_of_a_proxy_is_never_said() -> None:
    for scheme in ("http", "socks5h"):
        said, state = await failure_through(f"{scheme}://me:hush@127.0.0.1:1")
        assert "127.0.0.1:1" in said
        assert "hush" not in said + state.reason
    settings = ClientSettings(proxy="gopher://me:hush@127.0.0.1:1")
    client = Client(ServerAddress.parse("https://box.example"), StaticToken("t"), settings=settings)
    async with client, client.status("e") as status:
        state = await next_where(
            status, lambda each: getattr(each, "phase", None) is LinkPhase.REFUSED
        )
        with pytest.raises(VibeBoxError) as caught:
            await client.rest.environments()
    for sentence in (state.reason, str(caught.value)):
        assert "proxy" in sentence
        assert "hush" not in sentence


async def failure_through(proxy: str) -> tuple[str, LinkState]:
    """What REST and a subscription say of a server behind a proxy that fails."""
    address = ServerAddress.parse("https://box.example")
    settings = ClientSettings(proxy=proxy)
    client = Client(address, StaticToken("t"), settings=settings)
    async with client, client.status("e") as status:
        state = await next_where(
            status, lambda each: getattr(each, "phase", None) is LinkPhase.WAITING
        )
        with pytest.raises(UnreachableError) as caught:
            await client.rest.environments()
    return str(caught.value), state


async def test_a_unix_socket_needs_no_proxy(
    uds_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    environment = await uds_server.create("seq", "1", "5", start=True)
    async with client_of(uds_server) as client, client.logs(environment.id) as log:
        await client.rest.environments()
        await lines_until(log, "5")


# --- without its packages ------------------------------------------------------------------

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
