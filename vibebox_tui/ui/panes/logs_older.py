"""What was before the lines in memory: fetched from the servers when one goes there."""

from collections.abc import Sequence

from vibebox_tui.logs.backlog import Backlog
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import LogPage
from vibebox_tui.ui.panes.logs_extent import FETCH_LINES, Extent, Origins, Pages


class OlderLines:
    """Fetches what was before the oldest lines of `extent`, whose sources may be several.

    Of several logs only such lines are given out behind which no other log can have another one.
    """

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._backlog = Backlog()
        self._dropped = extent.ring.dropped
        self._first_seqs: dict[int, int] = {}

    @property
    def has_begun(self) -> bool:
        """Whether there is nothing before what was given out."""
        return self._dropped == self._extent.ring.dropped and self._backlog.has_begun

    @property
    def lost_lines(self) -> int:
        """How many lines of the beginning the servers no longer have."""
        return sum(max(0, first - 1) for first in self._first_seqs.values())

    def put(self, source: int, entries: Sequence[LogEntry]) -> Pages:
        """Take a source's history as far as it came by itself; what can be given out by now."""
        if not entries and self._backlog.knows(source):
            return []
        self._extent.note(source, entries)
        is_all = not entries or entries[0].seq in (1, None)
        self._backlog.put(source, entries, has_begun=is_all)
        return self._backlog.take()

    async def fetch(self, origins: Origins) -> Pages:
        """The lines before what there is. Nothing where there is none, or none yet: `has_begun`
        tells. Raises VibeBoxError.
        """
        if self._dropped != self._extent.ring.dropped:
            self._dropped = self._extent.ring.dropped
            self._backlog.start_over()
        bounds = self._extent.bounds()
        for source in origins:
            if not self._backlog.knows(source):
                self._backlog.put(source, [], has_begun=False)
        for source in self._backlog.wanted():
            if source not in origins or source not in bounds:
                self._backlog.put(source, [], has_begun=True)
                continue
            before = self._backlog.oldest_waiting(source) or bounds[source].start
            client, environment_id = origins[source]
            page = await client.rest.logs(environment_id, before_seq=before, limit=FETCH_LINES)
            self.put_page(source, page)
        return self.take()

    def put_page(self, source: int, page: LogPage) -> None:
        """Take the page before all that there was of a source."""
        first = 1 if page.first_seq is None else page.first_seq
        has_begun = not page.data or (page.data[0].seq or 0) <= first
        if has_begun:
            self._first_seqs[source] = first
        self._backlog.put(source, page.data, has_begun=has_begun)

    def take(self) -> Pages:
        """What can be given out of what was put."""
        return self._backlog.take()
