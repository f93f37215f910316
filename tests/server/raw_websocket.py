"""A WebSocket client that sends exactly the bytes it is told to, right or wrong."""

import asyncio
import base64
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.running_server import RunningServer

MASK = b"\x37\xfa\x21\x3d"


class Received(NamedTuple):
    """A frame as it came: first byte (FIN, RSV, opcode) and payload."""

    head: int
    data: bytes

    @property
    def opcode(self) -> int:
        return self.head & 0x0F


def frame(
    opcode: int,
    data: bytes = b"",
    *,
    fin: bool = True,
    rsv1: bool = False,
    rsv: int = 0,
    masked: bool = True,
    length_bytes: int | None = None,
) -> bytes:
    """A client's frame (RFC 6455, section 5.2); `length_bytes` (0, 2, 8) chooses the encoding."""
    head = (0x80 if fin else 0) | (0x40 if rsv1 else 0) | rsv | opcode
    if length_bytes is None:
        length_bytes = 0 if len(data) < 126 else 2 if len(data) < 65536 else 8
    marker = {0: len(data), 2: 126, 8: 127}[length_bytes]
    extended = len(data).to_bytes(length_bytes, "big") if length_bytes else b""
    start = bytes((head, marker | (0x80 if masked else 0))) + extended
    if not masked:
        return start + data
    repeated = (MASK * (len(data) // 4 + 1))[: len(data)]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")
    return start + MASK + mixed.to_bytes(len(data), "big")


def close_payload(code: int, reason: bytes = b"") -> bytes:
    """The payload of a close frame."""
    return struct.pack("!H", code) + reason


class RawWebSocket:
    """A connection whose handshake is done."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.head = head.decode("latin-1")

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, server: RunningServer, endpoint: str = "status", extensions: str = ""
    ) -> AsyncIterator["RawWebSocket"]:
        """A connection of the admin's to an endpoint."""
        lines = [f"Authorization: Bearer {server.token()}"]
        if extensions:
            lines.append(f"Sec-WebSocket-Extensions: {extensions}")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(upgrade(server, endpoint, *lines))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert head.startswith(b"HTTP/1.1 101 "), head
            yield cls(reader, writer, head)
        finally:
            writer.close()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)

    async def frame(self, seconds: float = 10.0) -> Received:
        """The next frame, which must be as a server's has to be: unmasked, short lengths short."""
        async with asyncio.timeout(seconds):
            head, length = await self._reader.readexactly(2)
            assert not length & 0x80, "a server's frames are not masked"
            if length == 126:
                length = int.from_bytes(await self._reader.readexactly(2), "big")
                assert length > 125
            elif length == 127:
                length = int.from_bytes(await self._reader.readexactly(8), "big")
                assert length > 65535
            return Received(head, await self._reader.readexactly(length))

    async def ping(self) -> None:
        """Wait until everything that was sent has been read, which a pong says."""
        self.write(frame(0x9))
        while (await self.frame()).opcode != 0xA:
            pass

    async def close_code(self) -> int:
        """The code of the close frame that comes next, data frames before it skipped."""
        while (received := await self.frame()).opcode != 0x8:
            pass
        return int.from_bytes(received.data[:2], "big") if received.data else 1005

    async def is_closed(self) -> bool:
        """Whether the server ends the connection, within the deadline, with nothing more said."""
        try:
            return await asyncio.wait_for(self._reader.read(), 10) == b""
        except ConnectionResetError:
            return True


def upgrade(server: RunningServer, endpoint: str, *lines: str) -> bytes:
    """The head of an upgrade's request; a line given in `lines` is added."""
    base = [
        f"GET /api/v1/ws/{endpoint} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    return "\r\n".join([*base, *lines, "", ""]).encode()
