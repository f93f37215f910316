"""Connecting: who is let in, how the others are told, and how a connection ends."""

import asyncio
import json
import zlib

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import StartServer
from tests.running_server import RunningServer, receive, receive_any, send
from vibebox_tui.protocol.codec import MAX_MESSAGE_BYTES
from vibebox_tui.server.settings import JwtSettings, LimitSettings

ENDPOINTS = ["logs", "terminal", "status"]


async def closing(websocket: object) -> tuple[int, str]:
    """Code and reason with which the server closes a connection that gets nothing before."""
    with pytest.raises(ConnectionClosed) as end:
        await asyncio.wait_for(websocket.recv(), 10)  # type: ignore[attr-defined]
    close = end.value.rcvd
    assert close is not None
    return close.code, close.reason


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_token_is_taken_from_the_header_or_the_query(
    server: RunningServer, endpoint: str
) -> None:
    async with server.websocket(endpoint) as by_header:
        await send(by_header, "ping")
        assert (await receive_any(by_header))["type"] == "pong"
    query = f"token={server.token('viewer')}"
    async with server.websocket(endpoint, None, query) as by_query:
        await send(by_query, "ping")
        assert (await receive_any(by_query))["type"] == "pong"


async def test_the_header_wins_over_the_query(server: RunningServer) -> None:
    async with server.websocket("logs", "viewer", "token=nonsense") as websocket:
        await send(websocket, "ping")
        assert (await receive_any(websocket))["type"] == "pong"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("query", ["", "token=", "token=nonsense"])
async def test_without_a_good_token_the_handshake_completes_and_4401_follows(
    server: RunningServer, endpoint: str, query: str
) -> None:
    async with server.websocket(endpoint, None, query) as websocket:
        code, reason = await closing(websocket)
    assert code == 4401
    assert reason


async def test_an_expired_token_is_told_so(server: RunningServer) -> None:
    query = f"token={server.token('viewer', -120)}"
    async with server.websocket("logs", None, query) as websocket:
        assert await closing(websocket) == (4401, "The token has expired")


async def test_a_deleted_users_token_is_no_good(server: RunningServer) -> None:
    token = server.token("viewer")
    await server.server.accounts.delete("viewer")
    async with server.websocket("logs", None, f"token={token}") as websocket:
        assert (await closing(websocket))[0] == 4401


async def test_a_deleted_user_is_out_at_once(server: RunningServer) -> None:
    async with server.websocket("status", "viewer") as websocket:
        await send(websocket, "ping")
        await receive(websocket, "pong")
        await server.server.accounts.delete("viewer")
        assert (await closing(websocket))[0] == 4401


async def test_a_token_that_expires_while_connected_ends_the_connection(
    start_server: StartServer,
) -> None:
    server = await start_server(jwt=JwtSettings(leeway_seconds=0))
    query = f"token={server.token('viewer', 2)}"
    async with server.websocket("logs", None, query) as websocket:
        error = await receive_any(websocket)
        assert (error["type"], error["payload"]["code"]) == ("error", "UNAUTHORIZED")
        assert (await closing(websocket))[0] == 4401


async def test_the_server_says_that_it_has_the_extensions(server: RunningServer) -> None:
    async with server.websocket("logs") as websocket:
        assert websocket.response is not None
        assert websocket.response.headers["VibeBox-Features"] == "1"


@pytest.mark.parametrize("path", ["/ws/nothing", "/ws", "/ws/logs/x", "/../ws/logs"])
async def test_an_unknown_path_is_404(server: RunningServer, path: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await connect(server.url.replace("http", "ws") + path, proxy=None)
    assert refusal.value.response.status_code == 404


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        ("http://localhost:5173", True),
        ("https://127.0.0.1", True),
        ("https://vibebox.example", True),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("null", False),
    ],
)
async def test_a_browsers_origin_must_be_allowed(
    start_server: StartServer, origin: str, let_in: bool
) -> None:
    server = await start_server(origins=("https://vibebox.example",))
    if let_in:
        async with server.websocket("logs", origin=origin) as websocket:
            await send(websocket, "ping")
            await receive(websocket, "pong")
    else:
        with pytest.raises(InvalidStatus) as refusal:
            await server.websocket("logs", origin=origin)
        assert refusal.value.response.status_code == 403


# --- messages ------------------------------------------------------------------------------


async def test_pong_echoes_the_timestamp_of_its_ping(server: RunningServer) -> None:
    async with server.websocket("status") as websocket:
        await websocket.send('{"type":"ping","payload":{},"timestamp":12345.5}')
        pong = await receive_any(websocket)
        assert pong == {"type": "pong", "payload": {}, "timestamp": 12345.5}
        await websocket.send('{"type":"ping"}')
        assert (await receive_any(websocket))["timestamp"] > 1_700_000_000_000


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ("nonsense", ""),
        ("[]", ""),
        ("{}", "type"),
        ('{"type":"nonsense","payload":{}}', "type"),
        ('{"type":"log_subscribe","payload":{}}', "payload.environmentId"),
        ('{"type":"log_subscribe","payload":{"environmentId":5}}', "payload.environmentId"),
        (
            '{"type":"log_subscribe","payload":{"environmentId":"x","stream":"both"}}',
            "payload.stream",
        ),
        ('{"type":"terminal_input","payload":{"sessionId":"x","data":"y"}}', "type"),
    ],
)
async def test_an_invalid_message_names_its_field_and_the_connection_lives(
    server: RunningServer, frame: str, field: str
) -> None:
    async with server.websocket("logs") as websocket:
        await websocket.send(frame)
        error = (await receive_any(websocket))["payload"]
        assert error["code"] == "INVALID_MESSAGE"
        assert error["details"]["field"] == field
        await send(websocket, "ping")
        assert (await receive_any(websocket))["type"] == "pong"


