"""All that the servers have of some logs, by time: fetched page by page while it is written."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from vibebox_tui.client.client import Client
from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.ring import Line
from vibebox_tui.logs.sift import Sifter
from vibebox_tui.protocol.models import LogPage

PAGE_LINES: Final = 1000
"""Lines that are asked for at once; what every server of ours gives."""

Fetch = Callable[[Client, str, int], LogPage]
"""Gives the lines of an environment after a sequence number; blocks, raises VibeBoxError."""


class Everything:
    """The lines of some logs as the servers have them now, oldest first; what is logged from now
    on doesn't belong to it. Made and iterated by a thread.

    `missing` counts what retention deleted before it was fetched.
    """

    def __init__(self, origins: Mapping[int, tuple[Client, str]], fetch: Fetch) -> None:
        self.missing = 0
        self._origins = origins
        self._fetch = fetch
        self._first_pages = {source: fetch(*origin, 0) for source, origin in origins.items()}

    def __len__(self) -> int:
        """How many lines these are, as far as one can know."""
        return sum(
            page.next_seq - page.first_seq
            for page in self._first_pages.values()
            if page.first_seq is not None
        )

    def __iter__(self) -> Iterator[Line]:
        logs = [_records(self._lines(source)) for source in self._origins]
        for record in heapq.merge(*logs, key=lambda record: record[0].time):
            yield from record

    def _lines(self, source: int) -> Iterator[Line]:
        sifter = Sifter(Selection())
        page = self._first_pages[source]
        end = page.next_seq
        after = (page.first_seq or end) - 1
        while page.data and after < end - 1:
            entries = [entry for entry in page.data if entry.seq and entry.seq < end]
            if not entries:
                return
            self.missing += max(0, (entries[0].seq or 0) - after - 1)
            for line in sifter.take(entries):
                yield line._replace(source=source)
            after = entries[-1].seq or end
            page = self._fetch(*self._origins[source], after)


def _records(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines that belong together, together."""
    record: list[Line] = []
    for line in lines:
        if record and not line.is_continuation:
            yield record
            record = []
        record.append(line)
    if record:
        yield record
