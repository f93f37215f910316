"""One reader's place in a log: what it has got, and how it catches up where it can't follow."""

import asyncio
import logging
from bisect import bisect_right
from operator import attrgetter
from typing import Final, Protocol

from vibebox_tui.client.clock import Clock
from vibebox_tui.client.errors import ApiError, ClientError
from vibebox_tui.client.events import LogEvent, LogHole, LogLines, LogLiveNow
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.protocol.models import LogPage

_log = logging.getLogger(__name__)

PAGE_LINES: Final = 1000
"""Lines asked for at once when catching up."""

RETRY_DELAY: Final = 1.0
"""Seconds before another try where a page can't be had, and between two looks at an end."""

RETENTION: Final = "the server no longer has them"
OTHER_EPOCH: Final = "the server's log store was replaced or lost its end"
"""Why lines can't be had any more."""

_NOT_FOUND: Final = 404

_seq_of = attrgetter("seq")


class Source(Protocol):
    """The feed, as far as its readers look at it."""

    @property
    def cursor(self) -> int | None:
        """The number of the last line that the feed has delivered; None: not known."""
        ...

    @property
    def epoch(self) -> str | None:
        """Which numbering that belongs to."""
        ...


def after(entries: list[LogEntry], cursor: int | None) -> list[LogEntry]:
    """The numbered `entries` after `cursor`; the list itself where that is all of them."""
    if cursor is None or not entries or _number(entries[0]) > cursor:
        return entries
    return entries[bisect_right(entries, cursor, key=_seq_of) :]


class LogReader:
    """Feeds one subscription, from the feed while it keeps up, else page by page from REST."""

    def __init__(
        self,
        environment_id: str,
        subscription: Subscription[LogEvent],
        *,
        stream: StreamFilter,
        tail: int,
        rest: RestClient,
        clock: Clock,
    ) -> None:
        self.subscription = subscription
        self.stream: StreamFilter = stream
        self.tail = tail
        self.cursor: int | None = None
        """The number up to which everything has been put into the subscription."""
        self.is_behind = False
        """Whether it pulls by itself what the feed has already delivered to others."""
        self.environment_id = environment_id
        self._rest = rest
        self._clock = clock
        self._source: Source | None = None
        self._wants_history = False
        self._pulling: asyncio.Task[None] | None = None

    # --- from the feed ---------------------------------------------------------------------

    def offer(
        self, entries: list[LogEntry], through: int, *, filtered: bool, history: bool
    ) -> None:
        """Take numbered entries up to `through`, or fall behind where there is no room."""
        if self.is_behind or (self.cursor is not None and through <= self.cursor):
            return
        if self.subscription.room <= 0:
            self.is_behind = True
            return
        self._put(after(entries, self.cursor), filtered=filtered, history=history)
        self.cursor = through

    def offer_unnumbered(self, entries: list[LogEntry]) -> None:
        """Take entries that can't be had again, room or not."""
        self._put(entries, filtered=False, history=False)

    def start_over(self) -> None:
        """The numbering is another, or jumps: whatever comes next is new."""
        if not self.is_behind:
            self.cursor = None

    # --- by itself -------------------------------------------------------------------------

    def join(self, source: Source) -> None:
        """Begin beside readers that are already served: get the history by itself."""
        self._source = source
        self.is_behind = self._wants_history = True
        self._pull_if_due()

    def drained(self, source: Source) -> None:
        """The reader has taken something: there may be room to catch up."""
        self._source = source
        self._pull_if_due()

    def close(self) -> asyncio.Task[None] | None:
        """Pull no more; the task to wait for, if one was busy."""
        if self._pulling is not None:
            self._pulling.cancel()
        return self._pulling

    # ---------------------------------------------------------------------------------------

    def _pull_if_due(self) -> None:
        half_empty = self.subscription.room >= self.subscription.capacity // 2
        if self.is_behind and half_empty and self._pulling is None:
            self._pulling = asyncio.create_task(self._pull(), name="log catch-up")
            self._pulling.add_done_callback(self._pulled)

    def _pulled(self, task: asyncio.Task[None]) -> None:
        self._pulling = None
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            _log.error("catching up with a log failed", exc_info=error)
            self.subscription.fail(ClientError(f"the log can't be read: {error}"))
        elif not self.subscription.is_closed:
            self._pull_if_due()

    async def _pull(self) -> None:
        while self.is_behind and self.subscription.room > 0 and not self.subscription.is_closed:
            try:
                page = await self._next_page()
            except ApiError as error:
                if error.status == _NOT_FOUND:
                    self.subscription.fail(error)
                    return
                await self._clock.sleep(error.retry_after or RETRY_DELAY)
            except ClientError:
                await self._clock.sleep(RETRY_DELAY)
            else:
                self._take(page)
                if self.is_behind and not page.data:
                    await self._clock.sleep(RETRY_DELAY)

    async def _next_page(self) -> LogPage:
        if self.cursor is None:
            tail = max(self.tail, 1)
            return await self._rest.logs(self.environment_id, tail=tail, stream=self.stream)
        return await self._rest.logs(
            self.environment_id, since_seq=self.cursor, limit=PAGE_LINES, stream=self.stream
        )

    def _take(self, page: LogPage) -> None:
        self._note_hole(page)
        was_first = self.cursor is None
        entries = after(page.data, self.cursor)
        if not (was_first and self.tail == 0):
            self._put(entries, filtered=True, history=self._wants_history)
        is_last = was_first or len(page.data) < PAGE_LINES
        self.cursor = page.next_seq - 1 if is_last else _number(page.data[-1])
        target = self._source.cursor if self._source else None
        if target is not None and self.cursor >= target:
            self.is_behind = False
            if self._wants_history:
                self._wants_history = False
                self.subscription.put(LogLiveNow())

    def _note_hole(self, page: LogPage) -> None:
        first = page.next_seq if page.first_seq is None else page.first_seq
        epoch = self._source.epoch if self._source else None
        if self.cursor is None:
            return
        if (epoch is not None and page.epoch != epoch) or page.next_seq <= self.cursor:
            self.subscription.put(LogHole(None, None, OTHER_EPOCH))
            self.cursor = first - 1
        elif first > self.cursor + 1:
            self.subscription.put(LogHole(self.cursor + 1, first - 1, RETENTION))

    def _put(self, entries: list[LogEntry], *, filtered: bool, history: bool) -> None:
        if not filtered and self.stream != "all":
            entries = [entry for entry in entries if entry.stream == self.stream]
        if entries:
            self.subscription.put(LogLines(entries, history), len(entries))


def _number(entry: LogEntry) -> int:
    return entry.seq or 0
