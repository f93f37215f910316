"""One terminal session: what is typed, what comes out, and when it was last used."""

import asyncio
import codecs
import time
from typing import Final, Protocol

from vibebox_tui.protocol.messages import SessionExit, TerminalData, TerminalResize
from vibebox_tui.protocol.models import Session
from vibebox_tui.server.errors import ConflictError
from vibebox_tui.server.runtimes.base import Exit, Terminal
from vibebox_tui.server.times import iso_now

DEFAULT_ROWS: Final = 24
DEFAULT_COLS: Final = 80
"""Cells of a terminal whose size nobody has said."""

_REMEMBERED_CLIENTS: Final = 64
"""Clients whose last input number is kept for each session, the latest ones."""

_PIECE: Final = 64 * 1024
"""Bytes of output in one message at most, well below the protocol's limit when escaped."""


class SessionAudience(Protocol):
    """Who is told about sessions: the WebSocketService."""

    def open_terminal(self, session_id: str, rows: int, columns: int) -> None: ...

    def send_terminal_output(self, payload: TerminalData) -> None: ...

    def terminal_resized(self, payload: TerminalResize) -> None: ...

    def session_exited(self, payload: SessionExit) -> None: ...


class SessionLife:
    """A session from its opening to its end; a TerminalSink for its terminal.

    `position` is the number of bytes of its output that clients have been given.
    """

    def __init__(self, session: Session, audience: SessionAudience) -> None:
        self.session = session
        self.rows = session.rows or DEFAULT_ROWS
        self.cols = session.cols or DEFAULT_COLS
        self.terminal: Terminal | None = None
        self.ended = asyncio.Event()
        self.position = 0
        self._audience = audience
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._writing = asyncio.Lock()
        self._last_inputs: dict[str, int] = {}
        self._clients = 0
        self._used_at = time.monotonic()

    # --- input

    async def write(self, data: str, client_id: str | None, input_seq: int | None) -> bool:
        """Type; False if it was typed before. Raises ConflictError."""
        async with self._writing:  # first come, first written
            if client_id is not None and input_seq is not None:
                if input_seq <= self._last_inputs.get(client_id, 0):
                    return False
                self._remember(client_id, input_seq)
            await self._open_terminal().write(data.encode("utf-8", "replace"))
            self.touch()
            return True

    async def resize(self, rows: int, cols: int) -> None:
        """Give the terminal another size, and tell who watches. Raises ConflictError."""
        if (rows, cols) == (self.rows, self.cols):
            return
        await self._open_terminal().resize(rows, cols)
        self.session.rows, self.session.cols = self.rows, self.cols = rows, cols
        self._audience.terminal_resized(TerminalResize(self.session.id, rows, cols, self.position))

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
        self._used_at = time.monotonic()
        self.session.last_activity_at = iso_now()

    # --- TerminalSink

    def output(self, data: bytes, position: int) -> None:
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            text = self._decoder.decode(piece)
            unfinished, _ = self._decoder.getstate()
            self._give(text, position + start + len(piece) - len(unfinished))

    def exited(self, end: Exit) -> None:
        unfinished, _ = self._decoder.getstate()
        self._give(self._decoder.decode(b"", final=True), self.position + len(unfinished))
        self.terminal = None
        self.session.status = "terminated"
        self.session.exit_code = end.code
        self.ended.set()
        self._audience.session_exited(SessionExit(self.session.id, end.code))

    # --- helpers

    def _give(self, text: str, position: int) -> None:
        self.position = position
        if text:
            self._audience.send_terminal_output(TerminalData(self.session.id, text, position))

    def _open_terminal(self) -> Terminal:
        if self.terminal is None:
            raise ConflictError(
                f"the session {self.session.session_name} has ended", sessionId=self.session.id
            )
        return self.terminal

    def _remember(self, client_id: str, input_seq: int) -> None:
        self._last_inputs.pop(client_id, None)
        self._last_inputs[client_id] = input_seq
        if len(self._last_inputs) > _REMEMBERED_CLIENTS:
            del self._last_inputs[next(iter(self._last_inputs))]
