"""An environment's live log: a ring of encoded entries that all subscribers read from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.server.log_pages import LogPages, LogSource
from vibebox_tui.server.log_view import CHUNK_BYTES, EncodedEntry, LogView, chunk_end

if TYPE_CHECKING:
    from vibebox_tui.server.log_cursor import LogCursor

RING_BYTES: Final = 2 * 1024 * 1024
"""Encoded entries kept in memory; whoever is further behind is served from the store."""

_SHARED_RENDERINGS: Final = 16
"""Renderings kept for the other subscribers, the latest: chunks of about 64 KiB."""


class LogChannel:
    """The newest entries of one environment, while anybody subscribes to them.

    `next_seq` is the number that the next entry will have, None until one was published.
    """

    def __init__(self, environment_id: str, source: LogSource) -> None:
        self.environment_id = environment_id
        self.pages = LogPages(environment_id, source)
        self.next_seq: int | None = None
        self._entries: list[EncodedEntry] = []
        self._bytes = 0
        self._gathered = 0
        self._cursors: set[LogCursor] = set()
        self._waiting: set[LogCursor] = set()
        self._ends: dict[int, int] = {}
        self._rendered: dict[tuple[int, int, LogView], tuple[int, bytes]] = {}

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

    # --- entries ---------------------------------------------------------------------------

    def publish(self, entries: Sequence[LogEntry]) -> None:
        """Append committed entries and wake who waits for them."""
        encoded = [EncodedEntry(entry) for entry in entries]
        if not encoded:
            return
        if self.next_seq != encoded[0].seq:
            self._begin(encoded[0].seq)
        self._append(encoded)
        self._wake()

    @property
    def first_seq(self) -> int | None:
        """The oldest entry in the ring; None while it is empty."""
        return self._entries[0].seq if self._entries else None

    def holds(self, position: int) -> bool:
        """Whether the entry `position` can be taken from the ring."""
        first = self.first_seq
        return first is not None and first <= position < first + len(self._entries)

    def take(self, position: int, view: LogView, limit: int | None = None) -> tuple[int, bytes]:
        """The next chunk from `position` (in the ring), and the position after it.

        `limit` is a position not to be passed. The frames are rendered once for all subscribers
        that read the same entries in the same form.
        """
        end = self._chunk_end(position, limit)
        key = (position, end, view)
        known = self._rendered.get(key)
        if known is None:
            known = (end, view.render(self._slice(position, end), end - 1))
            if len(self._rendered) >= _SHARED_RENDERINGS:
                del self._rendered[next(iter(self._rendered))]
            self._rendered[key] = known
        return known

    # --- helpers ---------------------------------------------------------------------------

    def _begin(self, seq: int) -> None:
        """Entries begin, or begin anew after what the store lost."""
        self._entries.clear()
        self._ends.clear()
        self._rendered.clear()
        self._bytes = 0
        self.pages.clear()
        for cursor in self._cursors:
            cursor.begin_at(seq)

    def _append(self, encoded: list[EncodedEntry]) -> None:
        size = sum([len(entry.json) for entry in encoded])
        self._entries += encoded
        self._bytes += size
        self._gathered += size
        self.next_seq = encoded[-1].seq + 1
        self._ends.clear()
        self._trim()

    def _trim(self) -> None:
        excess = 0
        while self._bytes > RING_BYTES and excess < len(self._entries) - 1:
            self._bytes -= len(self._entries[excess].json)
            excess += 1
        del self._entries[:excess]

    def _wake(self) -> None:
        """Who waits is woken; once much has gathered, nobody waits for a tick."""
        if self._gathered >= CHUNK_BYTES:
            self._gathered = 0
            self._waiting.clear()
            for cursor in self._cursors:
                cursor.wake(at_once=True)
        elif self._waiting:
            woken, self._waiting = self._waiting, set()
            for cursor in woken:
                cursor.wake()

    def _chunk_end(self, position: int, limit: int | None) -> int:
        end = self._ends.get(position)
        if end is None:
            first = self._entries[0].seq
            end = self._ends[position] = first + chunk_end(self._entries, position - first)
        return end if limit is None else min(end, limit)

    def _slice(self, position: int, end: int) -> list[EncodedEntry]:
        first = self._entries[0].seq
        return self._entries[position - first : end - first]
