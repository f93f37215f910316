"""What is after the lines in memory: fetched from the servers when one goes there."""

from vibebox_tui.client.events import LogHole
from vibebox_tui.client.log_reader import RETENTION, LogCursor
from vibebox_tui.logs.onward import Onward
from vibebox_tui.protocol.models import LogPage
from vibebox_tui.ui.panes.logs_extent import FETCH_LINES, Extent, Origins, Pages


class NewerLines:
    """Fetches what is after the newest lines of `extent`, until the logs have no more.

    Of several logs only such lines are given out before which no other log can have another one.
    """

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._onward = Onward()
        self._dropped = extent.ring.dropped_newest
        self._epochs: dict[int, str] = {}
        self._holes: list[tuple[int, LogHole]] = []

    @property
    def has_ended(self) -> bool:
        """Whether the logs had nothing after what was given out."""
        return self._dropped == self._extent.ring.dropped_newest and self._onward.has_ended

    def cursors(self) -> dict[int, LogCursor]:
        """Of each source the place after which it goes on."""
        return {
            source: LogCursor(bounds.end - 1, self._epochs.get(source))
            for source, bounds in self._extent.bounds().items()
        }

    async def fetch(self, origins: Origins) -> Pages:
        """The lines after what there is; nothing where none is, which `has_ended` tells, or where
        the newest lines were dropped meanwhile. Raises VibeBoxError.
        """
        ring = self._extent.ring
        if self._dropped != ring.dropped_newest:
            self._dropped = ring.dropped_newest
            self._onward.start_over()
        bounds = self._extent.bounds()
        for source in self._onward.wanted([each for each in bounds if each in origins]):
            client, environment_id = origins[source]
            after = bounds[source].end - 1
            page = await client.rest.logs(environment_id, since_seq=after, limit=FETCH_LINES)
            if self._dropped != ring.dropped_newest:
                return []
            self.put_page(source, page, after)
        return self.take()

    def put_page(self, source: int, page: LogPage, after: int) -> None:
        """Take the page after the line with that number, which is the last one of a source."""
        is_other = self._epochs.setdefault(source, page.epoch) != page.epoch
        entries = [] if is_other else page.data  # who follows it is told of that
        if entries and page.first_seq is not None and page.first_seq > after + 1:
            self._holes.append((source, LogHole(after + 1, page.first_seq - 1, RETENTION)))
        is_last = not entries or (entries[-1].seq or 0) + 1 >= page.next_seq
        self._onward.put(source, entries, has_ended=is_last)

    def take(self) -> Pages:
        """What can be given out of what was put; to be appended, or it is missing."""
        pages = self._onward.take()
        for source, entries in pages:
            self._extent.note(source, entries)
        return pages

    def take_holes(self) -> list[tuple[int, LogHole]]:
        """What retention has deleted before it could be fetched, by source; each is told once."""
        holes, self._holes = self._holes, []
        return holes
