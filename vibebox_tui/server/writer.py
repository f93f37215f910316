"""One connection's way out: replies first, then what its cursors have, in one write."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from vibebox_tui.protocol.codec import encode
from vibebox_tui.protocol.messages import Message
from vibebox_tui.server.frames import Form, frame

PACE_SECONDS: Final = 0.016
"""Time between two writes to a busy connection: one frame of a screen, felt by nobody."""

WRITE_BYTES: Final = 256 * 1024
"""Most that one write takes from the cursors; with the transport's buffer it bounds a peer."""

MAX_REPLIES: Final = 512
"""Replies that may wait; while there are more, nothing is read from the peer."""


class Cursor(Protocol):
    """A place in something that is delivered; it belongs to one connection."""

    def pull(self, budget: int) -> list[bytes]:
        """Take the next frames, about `budget` bytes of them; none where nothing is due."""

    @property
    def has_more(self) -> bool:
        """Whether another `pull` would bring more at once."""


class Writer:
    """Gathers what is due to one peer and writes it at once.

    The first message after a quiet moment goes out in the same turn of the event loop; then what
    has gathered, every 16 ms. All connections write on the same ticks, so that a channel joins
    the frames of a tick once for all of them. A peer that doesn't read is asked for nothing:
    its cursors stay where they are.
    """

    def __init__(
        self,
        write: Callable[[Sequence[bytes]], None],
        fail: Callable[[str], None],
        form: Form,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.form = form
        self.fail = fail
        """Ends the connection, where something that is due can't be had; with the reason."""
        self._write = write
        self._loop = loop
        self._replies: deque[bytes] = deque()
        self._due: dict[Cursor, None] = {}
        self._scheduled: asyncio.Handle | None = None
        self._at_once = False
        self._last_write = -PACE_SECONDS
        self._writable = True
        self._closed = False
        self.bytes_written = 0

    # --- what is due -----------------------------------------------------------------------

    def reply(self, message: Message) -> None:
        """Send `message` at once, before what the cursors have."""
        if not self._closed:
            self._replies.append(frame(encode(message), self.form))
            self._schedule(at_once=True)

    def due(self, cursor: Cursor, *, at_once: bool = False) -> None:
        """Say that `cursor` has something; `at_once` doesn't wait for the next tick."""
        if not self._closed:
            self._due[cursor] = None
            self._schedule(at_once)

    def discard(self, cursor: Cursor) -> None:
        """Take nothing more from `cursor`."""
        self._due.pop(cursor, None)

    @property
    def is_congested(self) -> bool:
        """Whether so many replies wait that no more commands should be read."""
        return len(self._replies) > MAX_REPLIES

    # --- the transport ---------------------------------------------------------------------

    def pause(self) -> None:
        """The transport's buffer is full."""
        self._writable = False

    def resume(self) -> None:
        """The transport's buffer has room again."""
        self._writable = True
        if self._due or self._replies:
            self._schedule(at_once=True)

    def flush(self) -> None:
        """Write what is due now, as far as the transport has room."""
        self._unschedule()
        if self._closed or not self._writable:
            return
        chunks = list(self._replies)
        self._replies.clear()
        self._pull(chunks)
        if chunks:
            self._last_write = self._loop.time()
            self.bytes_written += sum([len(chunk) for chunk in chunks])
            self._write(chunks)
        if self._due and self._writable:
            self._schedule(at_once=True)

    def close(self) -> None:
        """Write nothing more and let go of the cursors."""
        self._closed = True
        self._unschedule()
        self._due.clear()
        self._replies.clear()

    # --- helpers ---------------------------------------------------------------------------

    def _pull(self, chunks: list[bytes]) -> None:
        """Take from each cursor its share, and keep those as due that have more."""
        due, self._due = self._due, {}
        share = max(WRITE_BYTES // max(len(due), 1), 1)
        for cursor in due:
            chunks += cursor.pull(share)
            if cursor.has_more:
                self._due[cursor] = None

    def _schedule(self, at_once: bool) -> None:
        if not self._writable or self._at_once:
            return
        now = self._loop.time()
        if at_once or now - self._last_write >= PACE_SECONDS:
            self._unschedule()
            self._at_once = True
            self._scheduled = self._loop.call_soon(self.flush)
        elif self._scheduled is None:
            next_tick = (now // PACE_SECONDS + 1) * PACE_SECONDS
            self._scheduled = self._loop.call_at(next_tick, self.flush)

    def _unschedule(self) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        self._at_once = False