async def test_a_hundred_invalid_messages_in_a_row_end_it(server: RunningServer) -> None:
    async with server.websocket("logs") as websocket:
        for _ in range(99):
            await websocket.send("nonsense")
        await send(websocket, "ping")
        await receive(websocket, "pong")
        for _ in range(100):
            await websocket.send("nonsense")
        for _ in range(100):
            assert (await receive_any(websocket))["type"] == "error"
        assert (await closing(websocket))[0] == 1008


async def test_what_comes_too_fast_is_refused_and_not_acted_on(start_server: StartServer) -> None:
    limits = LimitSettings(messages_per_second=1, message_burst=5)
    server = await start_server(limits=limits)
    async with server.websocket("logs") as websocket:
        for _ in range(8):
            await send(websocket, "ping")
        answers = [await receive_any(websocket) for _ in range(8)]
    assert [answer["type"] for answer in answers] == ["pong"] * 5 + ["error"] * 3
    refusal = answers[-1]["payload"]
    assert refusal["code"] == "RATE_LIMITED"
    assert 0 < refusal["details"]["retryAfter"] <= 1000


async def test_a_message_beyond_1_mib_closes_1009(server: RunningServer) -> None:
    async with server.websocket("logs", compression=None) as websocket:
        await websocket.send("x" * (MAX_MESSAGE_BYTES + 1))
        assert (await closing(websocket))[0] == 1009


async def test_text_that_is_no_utf_8_closes_1007(server: RunningServer) -> None:
    async with server.websocket("logs") as websocket:
        await websocket.send(b'{"type":"\xff"}', text=True)
        assert (await closing(websocket))[0] == 1007


async def test_a_binary_frame_is_deflated_json(server: RunningServer) -> None:
    async with server.websocket("logs") as websocket:
        await websocket.send(zlib.compress(b'{"type":"ping","timestamp":7}'))
        assert (await receive_any(websocket))["timestamp"] == 7
        await websocket.send(b"not deflated")
        assert (await receive_any(websocket))["payload"]["code"] == "INVALID_MESSAGE"


async def test_a_deflate_bomb_closes_1009(server: RunningServer) -> None:
    async with server.websocket("logs") as websocket:
        await websocket.send(zlib.compress(b" " * (64 * MAX_MESSAGE_BYTES)))
        assert (await closing(websocket))[0] == 1009


async def test_every_frame_is_deflated_where_the_client_asks(server: RunningServer) -> None:
    async with server.websocket("logs", query="compression=deflate") as websocket:
        await send(websocket, "ping")
        frame = await asyncio.wait_for(websocket.recv(), 10)
        assert isinstance(frame, bytes)
        assert json.loads(zlib.decompress(frame))["type"] == "pong"


# --- counts and ends -----------------------------------------------------------------------


async def test_too_many_connections_of_a_user_close_1013(start_server: StartServer) -> None:
    server = await start_server(limits=LimitSettings(connections_per_user=2, replacement_seconds=0))
    async with server.websocket("logs", "viewer") as one, server.websocket("logs", "viewer") as two:
        for websocket in (one, two):
            await send(websocket, "ping")
            await receive(websocket, "pong")
        async with server.websocket("logs", "viewer") as third:
            assert (await closing(third))[0] == 1013
        async with server.websocket("logs", "admin") as other:
            await send(other, "ping")
            await receive(other, "pong")


async def test_the_server_pings_and_drops_who_doesnt_answer(start_server: StartServer) -> None:
    server = await start_server(ping_seconds=0.1)
    async with server.websocket("logs", ping_interval=None) as answering:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /api/v1/ws/logs?token=%b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % server.token().encode()
        )
        received = await asyncio.wait_for(reader.read(-1), 10)
        assert received.count(b"\x89\x00") == 1, "one ping"
        assert b"\x88" in received, "a close frame"
        assert (1011).to_bytes(2, "big") in received
        writer.close()
        await writer.wait_closed()
        await send(answering, "ping")
        assert (await receive(answering, "pong"))["type"] == "pong"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_at_shutdown_clients_are_told_to_come_back(
    server: RunningServer, endpoint: str
) -> None:
    async with server.websocket(endpoint) as websocket:
        await send(websocket, "ping")
        await receive(websocket, "pong")
        stopping = asyncio.create_task(server.stop())
        assert (await closing(websocket))[0] == 1012
        await stopping


async def test_a_client_that_closes_is_forgotten(server: RunningServer) -> None:
    from tests.support import wait_for

    async with server.websocket("logs") as websocket:
        await send(websocket, "ping")
        await receive(websocket, "pong")
        assert server.server.backend.service.client_count == 1
    await wait_for(lambda: server.server.backend.service.client_count == 0)
