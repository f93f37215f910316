"""One terminal session: what is typed, what comes out, and when it was last used."""

import asyncio
import codecs
import time
from collections import deque
from typing import Final, Protocol

from vibebox_tui.protocol.messages import SessionExit, TerminalData, TerminalResize
from vibebox_tui.protocol.models import Session
from vibebox_tui.server.errors import ConflictError
from vibebox_tui.server.records import TerminalSnapshot
from vibebox_tui.server.runtimes.base import Exit, Terminal, TerminalPast
from vibebox_tui.server.screen_saving import Drawn, ScreenSaving, ScreenStore
from vibebox_tui.server.times import iso_now
from vibebox_tui.server.typed_inputs import TypedInputs

DEFAULT_ROWS: Final = 24
DEFAULT_COLS: Final = 80
"""Cells of a terminal whose size nobody has said."""

_SAY_EVERY: Final = 1.0
"""Seconds between two times of the last activity: a key needs none of its own."""

_LONGEST_CHARACTER: Final = 4
"""Bytes of a character in UTF-8, at most."""

_PIECE: Final = 64 * 1024
"""Bytes of output in one message at most, well below the protocol's limit when escaped."""


class SessionAudience(Drawn, Protocol):
    """Who is told about sessions, and draws their screens: the WebSocketService."""

    def open_terminal(
        self, session_id: str, rows: int, columns: int, *, snapshot: TerminalSnapshot | None = None
    ) -> None: ...

    def terminal_replayed(self, session_id: str, until: int) -> None: ...

    def send_terminal_output(self, payload: TerminalData) -> None: ...

    def terminal_resized(self, payload: TerminalResize) -> None: ...

    def session_exited(self, payload: SessionExit) -> None: ...


class SessionLife:
    """A session from its opening to its end; a TerminalSink for its terminal.

    `position` is the number of bytes of its output that clients have been given. With a
    `snapshot` it goes on where a session of a server before this one was saved.
    """

    def __init__(
        self,
        session: Session,
        audience: SessionAudience,
        store: ScreenStore,
        snapshot: TerminalSnapshot | None = None,
    ) -> None:
        self.session = session
        self.rows = session.rows or DEFAULT_ROWS
        self.cols = session.cols or DEFAULT_COLS
        self.terminal: Terminal | None = None
        self.ended = asyncio.Event()
        self.position = 0
        if snapshot is not None:
            self.rows, self.cols, self.position = snapshot.rows, snapshot.columns, snapshot.seq
        self.saving = ScreenSaving(
            session.id, audience, store, self._acknowledge, position=self.position
        )
        self._audience = audience
        self._sizes: deque[tuple[int, int, int]] = deque()
        self._answered = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._writing = asyncio.Lock()
        self._inputs = TypedInputs()
        self._clients = 0
        self._used_at = time.monotonic()
        self._said_at = 0.0

    # --- input

    async def write(self, data: str, client_id: str | None, input_seq: int | None) -> bool:
        """Type; False if it was typed before. Raises ConflictError."""
        async with self._writing:  # first come, first written
            content, number = data.encode("utf-8", "replace"), None
            terminal = self._open_terminal()
            if client_id is not None and input_seq is not None:
                number = self._inputs.admit(client_id, input_seq)
                if number is None:
                    return False
                content = content[number.offset :]
            await terminal.write(content, number)
            self.touch()
            return True

    def can_write_now(self, data: str) -> bool:
        """Whether that can be typed without waiting, nor before what came first."""
        most = len(data) * _LONGEST_CHARACTER
        return (
            self.terminal is not None
            and not self._writing.locked()
            and self.terminal.can_write_now(most)
        )

    def write_now(
        self, data: str, client_id: str | None, input_seq: int | None
    ) -> asyncio.Future[None] | None:
        """Type where that can be, as `write` does; what that would wait for, if anything."""
        content, number = data.encode("utf-8", "replace"), None
        terminal = self._open_terminal()
        if client_id is not None and input_seq is not None:
            number = self._inputs.admit(client_id, input_seq)
            if number is None:
                return None
            content = content[number.offset :]
        self.touch()
        return terminal.write_now(content, number)

    async def resize(self, rows: int, cols: int) -> None:
        """Give the terminal another size, and tell who watches. Raises ConflictError."""
        if (rows, cols) == (self.rows, self.cols):
            return
        await self._open_terminal().resize(rows, cols)
        self._has_size(rows, cols)

    def pause(self) -> None:
        """Let the program wait with its output."""
        if self.terminal is not None:
            self.terminal.pause()

    def resume(self) -> None:
        """Go on reading its output."""
        if self.terminal is not None:
            self.terminal.resume()

    # --- idleness

    @property
    def idle_for(self) -> float | None:
        """Seconds without a client and without input; None while there is a client."""
        return None if self._clients else time.monotonic() - self._used_at

    def clients_changed(self, count: int) -> None:
        """So many clients are attached now."""
        if bool(count) != bool(self._clients):
            self.touch()
        self._clients = count

    def touch(self) -> None:
        """It is being used."""
        self._used_at = now = time.monotonic()
        if now - self._said_at >= _SAY_EVERY:
            self._said_at = now
            self.session.last_activity_at = iso_now()

    # --- TerminalSink

    def found(self, past: TerminalPast) -> None:
        self._inputs = TypedInputs(past.inputs)
        self._sizes.extend(past.sizes)
        self._answered = past.answered
        self._audience.terminal_replayed(self.session.id, past.answered)
        self._resize_replayed(self.position)

    def output(self, data: bytes, position: int) -> None:
        start, end = position, position + len(data)
        while start < end:
            stop = self._next_turn(start, min(start + _PIECE, end))
            piece = data[start - position : stop - position]
            text = self._decoder.decode(piece)
            unfinished, _ = self._decoder.getstate()
            self._give(text, stop - len(unfinished))
            self._resize_replayed(stop)
            start = stop

    def exited(self, end: Exit) -> None:
        unfinished, _ = self._decoder.getstate()
        self._give(self._decoder.decode(b"", final=True), self.position + len(unfinished))
        self.terminal = None
        self._sizes.clear()
        self.session.status = "terminated"
        self.session.exit_code = end.code
        self.ended.set()
        self._audience.session_exited(SessionExit(self.session.id, end.code))

    # --- helpers

    def _give(self, text: str, position: int) -> None:
        self.position = position
        if text:
            self._audience.send_terminal_output(TerminalData(self.session.id, text, position))

    def _next_turn(self, start: int, end: int) -> int:
        """Where between them what follows is no longer replayed or has another size, else `end`."""
        turns = [self._answered, *(size[0] for size in self._sizes)]
        return min([turn for turn in turns if start < turn < end], default=end)

    def _resize_replayed(self, position: int) -> None:
        """Give the screen the size that the terminal had from here on."""
        while self._sizes and self._sizes[0][0] <= position:
            _, rows, cols = self._sizes.popleft()
            if (rows, cols) != (self.rows, self.cols):
                self._has_size(rows, cols)

    def _has_size(self, rows: int, cols: int) -> None:
        self.session.rows, self.session.cols = self.rows, self.cols = rows, cols
        self._audience.terminal_resized(TerminalResize(self.session.id, rows, cols, self.position))

    def _acknowledge(self, position: int) -> None:
        if self.terminal is not None:
            self.terminal.acknowledge(position)

    def _open_terminal(self) -> Terminal:
        if self.terminal is None:
            raise ConflictError(
                f"the session {self.session.session_name} has ended", sessionId=self.session.id
            )
        return self.terminal
