"""A session's emulated screen, drawn in turns so that a flood never holds up the event loop."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final

from vibebox_tui.server.records import TerminalSnapshot
from vibebox_tui.server.terminal_backlog import Backlog, Size, Slice

SCROLLBACK_LINES: Final = 2_000
"""Lines that a client gets who comes late; more would take it noticeably long to draw."""

AT_ONCE_CHARACTERS: Final = 4 * 1024
"""Drawn as it comes: less than a millisecond of emulation."""

SLICE_CHARACTERS: Final = 1536
"""Drawn at a time of what is more: an echo elsewhere waits for one of them."""

SLICE_OF_LINES: Final = 16 * 1024
"""The same of a flood of lines, which is drawn faster, the more of it at a time."""

TURN_SECONDS: Final = 0.0003
"""Drawn at a stretch; then everybody else has a turn."""

BEHIND_CHARACTERS: Final = 128 * 1024
"""Undrawn output from which on the program has to wait, and that a client who comes late may have
to wait for."""

GATHER_SECONDS: Final = 0.003
"""How long lines may gather before any of them are drawn: most are never seen."""

GATHER_CHARACTERS: Final = 512 * 1024
"""How many may gather; of a log, a quarter of them is what screen and scrollback hold."""

_FLOOD_CHARACTERS: Final = 16 * 1024
"""Output that may be part of a flood: no program's screen comes in so large a piece."""

_LONGEST_LINES: Final = 256
"""Characters in a line of what may be a flood of lines, on average."""


class TerminalScreen:
    """The screen as of all that was fed; `on_progress` is called after each turn of drawing.

    What is short is fed at once, so that a query's reply doesn't wait.
    """

    def __init__(self, rows: int, columns: int, on_progress: Callable[[], None]) -> None:
        from vibebox_tui.emulator import Emulator  # late: the server starts without a terminal

        self._emulator = Emulator(rows, columns, scrollback_lines=SCROLLBACK_LINES)
        self._on_progress = on_progress
        self._backlog = Backlog()
        self._scheduled: asyncio.Handle | None = None
        self._gathers = False
        self._is_whole = True
        self.reached = 0
        """Output position up to which the text goes of which something was fed last."""

    @property
    def pending(self) -> int:
        """Characters that have not been fed yet."""
        return self._backlog.pending

    @property
    def is_behind(self) -> bool:
        """Whether the program should wait."""
        most = 2 * GATHER_CHARACTERS if self._gathers else BEHIND_CHARACTERS
        return self.pending > most

    @property
    def has_caught_up(self) -> bool:
        """Whether the program may go on; not only when nothing is left, for what comes next takes
        a while to get here."""
        return self.pending <= BEHIND_CHARACTERS // 2

    def restore(self, redraw: bytes, position: int) -> None:
        """Draw a screen saved at an output position; what it may ask is not answered."""
        self.reached = position
        self._emulator.feed(redraw)
        self._emulator.take_replies()

    def feed(self, text: str, end: int) -> None:
        """Draw `text`, which goes up to output position `end`: at once where it is short and
        nothing waits, else soon."""
        if not self._backlog and len(text) <= AT_ONCE_CHARACTERS:
            self._draw(Slice(text, end, is_last=True))
            return
        if not self._backlog:
            self._gathers = _may_be_a_flood(text)
        self._backlog.add_text(text, end)
        self._schedule()

    def resize(self, rows: int, columns: int) -> None:
        """Change the size after all that was fed before."""
        if self._backlog:
            self._backlog.add_size(Size(rows, columns))
        else:
            self._emulator.resize(rows, columns)

    def redraw(self) -> str:
        """Text that draws the present screen with its scrollback elsewhere."""
        while self._backlog:
            self._draw_next()
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
        self._cancel()
        self._backlog.clear()

    def _schedule(self) -> None:
        """Have the backlog drawn: in the next turn, or once more has gathered."""
        if not self._backlog:
            return
        backlog = self._backlog
        waits = self._gathers and not backlog.has_begun and backlog.pending < GATHER_CHARACTERS
        if self._scheduled is not None:
            if waits or not isinstance(self._scheduled, asyncio.TimerHandle):
                return
            self._cancel()
        loop = asyncio.get_running_loop()
        if waits:
            self._scheduled = loop.call_later(GATHER_SECONDS, self._continue)
        else:
            self._scheduled = loop.call_soon(self._continue)

    def _cancel(self) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None

    def _continue(self) -> None:
        """Draw for a turn."""
        self._scheduled = None
        until = perf_counter() + TURN_SECONDS
        while self._backlog and perf_counter() < until:
            self._draw_next()
            if self._is_whole:  # only then can it be saved
                self._on_progress()
        self._schedule()
        self._on_progress()

    def _draw_next(self) -> None:
        """Draw a slice; where one begins with what has gathered, not what will have scrolled
        away."""
        if text := self._backlog.gather():
            skipped = self._emulator.skip(text)
            self._gathers = _may_be_a_flood(text)
            self._backlog.skip(skipped)
        item = self._backlog.take(SLICE_OF_LINES if self._gathers else SLICE_CHARACTERS)
        if isinstance(item, Slice):
            self._draw(item)
        elif item is not None:
            self._emulator.resize(*item)

    def _draw(self, piece: Slice) -> None:
        self._emulator.feed(piece.text)
        self.reached = piece.end
        self._is_whole = piece.is_last

    def _snapshot(self) -> bytes:
        from vibebox_tui.emulator.snapshot import snapshot

        return snapshot(self._emulator)


def _may_be_a_flood(text: str) -> bool:
    return len(text) >= _FLOOD_CHARACTERS and text.count("\n") * _LONGEST_LINES > len(text)
