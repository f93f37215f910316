"""A relay on loopback that does to connections what networks do."""

import asyncio
from contextlib import suppress
from pathlib import Path

from tests.relay import CHUNK, Relay, Way, reset


class FaultRelay(Relay):
    """Relays to a server, and delays, holds, cuts or resets on demand.

    Use it as `async with FaultRelay(port) as relay:` and connect to `relay.port`.
    """

    def __init__(self, upstream: int | Path) -> None:
        super().__init__(upstream)
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
        self._passing = asyncio.Event()
        self._passing.set()
        self._cut_after: int | None = None

    # --- faults ----------------------------------------------------------------------------

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

    # --- the relay -------------------------------------------------------------------------

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay a new connection, or reset it."""
        self.accepted += 1
        if self.is_refusing:
            reset(writer)
        else:
            super().accept(reader, writer)

    def ways(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> list[Way]:
        """Both directions with their faults, and the patience of who is idle."""
        carried = asyncio.Event()
        ways: list[Way] = [
            self._pump(client[0], server[1], carried, to_client=False),
            self._pump(server[0], client[1], carried, to_client=True),
        ]
        if self.idle_timeout:
            ways.append(_idle(carried, self.idle_timeout))
        return ways

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        carried: asyncio.Event,
        *,
        to_client: bool,
    ) -> None:
        passing = self._passing
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
                reset(writer)
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
