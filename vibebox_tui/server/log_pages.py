"""Pages of a log from the store, shared by all who are behind: read once, rendered once."""

import asyncio
from typing import Final, Protocol

from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.server.log_block import LogSpan
from vibebox_tui.server.log_stretch import Stretch
from vibebox_tui.server.records import LogBounds

PAGE_ENTRIES: Final = 1024
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

    async def read_span(self, environment_id: str, start: int, end: int) -> LogSpan: ...


class LogPages:
    """The pages of one environment's log that somebody has read lately."""

    def __init__(self, environment_id: str, source: LogSource) -> None:
        self._environment_id = environment_id
        self._source = source
        self._pages: dict[int, Stretch] = {}
        self._reading: dict[int, asyncio.Task[Stretch]] = {}

    def known(self, position: int) -> Stretch | None:
        """The page with `position`, where it is at hand."""
        start = _start_of(position)
        page = self._pages.pop(start, None)
        if page is not None:
            self._pages[start] = page  # the latest one again
        return page

    async def page(self, position: int) -> Stretch:
        """The page with `position`, from where it is kept; it may end before that.

        Raises StoreError.
        """
        return await asyncio.shield(self._begin(_start_of(position)))

    def read_ahead(self, position: int) -> None:
        """Have the page with `position` at hand by the time that somebody gets there.

        Who waits for pages falls behind those who needn't, and then needs pages of its own.
        """
        start = _start_of(position)
        if start not in self._pages:
            self._begin(start)

    def clear(self) -> None:
        """Forget all pages: the log has begun anew."""
        self._pages.clear()

    def _begin(self, start: int) -> asyncio.Task[Stretch]:
        reading = self._reading.get(start)
        if reading is None:
            reading = asyncio.create_task(self._read(start), name="a page of a log")
            self._reading[start] = reading
            reading.add_done_callback(lambda _: self._reading.pop(start, None))
        return reading

    async def _read(self, start: int) -> Stretch:
        whole = start + PAGE_ENTRIES
        span = await self._source.read_span(self._environment_id, start, whole)
        # What retention has deleted is not at the beginning of it.
        page = Stretch(span.start, span.blocks)
        if page.end == whole:
            self._keep(start, page)
        return page

    def _keep(self, start: int, page: Stretch) -> None:
        self._pages[start] = page
        kept = sum(page.weight for page in self._pages.values())
        while kept > _KEPT_BYTES and len(self._pages) > 1:
            kept -= self._pages.pop(next(iter(self._pages))).weight


def _start_of(position: int) -> int:
    """Where the page begins that has `position`; entries are numbered from 1."""
    return position - (position - 1) % PAGE_ENTRIES
