"""TLS against a real server: trust, and each failure as one sentence, by REST and by WebSocket."""

import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.client.certificates import Authority, Pair, self_signed
from tests.client.reading import next_where
from tests.conftest import StartServer
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.errors import TlsError, UnreachableError
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.tls import tls_context, tls_sentence
from vibebox_tui.errors import UsageError


async def refusal(address: str, settings: ClientSettings) -> tuple[str, LinkState]:
    """What REST and a subscription say about a server that isn't trusted."""
    client = Client(ServerAddress.parse(address), StaticToken("t"), settings=settings)
    async with client, client.status("e") as status:
        state = await next_where(
            status,
            lambda each: (
                isinstance(each, LinkState) and each.phase in (LinkPhase.REFUSED, LinkPhase.WAITING)
            ),
        )
        with pytest.raises(UnreachableError) as caught:
            await client.rest.health()
    return str(caught.value), state


@asynccontextmanager
async def tls_server(
    pair: Pair,
    *,
    client_authority: Pair | None = None,
    version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> AsyncIterator[int]:
    """A WebSocket server with a certificate, which answers `/health` as well; its port.

    `version` is the newest of TLS that it speaks.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.maximum_version = version
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_authority.certificate)

    async def stay(websocket: ServerConnection) -> None:
        await websocket.wait_closed()

    def health(connection: ServerConnection, request: Request) -> Response | None:
        if request.path.endswith("/health"):
            return connection.respond(200, '{"status": "ok"}')
        return None

    async with serve(
        stay, "127.0.0.1", 0, ssl=context, process_request=health, close_timeout=0.2
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def test_a_trusted_server_works_by_rest_and_websocket(
    tmp_path: Path, start_server: StartServer
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", "127.0.0.1")
    server = await start_server(certfile=pair.certificate, keyfile=pair.key)
    address = f"https://127.0.0.1:{server.port}"
    settings = ClientSettings(ca_file=authority.pair.certificate)
    client = Client(ServerAddress.parse(address), StaticToken(server.token()), settings=settings)
    environment = await server.create("sleep", "60")
    async with client, client.status(environment.id) as status:
        await next_where(status, lambda each: getattr(each, "phase", None) is LinkPhase.CONNECTED)
        assert [each.id for each in await client.rest.environments()] == [environment.id]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("expired", "its certificate has expired"),
        ("not yet valid", "its certificate is not valid yet"),
        ("wrong host", "its certificate is for another address"),
        ("self-signed", "its certificate is self-signed"),
        ("unknown authority", "its certificate comes from an authority unknown here"),
    ],
)
async def test_a_certificate_that_does_not_verify(tmp_path: Path, case: str, words: str) -> None:
    authority = Authority(tmp_path)
    other = Authority(tmp_path, "Other Authority")
    pair = {
        "expired": lambda: authority.issue("server", "127.0.0.1", ends=-1),
        "not yet valid": lambda: authority.issue("server", "127.0.0.1", begins=1, ends=2),
        "wrong host": lambda: authority.issue("server", "127.0.0.2"),
        "self-signed": lambda: self_signed(tmp_path, "127.0.0.1"),
        "unknown authority": lambda: other.issue("server", "127.0.0.1"),
    }[case]()
    settings = ClientSettings(ca_file=authority.pair.certificate)
    async with tls_server(pair) as port:
        said, state = await refusal(f"https://127.0.0.1:{port}", settings)
    assert words in said
    assert words in state.reason
    assert state.phase is LinkPhase.REFUSED


async def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.issue("server", "127.0.0.1")
    ours = authority.issue("client")
    settings = ClientSettings(
        ca_file=authority.pair.certificate,
        client_certificate=ours.certificate,
        client_key=ours.key,
    )
    async with tls_server(server, client_authority=authority.pair) as port:
        address = ServerAddress.parse(f"https://127.0.0.1:{port}")
        async with Client(address, StaticToken("t"), settings=settings) as client:
            assert (await client.rest.health()).status == "ok"
            async with client.status("e") as status:
                await next_where(
                    status, lambda each: getattr(each, "phase", None) is LinkPhase.CONNECTED
                )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_missing_client_certificate_is_one_sentence(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    """TLS 1.3 asks for it only after the handshake, and its alert may be overtaken by a reset."""
    authority = Authority(tmp_path)
    server = authority.issue("server", "127.0.0.1")
    settings = ClientSettings(ca_file=authority.pair.certificate)
    async with tls_server(server, client_authority=authority.pair, version=version) as port:
        said, state = await refusal(f"https://127.0.0.1:{port}", settings)
    for sentence in (said, state.reason):
        assert (
            "client certificate" in sentence
            or "before an answer" in sentence
            or (version is ssl.TLSVersion.TLSv1_3 and "the connection was reset" in sentence)
        ), sentence


async def test_a_client_certificate_that_the_server_does_not_trust_is_one_sentence(
    tmp_path: Path,
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "Other Authority")
    ours = other.issue("client")
    settings = ClientSettings(
        ca_file=authority.pair.certificate,
        client_certificate=ours.certificate,
        client_key=ours.key,
    )
    server = authority.issue("server", "127.0.0.1")
    old = ssl.TLSVersion.TLSv1_2
    async with tls_server(server, client_authority=authority.pair, version=old) as port:
        said, state = await refusal(f"https://127.0.0.1:{port}", settings)
    assert "client certificate" in said
    assert "client certificate" in state.reason


async def test_whom_the_system_trusts_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own store can't be changed by a test; OpenSSL's variable stands in for it."""
    authority = Authority(tmp_path)
    pair = authority.issue("server", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pair.certificate))
    async with tls_server(pair) as port:
        address = ServerAddress.parse(f"wss://127.0.0.1:{port}")
        async with Client(address, StaticToken("t")) as client, client.status("e") as status:
            await next_where(
                status, lambda each: getattr(each, "phase", None) is LinkPhase.CONNECTED
            )
            assert (await client.rest.health()).status == "ok"


