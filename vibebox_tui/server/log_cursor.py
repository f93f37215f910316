"""One subscriber's place in an environment's log: history from the store, then the live ring."""

import asyncio
import logging
from collections import deque
from datetime import datetime
from typing import Final

from vibebox_tui.protocol.codec import InvalidMessageError, encode
from vibebox_tui.protocol.messages import (
    LogEntry,
    LogGap,
    LogGapReport,
    LogLive,
    LogLiveMark,
    LogSubscribed,
    LogSubscribeRequest,
    LogSubscription,
    Message,
    SeqRange,
)
from vibebox_tui.server.frames import frame, now_ms
from vibebox_tui.server.log_channel import LogChannel
from vibebox_tui.server.log_pages import LogSource
from vibebox_tui.server.log_stretch import Stretch
from vibebox_tui.server.log_view import LogView
from vibebox_tui.server.records import LogBounds
from vibebox_tui.server.writer import Cursor, Writer

_log = logging.getLogger(__name__)

MAX_TAIL: Final = 100_000
"""Lines of history that a subscription may ask for; more is to be had by REST."""


class LogCursor(Cursor):
    """Delivers a log from a position on, each entry exactly once and in order.

    What the ring no longer holds is read from the store, a page at a time and only while the
    peer takes it, so that the slowest reader costs one page. `position` is the next entry's
    `seq`; None before anything was published.
    """

    def __init__(
        self, channel: LogChannel, view: LogView, writer: Writer, source: LogSource
    ) -> None:
        self.view = view
        self.position = channel.next_seq
        self._channel = channel
        self._writer = writer
        self._source = source
        self._marks: deque[bytes] = deque()
        self._page: Stretch | None = None
        self._live_at: int | None = None
        self._begun = False
        self._fetching: asyncio.Task[None] | None = None

    # --- beginning and end -----------------------------------------------------------------

    def begin(self) -> None:
        """Deliver what is published from now on."""
        self._begun = True
        self._channel.add(self)
        self._channel.wait(self)

    async def begin_with_history(self, request: LogSubscribeRequest) -> None:
        """Deliver the history that `request` asks for, then what is published."""
        since = start_time(request)
        self._channel.add(self)
        bounds = await self._source.log_bounds(request.environment_id)
        gap = _gap(request, bounds)
        self.position = await self._start(request, bounds, since, gap)
        self._live_at = bounds.next_seq
        self._begun = True
        self._mark(
            LogSubscribed(
                LogSubscription(
                    request.environment_id, request.request_id or "", bounds.epoch, gap
                ),
                now_ms(),
            )
        )
        self.wake(at_once=True)

    def close(self) -> None:
        """Deliver nothing more."""
        self._channel.remove(self)
        self._writer.discard(self)
        if self._fetching is not None:
            self._fetching.cancel()

    # --- for the channel -------------------------------------------------------------------

    def begin_at(self, seq: int) -> None:
        """The channel's entries begin at `seq`; who waits for the first goes on from there."""
        if self.position is None:
            self.position = seq

    def wake(self, *, at_once: bool = False) -> None:
        """There is more."""
        self._writer.due(self, at_once=at_once)

    # --- for the writer --------------------------------------------------------------------

    @property
    def lag(self) -> int:
        """Entries that have been published and not sent."""
        last = self._channel.next_seq
        return 0 if last is None or self.position is None else max(0, last - self.position)

    @property
    def has_more(self) -> bool:
        """Whether another `pull` would bring more at once."""
        if self._fetching is not None or not self._begun:
            return bool(self._marks)
        return bool(self._marks) or self._is_behind

    @property
    def may_wait(self) -> bool:
        """Whether it had better wait for a tick: others are close behind who will read the same."""
        position = self.position
        return position is not None and self._channel.is_followed(position, self._writer.now)

    @property
    def last_taken(self) -> float:
        """When its peer took something last, by the clock of all writers."""
        return self._writer.last_write

    def pull(self, budget: int) -> list[bytes]:
        """Take the next frames: marks, then the page from the store, then the ring."""
        frames: list[bytes] = []
        begun_at = self.position
        while budget > 0:
            data = self._next()
            if data is None:
                break
            if data:
                frames.append(data)
                budget -= len(data)
            if self.position == self._channel.next_seq and not self.has_more:
                self._channel.wait(self)
                break
        if frames and begun_at is not None and self.position is not None:
            self._writer.traffic.sent["log"] += self.position - begun_at
        return frames

    # --- helpers ---------------------------------------------------------------------------

    @property
    def _is_behind(self) -> bool:
        """Whether there is something to send that is published already."""
        if self._live_at is not None:
            return True
        last = self._channel.next_seq
        return self.position is not None and last is not None and self.position < last

    def _next(self) -> bytes | None:
        """The next chunk, empty where nothing of it matched; None where nothing is at hand."""
        if self._marks:
            return self._marks.popleft()
        if self._fetching is not None or not self._begun or self.position is None:
            return None
        if self._live_at is not None and self.position >= self._live_at:
            return self._go_live()
        held = self._holder(self.position)
        if held is not None:
            self.position, data = held.take(self.position, self.view, self._live_at)
            return data
        if self._is_behind:
            self._fetching = asyncio.create_task(self._fetch(self.position))
        else:
            self._channel.wait(self)
        return None

    def _holder(self, position: int) -> Stretch | None:
        """Where the entry `position` is at hand: in the ring or in a page from the store."""
        ring = self._channel.ring
        if ring.holds(position):
            self._page = None
            return ring
        if self._page is None or not self._page.holds(position):
            self._page = self._channel.pages.known(position)
        if self._page is None or not self._page.holds(position):
            return None
        if self._page.end < ring.start:
            self._channel.pages.read_ahead(self._page.end)
        return self._page

    def _go_live(self) -> bytes:
        next_seq, self._live_at = self._live_at or 0, None
        request_id = self.view.request_id or ""
        return self._frame(
            LogLive(LogLiveMark(self.view.environment_id, request_id, next_seq), now_ms())
        )

    async def _fetch(self, position: int) -> None:
        """Have the page with `position` read, unless somebody else does."""
        try:
            await self._read_page(position)
        except Exception:
            _log.exception(
                "the log of %s can't be read", self.view.environment_id, extra=self._writer.about
            )
            self._writer.fail("the log can't be read")
            return
        finally:
            self._fetching = None
        self.wake(at_once=True)

    async def _read_page(self, position: int) -> None:
        self._page = page = await self._channel.pages.page(position)
        if page.start > position:
            first = page.start if self._live_at is None else min(page.start, self._live_at)
            self._overtaken(position, first - 1)
            self.position = first

    def _overtaken(self, first: int, last: int) -> None:
        """Retention deleted entries before they were sent."""
        self._writer.traffic.dropped["log entries"] += last - first + 1
        if self.view.is_extended:
            report = LogGapReport(self.view.environment_id, first, last, self.view.request_id)
            self._mark(LogGap(report, now_ms()))

    async def _start(
        self,
        request: LogSubscribeRequest,
        bounds: LogBounds,
        since: int | None,
        gap: SeqRange | None,
    ) -> int:
        """The position at which the history begins."""
        first = bounds.next_seq if bounds.first_seq is None else bounds.first_seq
        if isinstance(request.since, int):
            return first if gap else max(request.since + 1, first)
        if since is not None:
            found = await self._source.read_logs(
                request.environment_id, since=since, stream=request.stream, limit=1
            )
            return min(_seq(found[0]), bounds.next_seq) if found else bounds.next_seq
        tail = min(request.tail or 0, MAX_TAIL)
        if tail and request.stream != "all":
            found = await self._source.read_logs(
                request.environment_id,
                before_seq=bounds.next_seq,
                stream=request.stream,
                limit=tail,
            )
            return _seq(found[0]) if found else bounds.next_seq
        return max(first, bounds.next_seq - tail)

    def _mark(self, message: Message) -> None:
        self._marks.append(self._frame(message))

    def _frame(self, message: Message) -> bytes:
        return frame(encode(message), self.view.form)


