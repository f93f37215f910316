"""The terminal of a session, as a pane reads and writes it."""

from collections import deque
from collections.abc import Callable
from typing import Final

from vibebox_tui.client.connection import Connection
from vibebox_tui.client.errors import RefusedError
from vibebox_tui.client.events import (
    InputLost,
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
from vibebox_tui.client.link import Link
from vibebox_tui.client.other_servers import sentence, wants_session_id
from vibebox_tui.client.outbox import Outbox
from vibebox_tui.client.server_access import ServerAccess
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
    TerminalInputAck,
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
        name: str,
    ) -> None:
        super().__init__(capacity=CAPACITY, opened=opened, closed=closed, drained=_drained)
        self.session_id = session_id
        self.link = Link(access, f"terminal {name or session_id}", "terminal", self, changed)
        self._rows, self._columns = self._asked = rows, columns
        self._read_only = read_only
        self._connection: Connection | None = None
        self._named_in_url = False
        self._wants_url = False
        self._is_attached = False
        self._is_redrawing = False
        self._position: int | None = None
        self._waiting_positions: deque[int | None] = deque()
        self._taken = 0
        self._acknowledged = 0
        self._is_holding = False
        policy = access.settings.pending_input
        self._outbox = Outbox(session_id, policy, lambda pending: self.put(pending, 0))

    # --- for the pane ----------------------------------------------------------------------

    async def __anext__(self) -> TerminalEvent | LinkState:
        """The next event; output that has gathered comes as one, which costs less to draw."""
        event = await super().__anext__()
        return self._with_all_behind(event) if isinstance(event, TerminalText) else event

    def send(self, data: str) -> None:
        """Write `data` to the session, once and in order, now or when the link is back."""
        if data and not self._read_only and not self.is_closed:
            self._outbox.type(data)

    def resize(self, rows: int, columns: int) -> None:
        """Give the session this size; only the last one asked for while disconnected is sent."""
        self._rows, self._columns = rows, columns
        if self._connection is not None and self._is_attached:
            self._ask_for_size(self._connection)

    async def room_for_input(self, most: int) -> None:
        """Return once at most `most` characters wait to be sent, or none ever will be."""
        await self._outbox.room(most)

    def release_pending(self) -> None:
        """The user agrees: send what was typed while disconnected."""
        self._outbox.release()

    def discard_pending(self) -> None:
        """Forget what was typed while disconnected."""
        self._outbox.discard()

    @property
    def unconfirmed_input(self) -> str:
        """What `InputPending` is about, in order: what is held, else all that may not have been
        written yet.
        """
        return self._outbox.unconfirmed

    # --- for the link ----------------------------------------------------------------------

    def query(self, has_features: bool | None) -> dict[str, str]:
        """A server that knows only the guide, or less, finds the session in the URL."""
        self._named_in_url = self._wants_url or has_features is False
        return {"sessionId": self.session_id} if self._named_in_url else {}

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        self._is_attached = False
        self._is_holding = False
        self._outbox.detached()
        if connection.has_features:
            self._attach(connection)
        elif not self._named_in_url:
            self.link.reconnect()
        else:
            self._ask_for_size(connection)
            self._become_attached(connection)
            self.put(TerminalLiveNow(), 0)

    def received(self, message: ServerMessage) -> None:
        match message:
            case TerminalOutput(payload=output):
                self._take_output(output)
            case TerminalInputAck(payload=receipt):
                self._outbox.acknowledged(receipt)
            case TerminalAttached(payload=attachment):
                self._take_attachment(attachment)
            case TerminalLive(payload=position):
                self._take_live(position)
            case TerminalResized(payload=size):
                self.put(TerminalSizeChanged(size.rows, size.cols), 0)
            case TerminalExit(payload=ended):
                self._tell_lost_input()
                self.put(TerminalEnded(ended.exit_code), 0)
                self.end()
            case Error(payload=report):
                self._take_error(report)
            case _:
                pass

    def lost(self) -> None:
        connection, self._connection = self._connection, None
        self._is_attached = False
        can_repeat = connection is None or connection.has_features
        if uncertain := self._outbox.lost(can_repeat=can_repeat):
            self.put(InputUncertain(uncertain), 0)

    def link_changed(self, state: LinkState) -> None:
        self.put_link(state)
        if state.phase is LinkPhase.CLOSED:
            self.end()

    async def shut(self) -> None:
        """Close the connection for good."""
        await self._outbox.close()
        await self.link.close()

    # --- output ----------------------------------------------------------------------------

    def _with_all_behind(self, text: TerminalText) -> TerminalText:
        pieces = [text.data]
        while isinstance(following := self.following, TerminalText):
            pieces.append(following.data)
            self._take()
        return text if len(pieces) == 1 else TerminalText("".join(pieces))

    def _attach(self, connection: Connection) -> None:
        since = None if self._is_redrawing else self._position
        self._asked = self._rows, self._columns
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
        if not self._is_attached and self._connection is not None:
            self._become_attached(self._connection)
            if self._asked != (self._rows, self._columns):  # another size since we asked to attach
                self._ask_for_size(self._connection)

    def _ask_for_size(self, connection: Connection) -> None:
        size = TerminalSize(self.session_id, self._rows, self._columns)
        connection.send(TerminalResizeRequest(size))

    def _become_attached(self, connection: Connection) -> None:
        self._is_attached = True
        self._outbox.attached(connection)

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

    # --- errors ----------------------------------------------------------------------------

    def _take_error(self, report: ErrorReport) -> None:
        if not self._named_in_url and wants_session_id(report):
            self._wants_url = True
            self.link.reconnect()
        elif report.code == ErrorCode.SESSION_NOT_FOUND:
            self._tell_lost_input()
            self.fail(RefusedError(sentence(report), report.code))
        elif report.code == ErrorCode.FORBIDDEN and self._is_attached:
            self._refuse_input()
        elif report.code == ErrorCode.FORBIDDEN:
            self.fail(RefusedError(sentence(report), report.code))

    def _end(self) -> None:
        super()._end()
        self._outbox.end()

    def _tell_lost_input(self) -> None:
        if lost := self._outbox.unsent:
            self.put(InputLost(lost), 0)

    def _refuse_input(self) -> None:
        """This user may only watch."""
        self._read_only = True
        self._outbox.refuse()


def _drained(terminal: TerminalLink) -> None:
    terminal.reader_took()
