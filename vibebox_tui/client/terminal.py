"""The terminal of a session, as a pane reads and writes it."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from vibebox_tui.client.connection import Connection
from vibebox_tui.client.errors import RefusedError
from vibebox_tui.client.events import (
    InputPending,
    InputUncertain,
    LinkPhase,
    LinkState,
    TerminalEnded,
    TerminalEvent,
    TerminalLiveNow,
    TerminalReset,
    TerminalSizeChanged,
    TerminalText,
)
from vibebox_tui.client.input_queue import Input, InputQueue
from vibebox_tui.client.link import Link
from vibebox_tui.client.other_servers import sentence, wants_session_id
from vibebox_tui.client.server_access import ServerAccess
from vibebox_tui.client.settings import PendingInput
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.protocol.codes import ErrorCode
from vibebox_tui.protocol.messages import (
    Error,
    ErrorReport,
    ServerMessage,
    TerminalAck,
    TerminalAttach,
    TerminalAttached,
    TerminalAttachment,
    TerminalAttachRequest,
    TerminalData,
    TerminalExit,
    TerminalInput,
    TerminalInputAck,
    TerminalInputRequest,
    TerminalLive,
    TerminalOutput,
    TerminalPosition,
    TerminalResized,
    TerminalResizeRequest,
    TerminalSize,
)

CAPACITY: Final = 256 * 1024
"""Characters of output that wait for the reader before the server has to."""

ACK_EVERY: Final = 16 * 1024
"""Bytes of output that the reader has taken before the server is told so: an eighth of the most
that it has on its way to us."""

GATHERING: Final = 0.016
"""Seconds in which what is typed right after something else is gathered into one message."""


class TerminalLink(Subscription[TerminalEvent]):
    """Output as events, input by `send`; survives any number of reconnects.

    Neither `send` nor `resize` waits: what can't go out now is kept (up to 64 KiB) and shown by
    `InputPending` events.
    """

    def __init__(
        self,
        access: ServerAccess,
        session_id: str,
        *,
        rows: int,
        columns: int,
        read_only: bool,
        opened: Callable[["TerminalLink"], None],
        closed: Callable[["TerminalLink"], None],
        changed: Callable[[], None],
    ) -> None:
        super().__init__(capacity=CAPACITY, opened=opened, closed=closed, drained=_drained)
        self.session_id = session_id
        self.link = Link(access, f"terminal {session_id}", "terminal", self, changed)
        self._settings = access.settings
        self._rows, self._columns = rows, columns
        self._read_only = read_only
        self._connection: Connection | None = None
        self._named_in_url = False
        self._wants_url = False
        self._is_attached = False
        self._was_lost = False
        self._is_redrawing = False
        self._position: int | None = None
        self._waiting_positions: deque[int | None] = deque()
        self._taken = 0
        self._acknowledged = 0
        self._is_holding = False
        self._input = InputQueue()
        self._held = False
        self._input_moved = asyncio.Event()
        self._shown_pending = InputPending(0)
        self._flush_at = 0.0
        self._flush: asyncio.TimerHandle | None = None
        self._proving: asyncio.Task[None] | None = None

    # --- for the pane ----------------------------------------------------------------------

    def send(self, data: str) -> None:
        """Write `data` to the session, once and in order, now or when the link is back."""
        if self._read_only or self.is_closed or not data:
            return
        never = self._settings.pending_input is PendingInput.NEVER
        if never and self._was_lost:
            self._show_pending(refused=len(data))
            return
        self._input.type(data)
        self._send_soon()

    def resize(self, rows: int, columns: int) -> None:
        """Give the session this size; only the last one asked for while disconnected is sent."""
        self._rows, self._columns = rows, columns
        if self._connection is not None and self._is_attached:
            size = TerminalSize(self.session_id, rows, columns)
            self._connection.send(TerminalResizeRequest(size))

    async def room_for_input(self, most: int) -> None:
        """Return once at most `most` characters wait to be sent, or none ever will be."""
        while self._input.pending > most and not self.is_closed:
            self._input_moved.clear()
            await self._input_moved.wait()

    def release_pending(self) -> None:
        """The user agrees: send what was typed while disconnected."""
        self._held = False
        self._send_due()

    def discard_pending(self) -> None:
        """Forget what was typed while disconnected."""
        self._held = False
        self._input.discard_pending()
        self._show_pending()

    # --- for the link ----------------------------------------------------------------------

    def query(self, has_features: bool | None) -> dict[str, str]:
        """A server that knows only the guide, or less, finds the session in the URL."""
        self._named_in_url = self._wants_url or has_features is False
        return {"sessionId": self.session_id} if self._named_in_url else {}

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        self._is_attached = False
        self._is_holding = False
        if connection.has_features:
            self._attach(connection)
        elif not self._named_in_url:
            self.link.reconnect()
        else:
            connection.send(
                TerminalResizeRequest(TerminalSize(self.session_id, self._rows, self._columns))
            )
            self._become_attached()
            self.put(TerminalLiveNow(), 0)

    def received(self, message: ServerMessage) -> None:
        match message:
            case TerminalOutput(payload=output):
                self._take_output(output)
            case TerminalInputAck(payload=receipt):
                if receipt.client_id == self._input.client_id:
                    self._input.acknowledge(receipt.input_seq)
                    self._send_due()
            case TerminalAttached(payload=attachment):
                self._take_attachment(attachment)
            case TerminalLive(payload=position):
                self._take_live(position)
            case TerminalResized(payload=size):
                self.put(TerminalSizeChanged(size.rows, size.cols), 0)
            case TerminalExit(payload=ended):
                self.put(TerminalEnded(ended.exit_code), 0)
                self.end()
            case Error(payload=report):
                self._take_error(report)
            case _:
                pass

    def lost(self) -> None:
        connection, self._connection = self._connection, None
        self._was_lost = self._was_lost or self._is_attached
        self._is_attached = False
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        if self._proving is not None:
            self._proving.cancel()
        if connection is not None and not connection.has_features:
            uncertain = self._input.give_up_sent()
            if uncertain:
                self.put(InputUncertain(uncertain), 0)
        self._show_pending()

    def link_changed(self, state: LinkState) -> None:
        self.put_link(state)
        if state.phase is LinkPhase.CLOSED:
            self.end()

    async def shut(self) -> None:
        """Close the connection for good."""
        if self._proving is not None:
            self._proving.cancel()
            with suppress(asyncio.CancelledError):
                await self._proving
        await self.link.close()

    # --- output ----------------------------------------------------------------------------

    def _attach(self, connection: Connection) -> None:
        since = None if self._is_redrawing else self._position
        connection.send(
            TerminalAttach(
                TerminalAttachRequest(
                    self.session_id, self._rows, self._columns, since, self._read_only
                )
            )
        )

    def _take_attachment(self, attachment: TerminalAttachment) -> None:
        if attachment.redraw:
            self._begin_redraw(attachment.rows, attachment.cols)
        else:
            self.put(TerminalSizeChanged(attachment.rows, attachment.cols), 0)
        if not self._is_attached:
            self._become_attached()

    def _begin_redraw(self, rows: int, columns: int) -> None:
        self._is_redrawing = True
        self._position = None
        self.put(TerminalReset(rows, columns), 0)

    def _take_output(self, output: TerminalData) -> None:
        if output.redraw and not self._is_redrawing and self._position is not None:
            self._begin_redraw(self._rows, self._columns)
        if output.seq is not None:
            self._position = output.seq
        if output.data:
            self._waiting_positions.append(output.seq)
            self.put(TerminalText(output.data), len(output.data))
        if self.room <= 0 and not self._is_holding and self._connection is not None:
            self._is_holding = True
            self._connection.hold()

    def _take_live(self, position: TerminalPosition) -> None:
        self._is_redrawing = False
        self._position = position.seq
        self.put(TerminalLiveNow(), 0)
        self._taken = max(self._taken, position.seq)
        self._acknowledge()

    def reader_took(self) -> None:
        """The reader has taken a piece of output: let the server send more."""
        seq = self._waiting_positions.popleft() if self._waiting_positions else None
        if seq is not None:
            self._taken = seq
            if seq - self._acknowledged >= ACK_EVERY:
                self._acknowledge()
        if self._is_holding and self.room >= CAPACITY // 2 and self._connection is not None:
            self._is_holding = False
            self._connection.resume()

    def _acknowledge(self) -> None:
        if self._connection is not None and self._connection.has_features:
            self._acknowledged = self._taken
            position = TerminalPosition(self.session_id, self._taken)
            self._connection.send(TerminalAck(position))

    # --- input -----------------------------------------------------------------------------

    def _become_attached(self) -> None:
        """Send again what may not have been written; then what waits, if that is agreed to."""
        was_lost, self._was_lost = self._was_lost, False
        self._is_attached = True
        for piece in self._input.unacknowledged:
            self._write(piece)
        asks = self._settings.pending_input is PendingInput.ASK
        if was_lost and asks and self._input.pending:
            self._held = True
        self._send_due()

    def _send_soon(self) -> None:
        """The first key goes at once, what follows within a moment goes together."""
        if self._flush is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._flush_at - loop.time()
        if wait <= 0 or not self._is_attached:
            self._send_due()
        else:
            self._flush = loop.call_later(wait, self._send_due)

    def _send_due(self) -> None:
        self._flush = None
        self._flush_at = asyncio.get_running_loop().time() + GATHERING
        while self._may_send and (piece := self._input.next_to_send()) is not None:
            self._write(piece)
        self._show_pending()

    @property
    def _may_send(self) -> bool:
        return (
            self._is_attached
            and not self._held
            and self._connection is not None
            and not self._connection.is_congested
        )

    def _write(self, piece: Input) -> None:
        connection = self._connection
        if connection is None:
            return
        request = TerminalInputRequest(self.session_id, piece.data)
        if connection.has_features:
            request.client_id, request.input_seq = self._input.client_id, piece.number
        connection.send(TerminalInput(request))
        if not connection.has_features and self._proving is None:
            self._proving = asyncio.create_task(self._prove(connection))
            self._proving.add_done_callback(self._proved)

    async def _prove(self, connection: Connection) -> None:
        """Without receipts, an answer to a ping sent later shows that input has arrived."""
        number = self._input.last_number
        with suppress(ConnectionError):
            await connection.prove()
            self._input.acknowledge(number)

    def _proved(self, task: asyncio.Task[None]) -> None:
        self._proving = None
        unproven = self._input.unacknowledged
        if not task.cancelled() and unproven and self._connection is not None:
            self._proving = asyncio.create_task(self._prove(self._connection))
            self._proving.add_done_callback(self._proved)
        self._send_due()

    def _show_pending(self, refused: int = 0) -> None:
        """Tell the reader what waits, where that has changed."""
        self._input_moved.set()
        refused += self._input.refused
        self._input.refused = 0
        pending = InputPending(self._input.pending, self._held and self._input.pending > 0, refused)
        if pending != self._shown_pending:
            self._shown_pending = pending
            self.put(pending, 0)

    # --- errors ----------------------------------------------------------------------------

    def _take_error(self, report: ErrorReport) -> None:
        if not self._named_in_url and wants_session_id(report):
            self._wants_url = True
            self.link.reconnect()
        elif report.code == ErrorCode.SESSION_NOT_FOUND:
            self.fail(RefusedError(sentence(report), report.code))
        elif report.code == ErrorCode.FORBIDDEN and self._is_attached:
            self._refuse_input()
        elif report.code == ErrorCode.FORBIDDEN:
            self.fail(RefusedError(sentence(report), report.code))

    def _end(self) -> None:
        super()._end()
        self._input_moved.set()

    def _refuse_input(self) -> None:
        """This user may only watch: what was typed won't ever be written."""
        self._read_only = True
        refused = len(self._input.give_up_sent()) + self._input.discard_pending()
        self._held = False
        self._show_pending(refused)


def _drained(terminal: TerminalLink) -> None:
    terminal.reader_took()
