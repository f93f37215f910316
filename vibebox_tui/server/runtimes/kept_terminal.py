"""A PTY of the keeper, as a session has it, whatever the program in it is."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final

from vibebox_tui.server.keeper.child import TERMINAL
from vibebox_tui.server.kept_child import INPUT_WINDOW, KeptChild
from vibebox_tui.server.runtimes.base import Exit, InputNumber, TerminalPast, TerminalSink
from vibebox_tui.server.runtimes.local_run import describe

_HANG_UP_GRACE: Final = 2.0
"""Seconds that a shell and its jobs have after SIGHUP."""

_FORCED: Final = 5.0
"""Seconds in which the kernel has to be rid of what got SIGKILL."""


class KeptTerminal:
    """A terminal with a program in it; the keeper keeps what hasn't been acknowledged."""

    def __init__(
        self, sink: TerminalSink, before_end: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._sink = sink
        self._before_end = before_end
        self._child: KeptChild | None = None
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The program's process id."""
        return self._child.pid if self._child is not None else None

    async def write(self, data: bytes, number: InputNumber | None = None) -> None:
        """Type; waits while more than a window of input isn't read. Raises KeeperError."""
        if self._child is not None:
            await self._child.write(data, number)

    def can_write_now(self, size: int) -> bool:
        """Whether there is room for so many bytes."""
        return self._child is not None and size <= INPUT_WINDOW and self._child.has_room

    def write_now(
        self, data: bytes, number: InputNumber | None = None
    ) -> asyncio.Future[None] | None:
        """Type what there is room for. Raises KeeperError."""
        return None if self._child is None else self._child.write_now(data, number)

    def acknowledge(self, position: int) -> None:
        """Output before `position` is safe; the keeper forgets it."""
        if self._child is not None:
            self._child.acknowledge(TERMINAL, position)

    async def resize(self, rows: int, cols: int) -> None:
        """Set the size; the program gets SIGWINCH."""
        if self._child is not None:
            self._child.resize(rows, cols)

    def pause(self) -> None:
        """Let the program wait with its output."""
        if self._child is not None:
            self._child.pause(True)

    def resume(self) -> None:
        """Go on reading."""
        if self._child is not None:
            self._child.pause(False)

    async def end(self) -> None:
        """Hang up; SIGKILL to the rest of the session after a moment."""
        if self._child is None:
            return
        if self._before_end is not None:
            await self._before_end()
        for number, patience in ((signal.SIGHUP, _HANG_UP_GRACE), (signal.SIGKILL, _FORCED)):
            self._child.signal(number)
            if await self.has_ended(patience):
                return

    async def has_ended(self, seconds: float) -> bool:
        """Wait for the end, but no longer than that; whether it came."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def kill(self) -> None:
        """End the program at once."""
        if self._child is not None:
            self._child.signal(signal.SIGKILL)

    def forget(self) -> None:
        """Its end is known: the keeper needn't keep it any more."""
        if self._child is not None:
            self._child.forget()

    # --- ChildListener

    def started(self, child: KeptChild) -> None:
        self._child = child
        if child.past:
            self._sink.found(_past(child.past))

    def output(self, _stream: int, data: bytes, position: int) -> None:
        self._sink.output(data, position)

    def exited(self, code: int | None) -> None:
        self._finish(self._end_of(code))

    def lost(self) -> None:
        self._finish(Exit(None, "the keeper, which owned its processes, has gone"))

    def _end_of(self, code: int | None) -> Exit:
        return Exit(code, describe(code))

    def _finish(self, end: Exit) -> None:
        if self._ended.is_set():
            return
        self.forget()
        self._ended.set()
        self._sink.exited(end)


def terminal_tag(session_id: str) -> str:
    """By which the keeper knows the terminal of a session."""
    return f"session/{session_id}"


def _past(said: dict[str, Any]) -> TerminalPast:
    """What a keeper says of a child; an older one says less."""
    return TerminalPast(
        sizes=said.get("sizes", ()),
        answered=said.get("shown", {}).get(str(TERMINAL), 0),
        inputs=said.get("inputs", {}),
    )
