"""RFC 6455 and 7692 on our protocol class, over raw sockets, by classes of cases."""

import asyncio
import zlib

import pytest

from tests.running_server import RunningServer
from tests.server.raw_websocket import RawWebSocket, close_payload, frame, upgrade
from tests.server.test_cut_off import dialled, ended

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
PING_MESSAGE = b'{"type":"ping","timestamp":7}'
"""What every endpoint answers with one `pong`, so that a test sees what was understood."""


async def assert_alive(peer: RawWebSocket) -> None:
    """It still takes a message and answers it."""
    peer.write(frame(TEXT, PING_MESSAGE))
    received = await peer.frame()
    assert (received.head, b'"pong"' in received.data) == (0x81, True)


async def assert_failed(peer: RawWebSocket, code: int) -> None:
    """The server closes with `code` and then ends the connection without being asked."""
    assert await peer.close_code() == code
    assert await peer.is_closed()


# --- the handshake -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        pytest.param(b"Version: 13", b"Version: 12", 426, id="another version"),
        pytest.param(b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: short", 400, id="a bad key"),
        pytest.param(b"Sec-WebSocket-Key: ", b"X-Key: ", 400, id="no key"),
        pytest.param(b"GET ", b"POST ", 405, id="another method"),
    ],
)
async def test_a_wrong_handshake_is_refused(
    server: RunningServer, old: bytes, new: bytes, status: int
) -> None:
    async with dialled(server) as (reader, writer):
        writer.write(upgrade(server, "status").replace(old, new))
        answer = await ended(reader)
    assert answer.startswith(b"HTTP/1.1 ")
    assert int(answer[9:12]) in (status, 400)


async def test_the_accept_header_is_that_of_the_rfc(server: RunningServer) -> None:
    request = upgrade(server, "status", f"Authorization: Bearer {server.token()}")
    start = request.index(b"Sec-WebSocket-Key: ") + len(b"Sec-WebSocket-Key: ")
    end = request.index(b"\r\n", start)
    async with dialled(server) as (reader, writer):
        writer.write(request[:start] + b"dGhlIHNhbXBsZSBub25jZQ==" + request[end:])
        head = await reader.readuntil(b"\r\n\r\n")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head


async def test_a_handshake_may_come_byte_by_byte(server: RunningServer) -> None:
    async with dialled(server) as (reader, writer):
        for byte in upgrade(server, "status", f"Authorization: Bearer {server.token()}"):
            writer.write(bytes((byte,)))
            await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")


# --- framing -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1_000_000])
async def test_messages_of_every_length_encoding(server: RunningServer, size: int) -> None:
    padding = b" " * max(0, size - len(PING_MESSAGE))
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(TEXT, (PING_MESSAGE + padding)[:size]))
        received = await peer.frame()
        expected = b"pong" if size >= len(PING_MESSAGE) else b"INVALID_MESSAGE"
        assert expected in received.data


@pytest.mark.parametrize("size", [0, 1, 125])
async def test_a_pong_has_the_payload_of_its_ping(server: RunningServer, size: int) -> None:
    payload = bytes(range(256))[:size]
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(PING, payload))
        assert await peer.frame() == (0x80 | PONG, payload)
        await assert_alive(peer)


async def test_frames_may_come_byte_by_byte(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        for byte in frame(TEXT, PING_MESSAGE) + frame(PING, b"x"):
            peer.write(bytes((byte,)))
        answers = {(await peer.frame()).opcode, (await peer.frame()).opcode}
        assert answers == {TEXT, PONG}


async def test_many_frames_may_come_at_once(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(TEXT, PING_MESSAGE) * 300)
        for _ in range(300):
            assert b'"pong"' in (await peer.frame()).data


async def test_pongs_nobody_asked_for_are_ignored(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(PONG, b"unasked") * 3)
        await assert_alive(peer)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(frame(TEXT, PING_MESSAGE, masked=False), id="not masked"),
        pytest.param(frame(PING, b"x" * 126), id="a long ping"),
        pytest.param(frame(CLOSE, close_payload(1000, b"x" * 124)), id="a long close"),
        pytest.param(frame(PING, b"x", fin=False), id="a ping in fragments"),
        pytest.param(frame(CLOSE, b"", fin=False), id="a close in fragments"),
        pytest.param(
            bytes((0x81, 0xFF)) + (2**63).to_bytes(8, "big") + b"mask", id="a negative length"
        ),
    ],
)
async def test_frames_against_the_rules_end_it(server: RunningServer, wrong: bytes) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(wrong)
        assert await peer.close_code() in (1002, 1009)
        assert await peer.is_closed()


