"""A real TCP relay on loopback that does to connections what networks do."""

import asyncio
import socket
import struct
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024


class FaultRelay:
    """Relays to a server, and delays, holds, cuts or resets on demand.

    Use it as `async with FaultRelay(port) as relay:` and connect to `relay.port`; a server on a
    Unix socket is named by its path.
    """

    def __init__(self, upstream: int | Path) -> None:
        self.delay = 0.0
        """Seconds by which every piece is late, in each direction."""
        self.bytes_per_second = 0
        """How fast a connection carries, in each direction; 0: as fast as it can."""
        self.accepted = 0
        """Connections since the start."""
        self.is_refusing = False
        """Whether new connections are reset at once."""
        self.idle_timeout = 0.0
        """Seconds without a byte in either direction after which a connection is closed, as proxies
        do; 0: never.
        """
        self._upstream = upstream
        self._passing = asyncio.Event()
        self._passing.set()
        self._cut_after: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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

    # --- faults ----------------------------------------------------------------------------

    def reset(self) -> None:
        """Reset every connection, both ends (RST, as a rebooted router does)."""
        for writer in tuple(self._writers):
            _reset(writer)

    def close(self) -> None:
        """Close every connection in the middle of whatever it was saying (FIN)."""
        for writer in tuple(self._writers):
            writer.close()

    def cut_after(self, size: int) -> None:
        """Reset whatever connection has carried `size` more bytes to the client, mid-frame."""
        self._cut_after = size

    def black_hole(self) -> None:
        """Carry nothing any more, and say nothing about it; new connections fare the same."""
        self._passing.clear()

    def carry(self) -> None:
        """Carry again, what was held included."""
        self._passing.set()

    def forget(self) -> None:
        """Carry nothing any more of the connections that stand, and say nothing about it; new ones
        work, as after a change of address or a restart of what translates them.
        """
        self._passing.clear()
        self._passing = asyncio.Event()
        self._passing.set()

    # ---------------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.is_refusing:
            _reset(writer)
            return
        try:
            up_reader, up_writer = await self._open_upstream()
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, up_writer}
        carried = asyncio.Event()
        tasks = {
            asyncio.create_task(self._pump(reader, up_writer, carried, to_client=False)),
            asyncio.create_task(self._pump(up_reader, writer, carried, to_client=True)),
        }
        if self.idle_timeout:
            tasks.add(asyncio.create_task(_idle(carried, self.idle_timeout)))
        self._tasks |= tasks
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks -= tasks
            for each in (writer, up_writer):
                each.close()
                self._writers.discard(each)

    async def _open_upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection("127.0.0.1", self._upstream)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        carried: asyncio.Event,
        *,
        to_client: bool,
    ) -> None:
        passing = self._passing
        try:
            while data := await reader.read(CHUNK):
                carried.set()
                if late := self.delay + self._time_for(data):
                    await asyncio.sleep(late)
                await passing.wait()
                if to_client and self._cut_after is not None:
                    data = self._cut(data)
                writer.write(data)
                await writer.drain()
                if to_client and self._cut_after == 0:
                    self._cut_after = None
                    await asyncio.sleep(0.01)
                    _reset(writer)
                    return
        except OSError:
            return

    def _time_for(self, data: bytes) -> float:
        return len(data) / self.bytes_per_second if self.bytes_per_second else 0.0

    def _cut(self, data: bytes) -> bytes:
        assert self._cut_after is not None
        data = data[: self._cut_after]
        self._cut_after -= len(data)
        return data


async def _idle(carried: asyncio.Event, seconds: float) -> None:
    """Return once nothing has been carried for so long."""
    with suppress(TimeoutError):
        while True:
            carried.clear()
            await asyncio.wait_for(carried.wait(), seconds)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell: with a linger of 0 the kernel sends RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