async def test_with_a_ca_file_nobody_else_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, ours = Authority(tmp_path), Authority(tmp_path, "Ours")
    pair = system.issue("server", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(system.pair.certificate))
    settings = ClientSettings(ca_file=ours.pair.certificate)
    async with tls_server(pair) as port:
        said, _ = await refusal(f"https://127.0.0.1:{port}", settings)
    assert "an authority unknown here" in said


def test_a_version_that_is_no_longer_safe_is_one_sentence(tmp_path: Path) -> None:
    """asyncio's server would cut the connection before its alert is out; OpenSSL alone doesn't."""
    authority = Authority(tmp_path)
    pair = authority.issue("server", "box.example")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(pair.certificate, pair.key)
    theirs.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        theirs.minimum_version = theirs.maximum_version = ssl.TLSVersion.TLSv1_1
    ours = tls_context(ClientSettings(ca_file=authority.pair.certificate))
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ours.wrap_bio(down, up, server_hostname="box.example")
    server = theirs.wrap_bio(up, down, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with pytest.raises(ssl.SSLError):
        server.do_handshake()
    with pytest.raises(ssl.SSLError) as caught:
        client.do_handshake()
    assert tls_sentence(caught.value) == "no TLS version suits both sides"


async def test_tls_to_a_server_without_it(start_server: StartServer) -> None:
    server = await start_server()
    said, state = await refusal(f"https://127.0.0.1:{server.port}", ClientSettings())
    assert "http://" in said
    assert "http://" in state.reason


async def test_no_tls_to_a_server_with_it(tmp_path: Path) -> None:
    pair = self_signed(tmp_path, "127.0.0.1")
    async with tls_server(pair) as port:
        said, state = await refusal(f"http://127.0.0.1:{port}", ClientSettings())
    assert "cannot reach" in said
    assert state.reason == "the connection was closed before an answer came"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ca_file": "missing"}, "missing: No such file"),
        ({"ca_file": "garbage"}, "doesn't hold certificates"),
        ({"client_certificate": "missing"}, "missing: No such file"),
        ({"client_certificate": "garbage"}, "doesn't hold a certificate and its key"),
    ],
)
def test_files_that_are_no_good(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    (tmp_path / "garbage").write_text("no PEM")
    paths: dict[str, Any] = {name: tmp_path / value for name, value in settings.items()}
    with pytest.raises(UsageError, match=words):
        tls_context(ClientSettings(**paths))


def test_a_tls_error_is_an_unreachable_server() -> None:
    assert issubclass(TlsError, UnreachableError)