# --- reserved bits and opcodes -------------------------------------------------------------


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
@pytest.mark.parametrize("rsv", [0x10, 0x20, 0x40, 0x70])
async def test_reserved_bits_end_it(server: RunningServer, opcode: int, rsv: int) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(opcode, b"", rsv=rsv))
        await assert_failed(peer, 1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])
async def test_reserved_opcodes_end_it(server: RunningServer, opcode: int) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(opcode, b"x"))
        await assert_failed(peer, 1002)


# --- fragmentation -------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, len(PING_MESSAGE)])
async def test_a_message_in_fragments_is_one_message(server: RunningServer, size: int) -> None:
    pieces = [PING_MESSAGE[n : n + size] for n in range(0, len(PING_MESSAGE), size)]
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(TEXT, b"", fin=False))
        for piece in pieces:
            peer.write(frame(CONT, piece, fin=False))
        peer.write(frame(CONT, b""))
        assert b'"pong"' in (await peer.frame()).data
        await assert_alive(peer)


async def test_control_frames_may_stand_between_fragments(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(TEXT, PING_MESSAGE[:5], fin=False) + frame(PING, b"between"))
        assert await peer.frame() == (0x80 | PONG, b"between")
        peer.write(frame(PONG) + frame(CONT, PING_MESSAGE[5:]))
        assert b'"pong"' in (await peer.frame()).data


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(frame(CONT, b"x"), id="an end without a beginning"),
        pytest.param(frame(CONT, b"x", fin=False), id="a piece without a beginning"),
        pytest.param(frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), id="two beginnings"),
        pytest.param(
            frame(TEXT, b"{", fin=False) + frame(CONT, b"}") + frame(CONT, b"x"), id="two ends"
        ),
    ],
)
async def test_fragments_out_of_order_end_it(server: RunningServer, wrong: bytes) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(wrong)
        await assert_failed(peer, 1002)


# --- UTF-8 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["κόσμε", "\u007f\u0080\u07ff\u0800", "\ud7ff\ue000\ufffd\uffff", "\U00010000\U0010ffff", ""],
)
async def test_good_text_passes_even_cut_within_a_character(
    server: RunningServer, text: str
) -> None:
    data = text.encode()
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(TEXT, data[:1], fin=False))
        for n in range(1, len(data)):
            peer.write(frame(CONT, data[n : n + 1], fin=False))
        peer.write(frame(CONT, b""))
        assert b"INVALID_MESSAGE" in (await peer.frame()).data
        await assert_alive(peer)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(b"\x80", id="a lone continuation"),
        pytest.param(b"\xce\xba\xe1\xbd", id="a cut character"),
        pytest.param(b"\xc0\xaf", id="overlong, two bytes"),
        pytest.param(b"\xe0\x80\xaf", id="overlong, three bytes"),
        pytest.param(b"\xf0\x80\x80\xaf", id="overlong, four bytes"),
        pytest.param(b"\xed\xa0\x80", id="a surrogate"),
        pytest.param(b"\xf4\x90\x80\x80", id="beyond Unicode"),
        pytest.param(b"\xf8\x88\x80\x80\x80", id="five bytes"),
        pytest.param(b"\xfe\xff", id="no byte of UTF-8"),
    ],
)
@pytest.mark.parametrize("in_fragments", [False, True])
async def test_bad_text_ends_it(server: RunningServer, wrong: bytes, in_fragments: bool) -> None:
    async with RawWebSocket.connected(server) as peer:
        if in_fragments:
            peer.write(frame(TEXT, b"good ", fin=False) + frame(CONT, wrong))
        else:
            peer.write(frame(TEXT, b"good " + wrong))
        await assert_failed(peer, 1007)


# --- closing -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4999])
async def test_a_close_is_answered_with_its_code(server: RunningServer, code: int) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(CLOSE, close_payload(code, b"why")))
        await assert_failed(peer, code)


