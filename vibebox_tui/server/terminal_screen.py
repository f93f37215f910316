"""A session's emulated screen, fed in slices so that a flood never holds up the event loop."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from vibebox_tui.server.records import TerminalSnapshot

SCROLLBACK_LINES: Final = 2_000
"""Lines that a client gets who comes late; more would take it noticeably long to draw."""

SLICE_CHARACTERS: Final = 4 * 1024
"""Fed at a time: about a millisecond of emulation, then everybody else has a turn."""


class _Slice(NamedTuple):
    """Text to be drawn, of output that goes up to position `end`."""

    text: str
    end: int
    is_last: bool


class _Size(NamedTuple):
    """A size to be had after what is before it."""

    rows: int
    columns: int


class TerminalScreen:
    """The screen as of all that was fed; `on_progress` is called after each slice of a backlog.

    What is short is fed at once, so that a query's reply doesn't wait.
    """

    def __init__(self, rows: int, columns: int, on_progress: Callable[[], None]) -> None:
        from vibebox_tui.emulator import Emulator  # late: the server starts without a terminal

        self._emulator = Emulator(rows, columns, scrollback_lines=SCROLLBACK_LINES)
        self._on_progress = on_progress
        self._backlog: deque[_Slice | _Size] = deque()
        self._scheduled: asyncio.Handle | None = None
        self._is_whole = True
        self.pending = 0
        """Characters that have not been fed yet."""
        self.reached = 0
        """Output position up to which the text goes of which something was fed last."""

    def restore(self, redraw: bytes, position: int) -> None:
        """Draw a screen saved at an output position; what it may ask is not answered."""
        self.reached = position
        self._emulator.feed(redraw)
        self._emulator.take_replies()

    def feed(self, text: str, end: int) -> None:
        """Draw `text`, which goes up to output position `end`: at once where it is short and
        nothing waits, else soon."""
        if not self._backlog and len(text) <= SLICE_CHARACTERS:
            self._draw(_Slice(text, end, is_last=True))
            return
        for start in range(0, len(text), SLICE_CHARACTERS):
            rest = len(text) - start
            piece = text[start : start + SLICE_CHARACTERS]
            self._backlog.append(_Slice(piece, end, is_last=rest <= SLICE_CHARACTERS))
        self.pending += len(text)
        self._schedule()

    def resize(self, rows: int, columns: int) -> None:
        """Change the size after all that was fed before."""
        if self._backlog:
            self._backlog.append(_Size(rows, columns))
        else:
            self._emulator.resize(rows, columns)

    def redraw(self) -> str:
        """Text that draws the present screen with its scrollback elsewhere."""
        while self._backlog:
            self._feed_slice()
        return self._snapshot().decode()

    def snapshot(self) -> TerminalSnapshot | None:
        """The screen as drawn so far, which may be behind; None while that is at no position that
        is known."""
        if not self._is_whole:
            return None
        rows, columns = self._emulator.rows, self._emulator.columns
        return TerminalSnapshot(self._snapshot(), self.reached, rows, columns)

    def take_replies(self) -> bytes:
        """What the emulator answers to the queries in what was fed."""
        return self._emulator.take_replies()

    def close(self) -> None:
        """Feed nothing more."""
        if self._scheduled is not None:
            self._scheduled.cancel()
        self._backlog.clear()

    def _schedule(self) -> None:
        if self._scheduled is None and self._backlog:
            self._scheduled = asyncio.get_running_loop().call_soon(self._continue)

    def _continue(self) -> None:
        self._scheduled = None
        if self._backlog:
            self._feed_slice()
        self._schedule()
        self._on_progress()

    def _feed_slice(self) -> None:
        item = self._backlog.popleft()
        if isinstance(item, _Slice):
            self.pending -= len(item.text)
            self._draw(item)
        else:
            self._emulator.resize(item.rows, item.columns)

    def _draw(self, piece: "_Slice") -> None:
        self._emulator.feed(piece.text)
        self.reached = piece.end
        self._is_whole = piece.is_last

    def _snapshot(self) -> bytes:
        from vibebox_tui.emulator.snapshot import snapshot

        return snapshot(self._emulator)