def _gap(request: LogSubscribeRequest, bounds: LogBounds) -> SeqRange | None:
    """What a resume can no longer have: deleted by retention, or numbered in another epoch."""
    if not isinstance(request.since, int):
        return None
    wanted = request.since + 1
    first = bounds.next_seq if bounds.first_seq is None else bounds.first_seq
    foreign = request.epoch is not None and request.epoch != bounds.epoch
    if foreign or wanted > bounds.next_seq:
        return SeqRange(wanted, max(wanted, first - 1))
    return SeqRange(wanted, first - 1) if wanted < first else None


def start_time(request: LogSubscribeRequest) -> int | None:
    """The time since which history is wanted, in milliseconds since the epoch, if by time.

    Raises:
        InvalidMessageError: `since` is neither a sequence number nor a time.
    """
    if not isinstance(request.since, str):
        return None
    try:
        moment = datetime.fromisoformat(request.since)
    except ValueError as error:
        raise InvalidMessageError("not a time as in RFC 3339", "payload.since") from error
    if moment.tzinfo is None:
        raise InvalidMessageError("a time needs its offset from UTC", "payload.since")
    return round(moment.timestamp() * 1000)


def _seq(entry: LogEntry) -> int:
    if entry.seq is None:
        raise ValueError("an entry has a seq once it is committed")
    return entry.seq
