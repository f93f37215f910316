"""A real relay between a client and a server, for tests to look at what passes or to spoil it."""

import asyncio
import socket
import struct
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHUNK = 64 * 1024

Way = Coroutine[Any, Any, None]
"""Carries one direction of a connection; the connection ends when any of its ways does."""


class Relay:
    """Relays connections to a server, on a port of this machine or a Unix socket named by its path.

    Use it as `async with`; a subclass says what a connection's ways do.
    """

    def __init__(self, upstream: int | Path) -> None:
        self._upstream = upstream
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def open_connections(self) -> int:
        """Connections that it holds open, each with two ends."""
        return len(self._writers) // 2

    def reset(self) -> None:
        """Reset every connection, both ends (RST, as a rebooted router does)."""
        for writer in tuple(self._writers):
            reset(writer)

    # --- for subclasses --------------------------------------------------------------------

    async def listen(self) -> asyncio.Server:
        """Begin to listen, here on a free port."""
        return await asyncio.start_server(self.accept, "127.0.0.1", 0)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay a new connection."""
        task = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    def ways(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> list[Way]:
        """What a connection does until one of it has ended: to the server, and to the client."""
        return [carry(client[0], server[1]), carry(server[0], client[1])]

    # ---------------------------------------------------------------------------------------

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await self._open_upstream()
        except OSError:
            reset(writer)
            return
        ends = {writer, server[1]}
        self._writers |= ends
        running = [asyncio.create_task(way) for way in self.ways((reader, writer), server)]
        try:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in running:
                way.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            for end in ends:
                end.close()
            self._writers -= ends

    async def _open_upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection("127.0.0.1", self._upstream)


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass everything on, as it is and at once."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell: with a linger of 0 the kernel sends RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
