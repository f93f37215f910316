"""Pages of a log from the store, shared by all who are behind: read once, rendered once."""

import asyncio
from typing import Final, Protocol

from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.server.log_view import EncodedEntry, LogView, chunk_end
from vibebox_tui.server.records import LogBounds

PAGE_ENTRIES: Final = 512
"""Entries of a page, which begins after a multiple of it, so that those who are behind meet in the
same pages; at 10,000 characters each it bounds what a slow reader costs."""

_KEPT_BYTES: Final = 4 * 1024 * 1024
"""Of the pages read last that are kept for others, rendered ones counted; one at least."""


class LogSource(Protocol):
    """The part of the store that a subscriber reads."""

    async def log_bounds(self, environment_id: str) -> LogBounds: ...

    async def read_logs(
        self,
        environment_id: str,
        *,
        after_seq: int | None = None,
        before_seq: int | None = None,
        since: int | None = None,
        stream: StreamFilter = "all",
        limit: int = 1000,
    ) -> list[LogEntry]: ...


class LogPage:
    """The entries from `start` up to `end` (exclusive); what was before them is deleted."""

    def __init__(self, end: int, entries: list[EncodedEntry]) -> None:
        self.start = entries[0].seq if entries else end
        self.end = end
        self._entries = entries
        self._ends: dict[int, int] = {}
        self._rendered: dict[tuple[int, int, LogView], tuple[int, bytes]] = {}
        self.bytes = sum([len(entry.json) for entry in entries])

    def holds(self, position: int) -> bool:
        """Whether the entry `position` can be taken from it."""
        return self.start <= position < self.end

    def take(self, position: int, view: LogView, limit: int | None) -> tuple[int, bytes]:
        """The next chunk from `position`, and the position after it; see `LogChannel.take`."""
        end = self._ends.get(position)
        if end is None:
            end = self.start + chunk_end(self._entries, position - self.start)
            self._ends[position] = end
        if limit is not None:
            end = min(end, limit)
        key = (position, end, view)
        known = self._rendered.get(key)
        if known is None:
            entries = self._entries[position - self.start : end - self.start]
            data = view.render(entries, end - 1)
            known = self._rendered[key] = (end, data)
            self.bytes += len(data)
        return known


class LogPages:
    """The pages of one environment's log that somebody has read lately."""

    def __init__(self, environment_id: str, source: LogSource) -> None:
        self._environment_id = environment_id
        self._source = source
        self._pages: dict[int, LogPage] = {}
        self._reading: dict[int, asyncio.Task[LogPage]] = {}

    def known(self, position: int) -> LogPage | None:
        """The page with `position`, where it is at hand."""
        start = _start_of(position)
        page = self._pages.pop(start, None)
        if page is not None:
            self._pages[start] = page  # the latest one again
        return page

    async def page(self, position: int) -> LogPage:
        """The page with `position`, from where it is kept; it may end before that.

        Raises StoreError.
        """
        start = _start_of(position)
        reading = self._reading.get(start)
        if reading is None:
            reading = asyncio.create_task(self._read(start), name="a page of a log")
            self._reading[start] = reading
            reading.add_done_callback(lambda _: self._reading.pop(start, None))
        return await asyncio.shield(reading)

    def clear(self) -> None:
        """Forget all pages: the log has begun anew."""
        self._pages.clear()

    async def _read(self, start: int) -> LogPage:
        bounds = await self._source.log_bounds(self._environment_id)
        whole = start + PAGE_ENTRIES
        end = min(whole, bounds.next_seq)
        entries = await self._source.read_logs(
            self._environment_id, after_seq=start - 1, before_seq=end, limit=PAGE_ENTRIES
        )
        page = LogPage(end, [EncodedEntry(entry) for entry in entries])
        if end == whole:
            self._keep(start, page)
        return page

    def _keep(self, start: int, page: LogPage) -> None:
        self._pages[start] = page
        excess = sum(kept.bytes for kept in self._pages.values()) - _KEPT_BYTES
        while excess > 0 and len(self._pages) > 1:
            excess -= self._pages.pop(next(iter(self._pages))).bytes


def _start_of(position: int) -> int:
    """Where the page begins that has `position`; entries are numbered from 1."""
    return position - (position - 1) % PAGE_ENTRIES