async def test_a_close_without_a_code_is_answered_alike(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(CLOSE))
        assert await peer.frame() == (0x80 | CLOSE, b"")
        assert await peer.is_closed()


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
async def test_codes_that_may_not_be_sent_end_it(server: RunningServer, code: int) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(CLOSE, close_payload(code)))
        await assert_failed(peer, 1002)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(b"\x03", 1002, id="half a code"),
        pytest.param(close_payload(1000, b"\xce\xba\xe1\xbd"), 1007, id="a reason that is no text"),
    ],
)
async def test_a_wrong_close_ends_it(server: RunningServer, payload: bytes, code: int) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(CLOSE, payload))
        assert await peer.close_code() in (code, 1002)
        assert await peer.is_closed()


async def test_what_comes_after_a_close_is_ignored(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        peer.write(frame(CLOSE, close_payload(1000)) + frame(TEXT, PING_MESSAGE) + frame(PING))
        await assert_failed(peer, 1000)


async def test_a_peer_that_never_answers_a_close_is_dropped(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibebox_tui.server.wsprotocol.CLOSE_SECONDS", 0.1)
    async with RawWebSocket.connected(server) as peer, asyncio.timeout(4):
        await assert_alive(peer)
        server.server.backend.service.revoke_user("admin")
        assert await peer.close_code() == 4401
        assert await peer.is_closed()


# --- compression ---------------------------------------------------------------------------


def compressed(data: bytes, level: int = 6) -> bytes:
    stream = zlib.compressobj(level, wbits=-15)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
        b"\x00\x00\xff\xff"
    )


DEFLATE = "permessage-deflate"


@pytest.mark.parametrize(
    "offer",
    [
        DEFLATE,
        f"{DEFLATE}; client_max_window_bits",
        f"{DEFLATE}; client_no_context_takeover; server_no_context_takeover",
        f"x-unknown, {DEFLATE}",
    ],
)
async def test_permessage_deflate_is_agreed_on_and_understood(
    server: RunningServer, offer: str
) -> None:
    async with RawWebSocket.connected(server, extensions=offer) as peer:
        assert DEFLATE in peer.head
        assert "no_context_takeover" in peer.head
        peer.write(frame(TEXT, compressed(PING_MESSAGE), rsv1=True))
        assert b'"pong"' in (await peer.frame()).data
        await assert_alive(peer)


@pytest.mark.parametrize("level", [0, 1, 9])
async def test_a_compressed_message_may_come_in_fragments(
    server: RunningServer, level: int
) -> None:
    data = compressed(PING_MESSAGE + b" " * 5000, level)
    async with RawWebSocket.connected(server, extensions=DEFLATE) as peer:
        peer.write(frame(TEXT, data[:10], fin=False, rsv1=True))
        peer.write(frame(CONT, data[10:20], fin=False) + frame(PING, b"between"))
        peer.write(frame(CONT, data[20:]))
        answers = [await peer.frame(), await peer.frame()]
        assert {answer.opcode for answer in answers} == {TEXT, PONG}


@pytest.mark.parametrize(
    ("wrong", "codes"),
    [
        pytest.param(frame(TEXT, b"\xff\xff\xff\xff", rsv1=True), {1002, 1007}, id="no deflate"),
        pytest.param(frame(TEXT, compressed(b"\xff\xfe"), rsv1=True), {1007}, id="bad text"),
        pytest.param(frame(PING, b"x", rsv1=True), {1002}, id="a compressed ping"),
        pytest.param(
            frame(TEXT, b"", fin=False, rsv1=True) + frame(CONT, b"", rsv1=True),
            {1002},
            id="the bit on a continuation",
        ),
    ],
)
async def test_wrong_compression_ends_it(
    server: RunningServer, wrong: bytes, codes: set[int]
) -> None:
    async with RawWebSocket.connected(server, extensions=DEFLATE) as peer:
        peer.write(wrong)
        assert await peer.close_code() in codes
        assert await peer.is_closed()


async def test_without_an_offer_nothing_is_compressed(server: RunningServer) -> None:
    async with RawWebSocket.connected(server) as peer:
        assert "Sec-WebSocket-Extensions" not in peer.head
        peer.write(frame(TEXT, compressed(PING_MESSAGE), rsv1=True))
        await assert_failed(peer, 1002)


async def test_an_offer_that_cant_be_met_is_declined(server: RunningServer) -> None:
    async with RawWebSocket.connected(server, extensions=f"{DEFLATE}; nonsense=1") as peer:
        assert "Sec-WebSocket-Extensions" not in peer.head
        await assert_alive(peer)
