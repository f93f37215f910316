"""One session's output for all its clients: a window of what came last, and the screen."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from vibebox_tui.protocol.messages import (
    SessionExit,
    TerminalData,
    TerminalExit,
    TerminalOutput,
    TerminalResize,
    TerminalResized,
)
from vibebox_tui.server.frames import Prepared, now_ms
from vibebox_tui.server.terminal_screen import TerminalScreen

if TYPE_CHECKING:
    from vibebox_tui.server.terminal_cursor import TerminalCursor

_log = logging.getLogger(__name__)

WINDOW_BYTES: Final = 256 * 1024
"""Output kept for clients to catch up with; whoever is further behind gets a redraw."""

PIECE_CHARACTERS: Final = 128 * 1024
"""Longest output in one message: each character may take six bytes of JSON."""

MAX_WINDOW_BYTES: Final = 4 * 1024 * 1024
"""Kept for the one who typed last, whom the PTY waits for: what was under way when it paused."""

TYPIST_BYTES: Final = 128 * 1024
"""How far the one who typed last may be behind before the PTY waits."""

TYPIST_PATIENCE_SECONDS: Final = 10.0
"""How long the PTY waits for one who typed and doesn't read; then that one counts as any other."""


class TerminalHost(Protocol):
    """The part of the sessions that a channel acts on."""

    async def write(self, session_id: str, data: str) -> bool: ...

    def pause_output(self, session_id: str) -> None: ...

    def resume_output(self, session_id: str) -> None: ...

    def clients_changed(self, session_id: str, count: int) -> None: ...

    def screen_drawn(self, session_id: str) -> None: ...


class Piece(NamedTuple):
    """Something that happened in a session: output, another size, its end.

    `end` is the output position after it; `extension` says that only those may have it who
    attached by our extension.
    """

    message: Prepared
    end: int
    extension: bool


class TerminalChannel:
    """What a session's clients read. `seq` is the position in bytes after the newest output."""

    def __init__(
        self, session_id: str, rows: int, columns: int, host: TerminalHost, seq: int = 0
    ) -> None:
        self.session_id = session_id
        self.rows = rows
        self.columns = columns
        self.seq = seq
        self.answered = 0
        """Position before which nothing is answered: a server before this one did."""
        self.exited = False
        self.screen = TerminalScreen(rows, columns, self._after_feeding)
        self._host = host
        self._pieces: dict[int, Piece] = {}
        self._first_index = 0
        self._window_start = seq
        self._cursors: set[TerminalCursor] = set()
        self._typist: TerminalCursor | None = None
        self._paused = False
        self._patience: asyncio.TimerHandle | None = None
        self._answers: set[asyncio.Task[None]] = set()

    # --- what happens in the session -------------------------------------------------------

    def output(self, data: TerminalData) -> None:
        """Append output and wake who reads it; what is too long for a message goes in several."""
        text = data.data
        while len(text) > PIECE_CHARACTERS:
            part = TerminalData(data.session_id, text[:PIECE_CHARACTERS])
            self._append(Prepared.of(TerminalOutput(part, now_ms())))
            text = text[PIECE_CHARACTERS:]
        if data.seq is not None:
            self.seq = data.seq
        last = TerminalData(data.session_id, text, data.seq)
        self._append(Prepared.of(TerminalOutput(last, now_ms())))
        self.screen.feed(data.data, self.seq)
        self._after_feeding()

    def resized(self, size: TerminalResize) -> None:
        """The terminal has another size from here on."""
        self.rows, self.columns = size.rows, size.cols
        self.screen.resize(size.rows, size.cols)
        self._append(Prepared.of(TerminalResized(size, now_ms())), extension=True)

    def exit(self, end: SessionExit) -> None:
        """The session has ended."""
        self.exited = True
        self._append(Prepared.of(TerminalExit(end, now_ms())), extension=True)
        self.close()

    def close(self) -> None:
        """Let go of the screen; who still reads, reads on."""
        self.screen.close()
        self._stop_waiting()
        for task in self._answers:
            task.cancel()

    # --- clients ---------------------------------------------------------------------------

    def add(self, cursor: "TerminalCursor") -> None:
        """Wake `cursor` at whatever happens from now on."""
        self._cursors.add(cursor)
        self._host.clients_changed(self.session_id, len(self._cursors))

    def remove(self, cursor: "TerminalCursor") -> None:
        """Forget `cursor`."""
        self._cursors.discard(cursor)
        if self._typist is cursor:
            self._typist = None
        if not self.exited:
            self._host.clients_changed(self.session_id, len(self._cursors))
        self.reconsider()

    def typed(self, cursor: "TerminalCursor") -> None:
        """`cursor`'s client typed last: the PTY waits for it rather than overrun it."""
        self._typist = cursor

    @property
    def cursors(self) -> "frozenset[TerminalCursor]":
        """Who is attached."""
        return frozenset(self._cursors)

    # --- the window ------------------------------------------------------------------------

    @property
    def next_index(self) -> int:
        """The index that the next piece will have."""
        return self._first_index + len(self._pieces)

    def piece(self, index: int) -> Piece | None:
        """The piece at `index`; None where it has left the window."""
        return self._pieces.get(index)

    def index_after(self, seq: int) -> int | None:
        """The index of what follows output position `seq`; None unless that is known exactly."""
        if seq == self._window_start:
            return self._first_index
        if seq == self.seq:
            return self.next_index
        for index, piece in self._pieces.items():
            if piece.end == seq and not piece.extension:
                return index + 1
        return None

    def reconsider(self) -> None:
        """Pause the PTY while the screen or the one who typed last is far behind, or resume."""
        lag = self._typist.lag if self._typist is not None else 0
        screen = self.screen
        if not self._paused and (lag > TYPIST_BYTES or screen.is_behind):
            self._wait()
        elif self._paused and lag <= TYPIST_BYTES // 2 and screen.has_caught_up:
            self._stop_waiting()

    # --- helpers ---------------------------------------------------------------------------

    def _append(self, message: Prepared, *, extension: bool = False) -> None:
        self._pieces[self.next_index] = Piece(message, self.seq, extension)
        self._trim()
        for cursor in self._cursors:
            cursor.wake(len(message.message))

    def _trim(self) -> None:
        """Let go of what is beyond the window, but for what the one who typed last needs."""
        needed = self._typist.next_index if self._typist is not None else self.next_index
        while len(self._pieces) > 1:
            size = self.seq - self._window_start
            if size <= WINDOW_BYTES or (self._first_index >= needed and size <= MAX_WINDOW_BYTES):
                break
            self._window_start = self._pieces.pop(self._first_index).end
            self._first_index += 1

    def _after_feeding(self) -> None:
        self._answer()
        self.reconsider()
        self._host.screen_drawn(self.session_id)

    def _answer(self) -> None:
        """Type what the screen replies, unless a client that knows only the guide does so."""
        replies = self.screen.take_replies()
        if self.screen.reached <= self.answered:
            return
        if replies and not any(cursor.answers for cursor in self._cursors):
            task = asyncio.get_running_loop().create_task(self._write(replies.decode()))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _write(self, replies: str) -> None:
        try:
            await self._host.write(self.session_id, replies)
        except Exception:
            _log.debug("no reply could be typed into %s", self.session_id, exc_info=True)

    def _wait(self) -> None:
        self._paused = True
        self._host.pause_output(self.session_id)
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(TYPIST_PATIENCE_SECONDS, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._paused:
            self._paused = False
            if not self.exited:
                self._host.resume_output(self.session_id)

    def _lose_patience(self) -> None:
        self._patience = None
        self._typist = None
        self.reconsider()
