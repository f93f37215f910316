"""What is typed into a session, on its way there: gathered, numbered, sent once, told of."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from vibebox_tui.client.connection import Connection
from vibebox_tui.client.events import InputPending
from vibebox_tui.client.input_queue import Input, InputQueue
from vibebox_tui.client.settings import PendingInput
from vibebox_tui.protocol.messages import InputReceipt, TerminalInput, TerminalInputRequest

GATHERING: Final = 0.016
"""Seconds in which what is typed right after something else is gathered into one message."""

OVERDUE: Final = 2.0
"""Seconds after which a user should know that what was typed hasn't been answered yet."""


class Outbox:
    """Input of one session over any number of connections; each piece is written once.

    While there is a connection (from `attached` to `detached` or `lost`) it is sent at once, else
    kept. `policy` says what becomes of what was typed after a loss; `changed` is called with how
    it stands, whenever that is another.
    """

    def __init__(
        self, session_id: str, policy: PendingInput, changed: Callable[[InputPending], None]
    ) -> None:
        self._session_id = session_id
        self._policy = policy
        self._changed = changed
        self._queue = InputQueue()
        self._connection: Connection | None = None
        self._was_lost = False
        self._is_held = False
        self._is_overdue = False
        self._is_over = False
        self._told = InputPending(0)
        self._moved = asyncio.Event()
        self._flush_at = 0.0
        self._flush: asyncio.TimerHandle | None = None
        self._overdue: asyncio.TimerHandle | None = None
        self._proving: asyncio.Task[None] | None = None

    # --- for who types ---------------------------------------------------------------------

    def type(self, data: str) -> None:
        """Take `data` to be written, now or when the link is back; what is too much is refused."""
        if self._was_lost and self._policy is PendingInput.NEVER:
            self._tell(refused=len(data))
            return
        self._queue.type(data)
        self._send_soon()

    def release(self) -> None:
        """The user agrees: send what was typed while disconnected."""
        self._is_held = False
        self._send_due()

    def discard(self) -> None:
        """Forget what was typed while disconnected."""
        self._is_held = False
        self._queue.discard_pending()
        self._tell()

    async def room(self, most: int) -> None:
        """Return once at most `most` characters wait to be sent, or none ever will be."""
        while self._queue.pending > most and not self._is_over:
            self._moved.clear()
            await self._moved.wait()

    @property
    def unconfirmed(self) -> str:
        """What `InputPending` is about: what the user is asked about, else all that may not have
        been written yet.
        """
        if self._is_held:
            return self._queue.pending_text
        sent = "".join(piece.data for piece in self._queue.unacknowledged)
        return sent + self._queue.pending_text

    @property
    def unsent(self) -> str:
        """What was typed after the connection was lost, or can't go out yet."""
        return self._queue.pending_text

    # --- for the terminal ------------------------------------------------------------------

    def attached(self, connection: Connection) -> None:
        """Send again what may not have been written; then what waits, if that is agreed to."""
        self._connection = connection
        was_lost, self._was_lost = self._was_lost, False
        for piece in self._queue.unacknowledged:
            self._write(piece)
        if was_lost and self._policy is PendingInput.ASK and self._queue.pending:
            self._is_held = True
        self._send_due()

    def detached(self) -> None:
        """Keep what is typed until another connection, which is there already, is attached."""
        self._connection = None
        self._cancel_timers()

    def lost(self, *, can_repeat: bool) -> str:
        """The connection is gone; what was sent is sent again later, where the server knows which
        of it it has. Else it is forgotten and returned: whether it was written isn't known.
        """
        self._was_lost = self._was_lost or self._connection is not None
        self.detached()
        if self._proving is not None:
            self._proving.cancel()
        uncertain = "" if can_repeat else self._queue.give_up_sent()
        self._tell()
        return uncertain

    def acknowledged(self, receipt: InputReceipt) -> None:
        """The server has written input, of whoever's it was."""
        if receipt.client_id == self._queue.client_id:
            self._confirm(receipt.input_seq)
            self._send_due()

    def refuse(self) -> None:
        """This user may only watch: what was typed won't ever be written."""
        refused = len(self._queue.give_up_sent()) + self._queue.discard_pending()
        self._is_held = False
        self._tell(refused)

    def end(self) -> None:
        """Send nothing more; whoever waits for room waits no longer."""
        self._is_over = True
        self._moved.set()
        self.detached()

    async def close(self) -> None:
        """End, and leave nothing running."""
        self.end()
        if self._proving is not None:
            self._proving.cancel()
            with suppress(asyncio.CancelledError):
                await self._proving

    # --- sending ---------------------------------------------------------------------------

    def _send_soon(self) -> None:
        """The first key goes at once, what follows within a moment goes together."""
        if self._flush is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._flush_at - loop.time()
        if wait <= 0 or self._connection is None:
            self._send_due()
        else:
            self._flush = loop.call_later(wait, self._send_due)

    def _send_due(self) -> None:
        self._flush = None
        self._flush_at = asyncio.get_running_loop().time() + GATHERING
        while self._may_send and (piece := self._queue.next_to_send()) is not None:
            self._write(piece)
        self._tell()

    @property
    def _may_send(self) -> bool:
        connection = self._connection
        return connection is not None and not self._is_held and not connection.is_congested

    def _write(self, piece: Input) -> None:
        connection = self._connection
        if connection is None:
            return
        request = TerminalInputRequest(self._session_id, piece.data)
        if connection.has_features:
            request.client_id, request.input_seq = self._queue.client_id, piece.number
        connection.send(TerminalInput(request))
        if self._overdue is None:
            self._expect_answer()
        if not connection.has_features and self._proving is None:
            self._prove_later(connection)

    # --- answers ---------------------------------------------------------------------------

    def _confirm(self, number: int) -> None:
        """Everything up to `number` has been written; the rest has as long again."""
        self._queue.acknowledge(number)
        self._is_overdue = False
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
        if self._queue.unacknowledged:
            self._expect_answer()

    def _expect_answer(self) -> None:
        loop = asyncio.get_running_loop()
        self._overdue = loop.call_later(OVERDUE, self._answer_is_overdue)

    def _answer_is_overdue(self) -> None:
        self._overdue = None
        self._is_overdue = True
        self._tell()

    def _prove_later(self, connection: Connection) -> None:
        self._proving = asyncio.create_task(self._prove(connection))
        self._proving.add_done_callback(self._proved)

    async def _prove(self, connection: Connection) -> None:
        """Without receipts, an answer to a ping sent later shows that input has arrived."""
        number = self._queue.last_number
        with suppress(ConnectionError):
            await connection.prove()
            self._confirm(number)

    def _proved(self, task: asyncio.Task[None]) -> None:
        self._proving = None
        if not task.cancelled() and self._queue.unacknowledged and self._connection is not None:
            self._prove_later(self._connection)
        self._send_due()

    # --- telling ---------------------------------------------------------------------------

    def _tell(self, refused: int = 0) -> None:
        """Tell what waits, where that has changed."""
        self._moved.set()
        queue = self._queue
        refused, queue.refused = refused + queue.refused, 0
        is_unanswered = self._is_overdue or self._was_lost
        pending = InputPending(
            queue.pending,
            held=self._is_held and queue.pending > 0,
            refused=refused,
            unanswered=queue.sent if is_unanswered else 0,
        )
        if pending != self._told:
            self._told = pending
            self._changed(pending)

    def _cancel_timers(self) -> None:
        for timer in (self._flush, self._overdue):
            if timer is not None:
                timer.cancel()
        self._flush = self._overdue = None
        self._is_overdue = False
