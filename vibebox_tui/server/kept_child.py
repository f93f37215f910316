"""A child of the keeper, as the server has it: typing to it, and what is told about it."""

import asyncio
from collections import deque
from typing import Any, Final, Protocol

from vibebox_tui.server.errors import KeeperError
from vibebox_tui.server.keeper import wire
from vibebox_tui.server.runtimes.base import InputNumber

INPUT_WINDOW: Final = 64 * 1024
"""Bytes of input on their way to a terminal that doesn't read; then who types waits."""


class Keeper(Protocol):
    """What a child needs of the connection to its keeper."""

    @property
    def numbers_input(self) -> bool:
        """Whether this keeper remembers numbered input."""

    def send(self, frame: bytes) -> None:
        """Send a frame."""

    def require(self) -> None:
        """Raise KeeperError where the keeper has gone."""

    def forget(self, child: "KeptChild") -> None:
        """The child's end has been taken note of."""


class ChildListener(Protocol):
    """Who is told about a child; called on the event loop, in order."""

    def started(self, child: "KeptChild") -> None:
        """It runs; said before anything else."""

    def output(self, stream: int, data: bytes, position: int) -> None:
        """Output whose first byte is number `position`; to be acknowledged when it is safe."""

    def exited(self, code: int | None) -> None:
        """It has ended, and all of its output has been given; negative: killed by a signal."""

    def lost(self) -> None:
        """The keeper has gone, and the child with it."""


class KeptChild:
    """A child of the keeper. `pid` is the command's, `root` the process above all of it.

    `past` is what it has lived through before we connected.
    """

    def __init__(self, keeper: Keeper, number: int, tag: str, pid: int, root: int) -> None:
        self.tag = tag
        self.number = number
        self.pid = pid
        self.root = root
        self.started_at: float | None = None
        self.listener: ChildListener | None = None
        self.past: dict[str, Any] = {}
        self._keeper = keeper
        self._given = 0
        self._typed = 0
        self._gone = False
        self._writers: deque[asyncio.Future[None]] = deque()
        self._receipts: deque[asyncio.Future[None]] = deque()

    def remember(self, past: dict[str, Any]) -> None:
        """Take up what the keeper says of a child that was found."""
        self.past = past
        self.started_at = past["startedAt"]
        self._given = past.get("taken", 0)
        self._typed = past.get("typed", 0)

    async def write(self, data: bytes, number: InputNumber | None = None) -> None:
        """Type `data`; returns when it has been typed all but what fits a window of 64 KiB.

        With a `number` it returns once the keeper has all of it and remembers that.

        Raises:
            KeeperError: the keeper has gone.
        """
        receipt: asyncio.Future[None] | None = None
        for start in range(0, len(data), INPUT_WINDOW):
            while not self.has_room and not self._gone:
                await self._room()
            piece = data[start : start + INPUT_WINDOW]
            receipt = self._send(piece, number, start, is_last=start + len(piece) == len(data))
        if receipt is not None:
            await receipt

    @property
    def has_room(self) -> bool:
        """Whether a window of input can be typed without waiting."""
        return self._given - self._typed < INPUT_WINDOW

    def write_now(
        self, data: bytes, number: InputNumber | None = None
    ) -> asyncio.Future[None] | None:
        """Type at most a window of `data`, for which there is room; as `write`, but that what it
        would wait for is returned, if there is anything. Raises KeeperError."""
        return self._send(data, number, 0, is_last=True)

    def received(self) -> None:
        """The oldest numbered input that we sent is the keeper's now."""
        if self._receipts and not (receipt := self._receipts.popleft()).done():
            receipt.set_result(None)

    def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size."""
        self._keeper.send(wire.frame(wire.RESIZE, self.number, position=rows << 16 | columns))

    def signal(self, number: int) -> None:
        """Signal everything that it has started."""
        self._keeper.send(wire.frame(wire.SIGNAL, self.number, position=number))

    def acknowledge(self, stream: int, position: int) -> None:
        """Say that everything of a stream before `position` is safe."""
        self._keeper.send(wire.frame(wire.ACKNOWLEDGE, self.number, stream, position))

    def pause(self, paused: bool) -> None:
        """Read none of its output for a while, so that it waits."""
        self._keeper.send(wire.frame(wire.PAUSE, self.number, position=int(paused)))

    def forget(self) -> None:
        """Its end has been taken note of."""
        self._keeper.forget(self)

    def typed(self, position: int) -> None:
        """So many bytes have been typed in all."""
        self._typed = position
        self._wake()

    def exited(self, code: int | None) -> None:
        """It has ended: who waits to type need not any more."""
        self._gone = True
        self._wake()
        while self._receipts:
            self.received()
        if self.listener is not None:
            self.listener.exited(code)

    def lost(self) -> None:
        """The keeper has gone."""
        self._gone = True
        self._wake()
        while self._receipts:
            if not (receipt := self._receipts.popleft()).done():
                receipt.set_exception(keeper_gone())
                receipt.exception()  # only that of the last part is waited for
        if self.listener is not None:
            self.listener.lost()

    def _send(
        self, piece: bytes, number: InputNumber | None, start: int, *, is_last: bool
    ) -> asyncio.Future[None] | None:
        self._given += len(piece)
        if number is not None and self._keeper.numbers_input:
            return self._send_numbered(number, start, is_last, piece)
        self._keeper.send(wire.frame(wire.INPUT, self.number, payload=piece))
        return None

    def _send_numbered(
        self, number: InputNumber, start: int, is_last: bool, piece: bytes
    ) -> asyncio.Future[None]:
        client = number.client.encode()
        part = wire.PART.pack(number.offset + start, is_last, len(client))
        payload = part + client + piece
        frame = wire.frame(
            wire.NUMBERED_INPUT, self.number, position=number.number, payload=payload
        )
        self._keeper.require()
        self._keeper.send(frame)
        receipt = asyncio.get_running_loop().create_future()
        self._receipts.append(receipt)
        return receipt

    async def _room(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._writers.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._writers:
                self._writers.remove(waiter)
        self._keeper.require()

    def _wake(self) -> None:
        for waiter in self._writers:
            if not waiter.done():
                waiter.set_result(None)
        self._writers.clear()


class Unclaimed:
    """Listens to a child that nobody wants: takes what it writes, and forgets it at its end."""

    def __init__(self) -> None:
        self._child: KeptChild | None = None

    def started(self, child: KeptChild) -> None:
        """It runs."""
        self._child = child

    def output(self, stream: int, data: bytes, position: int) -> None:
        """Say that it is safe, so that more can come."""
        if self._child is not None:
            self._child.acknowledge(stream, position + len(data))

    def exited(self, code: int | None) -> None:
        """It has ended."""
        if self._child is not None:
            self._child.forget()

    def lost(self) -> None:
        """The keeper has gone, and with it the child."""


def keeper_gone() -> KeeperError:
    """What is raised where the keeper was needed and is no more."""
    return KeeperError("the keeper, the process that owns what runs, has gone")
