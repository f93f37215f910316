"""One reader's place in a log: what it has got, and how it catches up where it can't follow."""

import asyncio
import logging
from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple, Protocol

from vibebox_tui.client.clock import Clock
from vibebox_tui.client.errors import ApiError, ClientError
from vibebox_tui.client.events import LogEvent, LogHole, LogLines, LogLiveNow, LogResumed
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


class LogCursor(NamedTuple):
    """Up to where a log has been read: a line's number, and which numbering that is of."""

    seq: int
    epoch: str | None = None


class Source(Protocol):
    """The feed, as far as its readers look at it."""

    @property
    def cursor(self) -> int | None:
        """The number of the last line that the feed has delivered; None: not known."""
        ...


def after(entries: list[LogEntry], cursor: int | None) -> list[LogEntry]:
    """The numbered `entries` after `cursor`; the list itself where that is all of them."""
    if cursor is None or not entries or _number(entries[0]) > cursor:
        return entries
    return entries[bisect_right(entries, cursor, key=_seq_of) :]


@dataclass(slots=True)
class Interruption:
    """What an interruption of the link has meant for one reader so far.

    `resumed` is when it was lost and when the log went on, and whether the numbers prove
    something; None while it lasts.
    """

    caught_up: int = 0
    missing: int = 0
    is_whole: bool = True
    resumed: tuple[float, float, bool] | None = None

    def event(self) -> LogResumed | None:
        """What the reader is told once it is over."""
        if self.resumed is None:
            return None
        lost_at, restored_at, is_proven = self.resumed
        complete = self.is_whole and not self.missing
        return LogResumed(
            lost_at, restored_at, self.caught_up, complete if is_proven else None, self.missing
        )


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
        after: LogCursor | None = None,
    ) -> None:
        self.subscription = subscription
        self.stream: StreamFilter = stream
        self.tail = tail
        self.cursor = after.seq if after else None
        """The number up to which everything has been put into the subscription."""
        self.epoch = after.epoch if after else None
        """Which numbering that belongs to."""
        self._interruption: Interruption | None = None
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
        self,
        entries: list[LogEntry],
        through: int,
        epoch: str | None,
        *,
        filtered: bool,
        history: bool,
    ) -> None:
        """Take numbered entries up to `through`, or fall behind where there is no room."""
        if self.is_behind or (self.cursor is not None and through <= self.cursor):
            return
        if entries and self.subscription.room <= 0:
            self.is_behind = True
            return
        self._put(after(entries, self.cursor), filtered=filtered, history=history)
        self.cursor, self.epoch = through, epoch

    def offer_unnumbered(self, entries: list[LogEntry]) -> None:
        """Take entries that can't be had again, room or not."""
        self._put(entries, filtered=False, history=False)

    def note_hole(self, first: int, last: int, why: str) -> None:
        """Entries can't be had any more; those that this reader has got by itself are no loss."""
        if self.is_behind:
            return
        if self.cursor is not None:
            first = max(first, self.cursor + 1)
        if first <= last:
            self._tell_hole(first, last, why)
            self.cursor = last

    def start_over(self) -> None:
        """The numbering is another: whatever comes next is new."""
        if not self.is_behind:
            self._tell_other_epoch()
            self.cursor, self.epoch = 0, None

    def interrupted(self) -> None:
        """The link is lost: what comes late is counted from now on."""
        self._interruption = self._interruption or Interruption()

    def resumed(self, lost_at: float, now: float, *, is_proven: bool) -> None:
        """The log goes on; who has still to catch up is told once that is done."""
        if self._interruption is None:
            return  # it came in the meantime, and has missed nothing
        before = self._interruption.resumed
        self._interruption.resumed = (before[0] if before else lost_at, now, is_proven)
        if not self.is_behind:
            self._tell_resumed()

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
        self._look_for_holes(page)
        was_first = self.cursor is None
        entries = after(page.data, self.cursor)
        if not (was_first and self.tail == 0):
            self._put(entries, filtered=True, history=self._wants_history)
        is_last = was_first or len(page.data) < PAGE_LINES
        self.cursor = page.next_seq - 1 if is_last else _number(page.data[-1])
        self.epoch = page.epoch
        target = self._source.cursor if self._source else None
        if target is not None and self.cursor >= target:
            self._follow()

    def _follow(self) -> None:
        """The feed has nothing that this reader hasn't got."""
        self.is_behind = False
        self._tell_resumed()
        if self._wants_history:
            self._wants_history = False
            self.subscription.put(LogLiveNow())

    def _look_for_holes(self, page: LogPage) -> None:
        first = page.next_seq if page.first_seq is None else page.first_seq
        if self.cursor is None:
            return
        if self.epoch not in (None, page.epoch) or page.next_seq <= self.cursor:
            self._tell_other_epoch()
            self.cursor = first - 1
        elif first > self.cursor + 1:
            self._tell_hole(self.cursor + 1, first - 1, RETENTION)

    # --- telling ---------------------------------------------------------------------------

    def _tell_hole(self, first: int, last: int, why: str) -> None:
        if self._interruption is not None:
            self._interruption.missing += last - first + 1
        self.subscription.put(LogHole(first, last, why))

    def _tell_other_epoch(self) -> None:
        if self._interruption is not None:
            self._interruption.is_whole = False
        self.subscription.put(LogHole(None, None, OTHER_EPOCH))

    def _tell_resumed(self) -> None:
        event = self._interruption.event() if self._interruption else None
        if event is not None:
            self._interruption = None
            self.subscription.put(event)

    def _put(self, entries: list[LogEntry], *, filtered: bool, history: bool) -> None:
        if not filtered and self.stream != "all":
            entries = [entry for entry in entries if entry.stream == self.stream]
        if entries:
            if self._interruption is not None:
                self._interruption.caught_up += len(entries)
            self.subscription.put(LogLines(entries, history), len(entries))


def _number(entry: LogEntry) -> int:
    return entry.seq or 0
