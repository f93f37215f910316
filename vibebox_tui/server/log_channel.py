"""An environment's live log: a ring of lines that all subscribers read from."""

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from vibebox_tui.server.log_block import LogSpan
from vibebox_tui.server.log_pages import LogPages, LogSource
from vibebox_tui.server.log_stretch import CHUNK_ENTRIES, Stretch
from vibebox_tui.server.writer import PULL_BYTES

if TYPE_CHECKING:
    from vibebox_tui.server.log_cursor import LogCursor

RING_BYTES: Final = 4 * 1024 * 1024
"""Lines kept in memory, their renderings not counted; whoever is further behind is served from
the store."""

ABREAST_ENTRIES: Final = 2 * CHUNK_ENTRIES
"""By how much readers of a flood may be apart and still share all that is rendered, and have it in
the processor's cache."""

CLOSE_ENTRIES: Final = 32 * CHUNK_ENTRIES
"""By how much more they may be apart for it to be worth it that one waits for another."""

MANY_READERS: Final = 8
"""Among fewer nobody waits: it costs little to render a line for each of them."""

MOVING_SECONDS: Final = 0.1
"""A peer that has taken nothing for so long isn't waited for."""

_LOOK_SECONDS: Final = 0.005
"""Time between two looks at where all readers are."""


class LogChannel:
    """The newest entries of one environment, while anybody subscribes to them.

    `next_seq` is the number that the next entry will have, None until one was published.
    """

    def __init__(self, environment_id: str, source: LogSource) -> None:
        self.environment_id = environment_id
        self.pages = LogPages(environment_id, source)
        self.next_seq: int | None = None
        self.ring = Stretch(0)
        self._gathered = 0
        self._cursors: set[LogCursor] = set()
        self._waiting: set[LogCursor] = set()
        self._moving: list[int] = []
        """Where the readers are who take what they are sent, from the rearmost on."""
        self._looked_at = -_LOOK_SECONDS

    # --- subscribers -----------------------------------------------------------------------

    def add(self, cursor: "LogCursor") -> None:
        """Wake `cursor` at every publication from now on."""
        self._cursors.add(cursor)

    def remove(self, cursor: "LogCursor") -> None:
        """Forget `cursor`."""
        self._cursors.discard(cursor)
        self._waiting.discard(cursor)

    def wait(self, cursor: "LogCursor") -> None:
        """`cursor` has read everything; wake it when there is more."""
        self._waiting.add(cursor)
        self._gathered = 0

    @property
    def cursors(self) -> "frozenset[LogCursor]":
        """Who subscribes."""
        return frozenset(self._cursors)

    def is_followed(self, position: int, now: float) -> bool:
        """Whether a reader who moves, of many, is close behind `position` and not abreast."""
        if len(self._cursors) < MANY_READERS:
            return False
        if now >= self._looked_at + _LOOK_SECONDS:
            self._looked_at = now
            moving = (each for each in self._cursors if each.last_taken > now - MOVING_SECONDS)
            self._moving = sorted([each.position for each in moving if each.position is not None])
        index = bisect_left(self._moving, position - CLOSE_ENTRIES)
        return index < len(self._moving) and self._moving[index] < position - ABREAST_ENTRIES

    # --- entries ---------------------------------------------------------------------------

    def publish(self, span: LogSpan) -> None:
        """Append committed lines and wake who waits for them."""
        if self.next_seq != span.start:
            self._begin(span.start)
        self.ring.extend(span.blocks)
        self.ring.shorten(RING_BYTES)
        self.next_seq = self.ring.end
        self._wake(sum([len(block.messages) for block in span.blocks]))

    # --- helpers ---------------------------------------------------------------------------

    def _begin(self, seq: int) -> None:
        """Entries begin, or begin anew after what the store lost."""
        self.ring = Stretch(seq)
        self.pages.clear()
        for cursor in self._cursors:
            cursor.begin_at(seq)

    def _wake(self, size: int) -> None:
        """Who waits is woken; once much has gathered, nobody waits for a tick."""
        self._gathered += size
        if self._gathered >= PULL_BYTES:
            self._gathered = 0
            self._waiting.clear()
            for cursor in self._cursors:
                cursor.wake(at_once=True)
        elif self._waiting:
            woken, self._waiting = self._waiting, set()
            for cursor in woken:
                cursor.wake()
