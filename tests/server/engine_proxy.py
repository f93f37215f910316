"""A container engine seen through a proxy that remembers what it is asked for."""

import asyncio
import contextlib
import re
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024

_REQUEST = re.compile(rb"(?:GET|POST|DELETE) (\S+) HTTP/1\.\d\r\n")


class EngineProxy:
    """Relays a Unix socket of its own, `address`, to that of a real engine.

    `asked` are the paths of all requests with their queries, oldest first.
    """

    def __init__(self, directory: Path, upstream: str) -> None:
        self._socket = directory / "proxy.sock"
        self._upstream = upstream.removeprefix("unix://")
        self.address = f"unix://{self._socket}"
        self.asked: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._accepted, self._socket)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def streams_of_stats(self, container_id: str) -> int:
        """How often samples of a container were asked for."""
        return sum(f"/containers/{container_id}/stats" in path for path in self.asked)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self._upstream)
        with contextlib.suppress(OSError):
            ways = [
                asyncio.create_task(self._ask(reader, up_writer)),
                asyncio.create_task(_pass_on(up_reader, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                for end in (writer, up_writer):
                    end.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass requests on, and note them; a line may come in two pieces."""
        rest = b""
        while data := await reader.read(CHUNK):
            rest += data
            for found in _REQUEST.finditer(rest):
                self.asked.append(found[1].decode())
            rest = rest[rest.rfind(b"\n") + 1 :]
            writer.write(data)
            await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
