"""One connection's way out: replies first, then what its cursors have, in few writes."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from vibebox_tui.protocol.codec import encode
from vibebox_tui.protocol.messages import Message
from vibebox_tui.server.frames import Form, frame
from vibebox_tui.server.ticker import TICK_SECONDS, Ticker
from vibebox_tui.server.traffic import Traffic

PULL_BYTES: Final = 128 * 1024
"""About what is taken from the cursors for one write, enough not to wait for a tick; then the
others have their turn. A Unix socket with room takes as much whole, so that nothing is copied.
With what the transport keeps of one write it bounds what a peer costs that doesn't read."""

MOST_WAITS: Final = 4
"""Ticks for which a writer lets others catch up at a time: a tenth of a second."""

MAX_REPLIES: Final = 512
"""Replies that may wait; while there are more, nothing is read from the peer."""


class Cursor(Protocol):
    """A place in something that is delivered; it belongs to one connection."""

    def pull(self, budget: int) -> list[bytes]:
        """Take the next frames, about `budget` bytes of them; none where nothing is due."""

    @property
    def has_more(self) -> bool:
        """Whether another `pull` would bring more at once."""

    @property
    def may_wait(self) -> bool:
        """Whether it had better wait for a tick, for others to come as far."""
        return False


class Writer:
    """Gathers what is due to one peer and writes it at once.

    The first message after a quiet moment goes out in the next turn of the event loop; then what
    has gathered, every 16 ms, or less often where many are written to. All connections write on
    the same ticks, so that a channel joins the frames of a tick once for all of them. A peer that
    doesn't read is asked for nothing: its cursors stay where they are.
    """

    def __init__(
        self,
        write: Callable[[Sequence[bytes]], None],
        fail: Callable[[str], None],
        form: Form,
        ticker: Ticker,
        traffic: Traffic | None = None,
    ) -> None:
        self.form = form
        self.fail = fail
        """Ends the connection, where something that is due can't be had; with the reason."""
        self.traffic = traffic or Traffic()
        """Where what is sent and dropped is counted, for all connections together."""
        self.about: Mapping[str, str] = {}
        """Whose it is, for what is logged about it."""
        self._write = write
        self._ticker = ticker
        self._replies: deque[bytes] = deque()
        self._due: dict[Cursor, None] = {}
        self.last_write = -TICK_SECONDS
        """When something was written last, by the clock of `now`."""
        self.is_writable = True
        """Whether the transport has got rid of what was written last, or nearly."""
        self._closed = False
        self._waits = 0
        """Ticks for which it has let others catch up."""
        self.bytes_written = 0

    # --- what is due -----------------------------------------------------------------------

    def reply(self, message: Message) -> None:
        """Send `message` at once, before what the cursors have."""
        if not self._closed:
            self._replies.append(frame(encode(message), self.form))
            self.traffic.sent["reply"] += 1
            self._schedule(at_once=True)

    def due(self, cursor: Cursor, *, at_once: bool = False) -> None:
        """Say that `cursor` has something; `at_once` doesn't wait for the next tick."""
        if not self._closed:
            self._due[cursor] = None
            self._schedule(at_once)

    def due_now(self, cursor: Cursor) -> None:
        """Say that `cursor` has something that nothing is gathered with: an echo."""
        if not self._closed:
            self._due[cursor] = None
            if self.is_writable:
                self._ticker.now(self)

    def discard(self, cursor: Cursor) -> None:
        """Take nothing more from `cursor`."""
        self._due.pop(cursor, None)

    @property
    def is_congested(self) -> bool:
        """Whether so many replies wait that no more commands should be read."""
        return len(self._replies) > MAX_REPLIES

    @property
    def now(self) -> float:
        """Seconds, by the clock of all writers."""
        return self._ticker.time()

    # --- the transport ---------------------------------------------------------------------

    def pause(self) -> None:
        """The transport has not got rid of what was written last."""
        self.is_writable = False

    def resume(self) -> None:
        """The transport has room again."""
        self.is_writable = True
        self.flush()

    def flush(self) -> None:
        """Write what is due now, as far as the transport has room and the others can wait."""
        if self._waits < MOST_WAITS and self._may_wait:
            self._waits += 1
            self._ticker.on_tick(self)
            return
        self._waits = 0
        budget = PULL_BYTES
        while self.is_writable and (self._due or self._replies):
            if budget <= 0:
                self._ticker.soon(self)
                return
            pieces = self._gather()
            if not pieces:
                return
            size = sum([len(piece) for piece in pieces])
            budget -= size
            self.bytes_written += size
            self.traffic.sent_bytes += size
            self.last_write = self._ticker.time()
            self._write(pieces)

    def close(self) -> None:
        """Write nothing more and let go of the cursors."""
        self._closed = True
        self._due.clear()
        self._replies.clear()

    # --- helpers ---------------------------------------------------------------------------

    @property
    def _may_wait(self) -> bool:
        """Whether all that is due had better wait for others to come as far."""
        if self._replies or not self._due:
            return False
        return all(cursor.may_wait for cursor in self._due)

    def _gather(self) -> list[bytes]:
        """Take the replies, and from each cursor its share; those stay due that have more."""
        pieces = list(self._replies)
        self._replies.clear()
        due, self._due = self._due, {}
        for cursor in due:
            pieces += cursor.pull(PULL_BYTES // len(due))
            if cursor.has_more:
                self._due[cursor] = None
        return pieces

    def _schedule(self, at_once: bool) -> None:
        if not self.is_writable:
            return
        if at_once or self._ticker.time() - self.last_write >= self._ticker.interval:
            self._ticker.soon(self)
        else:
            self._ticker.on_tick(self)
