"""What doesn't end, or isn't worth what it costs, is cut off; who is known gets in all the same."""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError

from tests.client.certificates import Authority
from tests.conftest import StartServer
from tests.running_server import RunningServer, receive, send
from tests.server.raw_websocket import RawWebSocket, frame
from tests.support import wait_for
from vibebox_tui.server.limits import Refusals
from vibebox_tui.server.settings import LimitSettings
from vibebox_tui.server.waiting_room import WaitingRoom

SOON = LimitSettings(request_seconds=0.2)
HEAD = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def dialled(
    server: RunningServer,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes, however it does."""
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""


# --- requests ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"GET /api/v1/hea", id="half a line"),
        pytest.param(b"GET /api/v1/ws/logs HTTP/1.1\r\nUpgrade: websocket\r\n", id="half a head"),
        pytest.param(HEAD + b"Content-Length: 100\r\n\r\n{", id="half a body"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", id="half the chunks"),
    ],
)
async def test_a_request_that_doesnt_end_is_cut_off(
    start_server: StartServer, beginning: bytes
) -> None:
    server = await start_server(limits=SOON)
    async with dialled(server) as (reader, writer):
        writer.write(beginning)
        assert await ended(reader) == b""


async def test_a_request_that_comes_drop_by_drop_is_cut_off(start_server: StartServer) -> None:
    server = await start_server(limits=SOON)
    async with dialled(server) as (reader, writer):

        async def drip() -> None:
            while True:
                writer.write(b"X-Drop: 1\r\n")
                await asyncio.sleep(0.01)

        writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n")
        dripping = asyncio.create_task(drip())
        assert await ended(reader) == b""
        dripping.cancel()


async def test_a_second_request_has_its_time_as_well(start_server: StartServer) -> None:
    server = await start_server(limits=SOON)
    async with dialled(server) as (reader, writer):
        writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET /api/v1/health HT")
        assert await ended(reader) == b""


async def test_an_answer_may_take_longer_than_a_request(start_server: StartServer) -> None:
    server = await start_server(limits=LimitSettings(request_seconds=0.05))
    body = b'{"email": "a@example.com", "password": "a password of nobody"}'
    async with dialled(server) as (reader, writer):
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")


async def test_a_head_without_end_is_cut_off_by_its_length(server: RunningServer) -> None:
    async with dialled(server) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"X-More: and more\r\n" * 4096)
        assert (await ended(reader))[:12] in (b"HTTP/1.1 400", b"")


async def test_a_body_without_end_is_cut_off_by_its_length(server: RunningServer) -> None:
    async with dialled(server) as (reader, writer):
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        writer.write((b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 40)
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")


# --- frames --------------------------------------------------------------------------------


async def test_a_frame_that_announces_too_much_is_refused_unread(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(bytes((0x81, 0xFF)) + (2**40).to_bytes(8, "big") + b"mask")
        assert await peer.close_code() == 1009


async def test_fragments_without_end_are_refused_at_the_limit(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(0x1, b" " * 65536, fin=False))
        for _ in range(16):
            peer.write(frame(0x0, b" " * 65536, fin=False))
        assert await peer.close_code() == 1009


async def test_fragments_without_content_cost_nothing_however_many(server: RunningServer) -> None:
    many = frame(0x0, fin=False) * 50_000
    async with RawWebSocket.connected(server) as peer:
        await peer.ping()
        before = psutil.Process().memory_info().rss
        peer.write(frame(0x1, b'{"type": "pi', fin=False))
        for _ in range(10):
            peer.write(many)
            await peer.ping()
        assert psutil.Process().memory_info().rss - before < 5 * 2**20
        peer.write(frame(0x0, b'ng"}'))
        assert b'"pong"' in (await peer.frame()).data


async def test_a_permessage_deflate_bomb_is_refused(server: RunningServer) -> None:
    stream = zlib.compressobj(9, wbits=-15)
    bomb = stream.compress(b" " * 64 * 2**20) + stream.flush(zlib.Z_SYNC_FLUSH)
    async with RawWebSocket.connected(server, extensions="permessage-deflate") as peer:
        peer.write(frame(0x1, bomb.removesuffix(b"\x00\x00\xff\xff"), rsv1=True))
        assert await peer.close_code() == 1009


# --- who isn't known -----------------------------------------------------------------------


async def test_nothing_is_read_before_the_token_is_verified(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = asyncio.Event()
    identify = server.server.accounts.identify

    async def slow(token: str | None) -> object:
        await verified.wait()
        return await identify(token)

    monkeypatch.setattr(server.server.accounts, "identify", slow)
    async with server.websocket("status", compression=None) as websocket:
        sending = asyncio.create_task(_send_many(websocket, "x" * 1_000_000))
        room = server.server.backend.waiting_room
        await wait_for(lambda: len(room) == 1)
        await asyncio.wait([sending], timeout=0.3)
        assert not sending.done(), "the kernel's buffers are full, and nobody reads"
        verified.set()
        await sending
        assert (await receive(websocket, "error"))["payload"]["code"] == "INVALID_MESSAGE"


async def _send_many(websocket: ClientConnection, data: str) -> None:
    for _ in range(30):
        await websocket.send(data)


async def test_a_verification_that_takes_too_long_is_given_up(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(limits=LimitSettings(authentication_seconds=0.1))
    monkeypatch.setattr(server.server.accounts, "identify", lambda _: asyncio.Event().wait())
    async with server.websocket("status") as websocket:
        with pytest.raises(ConnectionClosedError) as closed:
            await websocket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_crowds_of_strangers_dont_keep_out_who_is_known(start_server: StartServer) -> None:
    server = await start_server(limits=LimitSettings(unauthenticated_connections=20))
    room = server.server.backend.waiting_room
    strangers = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(150)]
    await wait_for(lambda: room.sent_away >= 130)
    async with server.websocket("status") as websocket, server.http() as http:
        assert (await http.get("/auth/me")).status_code == 200
        more = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(50)]
        await wait_for(lambda: room.sent_away >= 180)
        assert len(room) <= 20
        await send(websocket, "ping")
        await receive(websocket, "pong")
        assert (await http.get("/auth/me")).status_code == 200
    for _, writer in strangers + more:
        writer.close()
    await wait_for(lambda: len(room) == 0)


async def test_crowds_that_dont_even_shake_hands_dont_keep_out_who_is_known(
    start_server: StartServer, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", "127.0.0.1")
    server = await start_server(
        certfile=pair.certificate,
        keyfile=pair.key,
        limits=LimitSettings(unauthenticated_connections=20),
    )
    room = server.server.backend.waiting_room
    strangers = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(50)]
    await wait_for(lambda: room.sent_away >= 30)
    assert len(room) <= 20
    trusted = ssl.create_default_context(cafile=str(authority.pair.certificate))
    headers = {"Authorization": f"Bearer {server.token()}"}
    async with httpx.AsyncClient(headers=headers, verify=trusted, trust_env=False) as http:
        answer = await http.get(f"https://127.0.0.1:{server.port}/api/v1/auth/me")
    assert answer.status_code == 200
    for _, writer in strangers:
        writer.close()
    await wait_for(lambda: len(room) == 0)


def test_the_waiting_room_calls_each_origin_in_turn() -> None:
    room: WaitingRoom[str] = WaitingRoom(10)
    for who in ("a1", "a2", "a3", "b1", "c1", "b2"):
        room.enter(who, lambda: None, who[0])
    assert [room.call() for _ in range(6)] == [
        ("a1", "a"),
        ("b1", "b"),
        ("c1", "c"),
        ("a2", "a"),
        ("b2", "b"),
        ("a3", "a"),
    ]
    assert len(room) == 0
    assert not room.send_one_away()


def test_the_waiting_room_sends_away_who_has_waited_longest() -> None:
    gone: list[str] = []
    room = WaitingRoom(2)
    for who in ("a", "b"):
        room.enter(who, lambda who=who: gone.append(who))  # type: ignore[misc]
    room.leave("a")
    room.enter("c", lambda: gone.append("c"))
    assert gone == []
    room.enter("d", lambda: gone.append("d"))
    assert gone == ["b"]
    assert (len(room), room.sent_away) == (2, 1)


def test_the_waiting_room_sends_away_one_of_the_largest_crowd() -> None:
    gone: list[str] = []
    room = WaitingRoom(4)
    room.enter("alone", lambda: gone.append("alone"), "198.51.100.1")
    for number in range(10):
        room.enter(number, lambda number=number: gone.append(str(number)), "192.0.2.1")  # type: ignore[misc]
    assert gone == [str(number) for number in range(7)]
    room.enter("another", lambda: gone.append("another"), "198.51.100.2")
    assert gone[-1] == "7"
    for who in ("alone", "another", 8, 9):
        room.leave(who)
    assert len(room) == 0


def test_refusals_are_answered_ever_later_until_one_is_believed() -> None:
    refusals = Refusals(clock=lambda: 0.0)
    delays = [refusals.refused("192.0.2.1") for _ in range(20)]
    assert delays[:10] == [0.0] * 10
    assert delays[10:15] == [2, 4, 8, 16, 30]
    assert set(delays[15:]) == {30}
    assert refusals.refused("192.0.2.2") == 0
    refusals.accepted("192.0.2.1")
    assert refusals.refused("192.0.2.1") == 0


def test_refusals_are_forgotten_after_a_minute() -> None:
    now = 0.0
    refusals = Refusals(clock=lambda: now)
    for _ in range(15):
        refusals.refused("192.0.2.1")
    now = 61
    assert refusals.refused("192.0.2.1") == 0
