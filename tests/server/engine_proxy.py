"""A container engine seen through a proxy that remembers what it is asked for."""

import asyncio
import re
from pathlib import Path

from tests.relay import CHUNK, Relay, Way, carry

_REQUEST = re.compile(rb"(?:GET|POST|DELETE) (\S+) HTTP/1\.\d\r\n")


class EngineProxy(Relay):
    """Relays a Unix socket of its own, `address`, to that of a real engine.

    `asked` are the paths of all requests with their queries, oldest first.
    """

    def __init__(self, directory: Path, upstream: str) -> None:
        super().__init__(Path(upstream.removeprefix("unix://")))
        self._socket = directory / "proxy.sock"
        self.address = f"unix://{self._socket}"
        self.asked: list[str] = []

    def streams_of_stats(self, container_id: str) -> int:
        """How often samples of a container were asked for."""
        return sum(f"/containers/{container_id}/stats" in path for path in self.asked)

    async def listen(self) -> asyncio.Server:
        """Begin to listen on the Unix socket."""
        return await asyncio.start_unix_server(self.accept, self._socket)

    def ways(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> list[Way]:
        """Requests are noted on their way, answers are just passed on."""
        return [self._ask(client[0], server[1]), carry(server[0], client[1])]

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
