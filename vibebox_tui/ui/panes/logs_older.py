"""What was before the lines in memory: fetched from the servers when one goes there."""

from collections.abc import Mapping, Sequence
from typing import Final

from vibebox_tui.client.client import Client
from vibebox_tui.logs.backlog import Backlog
from vibebox_tui.logs.ring import Ring
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import LogPage

FETCH_LINES: Final = 1000
"""Older lines that are fetched of a log at a time."""

Older = list[tuple[int, list[LogEntry]]]
"""Entries by their source, oldest first."""


class OlderLines:
    """Fetches what was before the oldest lines of `ring`, whose sources may be several.

    Of several logs only such lines are given out behind which no other log can have another one.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._backlog = Backlog()
        self._dropped = ring.dropped
        self._ends: dict[int, int] = {}
        """Of each source the number after the newest line that was seen of it."""
        self._first_seqs: dict[int, int] = {}

    @property
    def has_begun(self) -> bool:
        """Whether there is nothing before what was given out."""
        return self._dropped == self._ring.dropped and self._backlog.has_begun

    @property
    def lost_lines(self) -> int:
        """How many lines of the beginning the servers no longer have."""
        return sum(max(0, first - 1) for first in self._first_seqs.values())

    def note(self, source: int, entries: Sequence[LogEntry]) -> None:
        """Take note of what was seen of a source."""
        if entries and entries[-1].seq:
            self._ends[source] = max(self._ends.get(source, 0), entries[-1].seq + 1)

    def put(self, source: int, entries: Sequence[LogEntry]) -> Older:
        """Take a source's history as far as it came by itself; what can be given out by now."""
        self.note(source, entries)
        is_all = not entries or entries[0].seq in (1, None)
        self._backlog.put(source, entries, has_begun=is_all)
        return self._backlog.take()

    async def fetch(self, sources: Mapping[int, tuple[Client, str]]) -> Older:
        """The lines before, of each source by its client and its environment's id.

        Nothing where there is none, or none yet: `has_begun` tells. Raises VibeBoxError.
        """
        if self._dropped != self._ring.dropped:
            self._dropped = self._ring.dropped
            self._backlog.start_over()
        oldest = self._ring.oldest_seqs()
        for source in sources:
            if not self._backlog.knows(source):
                self._backlog.put(source, [], has_begun=False)
        for source in self._backlog.wanted():
            before = self._backlog.oldest_waiting(source)
            before = before or oldest.get(source, self._ends.get(source))
            if source not in sources or before is None:
                self._backlog.put(source, [], has_begun=True)
                continue
            client, environment_id = sources[source]
            page = await client.rest.logs(environment_id, before_seq=before, limit=FETCH_LINES)
            self._take(source, page)
        return self._backlog.take()

    def _take(self, source: int, page: LogPage) -> None:
        first = 1 if page.first_seq is None else page.first_seq
        has_begun = not page.data or (page.data[0].seq or 0) <= first
        if has_begun:
            self._first_seqs[source] = first
        self._backlog.put(source, page.data, has_begun=has_begun)
