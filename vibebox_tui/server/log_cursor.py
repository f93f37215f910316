"""One subscriber's place in an environment's log: history from the store, then the live ring."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

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
    StreamFilter,
)
from vibebox_tui.server.frames import frame, now_ms
from vibebox_tui.server.log_channel import LogChannel
from vibebox_tui.server.log_view import EncodedEntry, LogView, chunk_end
from vibebox_tui.server.records import LogBounds
from vibebox_tui.server.writer import Writer

_log = logging.getLogger(__name__)

PAGE_ENTRIES: Final = 500
"""Entries read from the store at a time: at 10,000 characters each this bounds a slow reader."""

MAX_TAIL: Final = 100_000
"""Lines of history that a subscription may ask for; more is to be had by REST."""


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


class LogCursor:
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
        self._page: list[EncodedEntry] = []
        self._page_through = 0
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
    def has_more(self) -> bool:
        """Whether another `pull` would bring more at once."""
        if self._fetching is not None or not self._begun:
            return bool(self._marks)
        return bool(self._marks or self._page) or self._is_behind

    def pull(self, budget: int) -> list[bytes]:
        """Take the next frames: marks, then the page from the store, then the ring."""
        frames: list[bytes] = []
        while budget > 0:
            data = self._next()
            if data is None:
                break
            if data:
                frames.append(data)
                budget -= len(data)
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
        if self._page:
            return self._from_page()
        if self._live_at is not None and self.position >= self._live_at:
            return self._go_live()
        if self._channel.holds(self.position):
            self.position, data = self._channel.take(self.position, self.view, self._live_at)
            return data
        if self._is_behind:
            self._fetching = asyncio.create_task(self._fetch(self.position))
        else:
            self._channel.wait(self)
        return None

    def _from_page(self) -> bytes:
        end = chunk_end(self._page, 0)
        entries, self._page = self._page[:end], self._page[end:]
        through = self._page_through if not self._page else entries[-1].seq
        self.position = through + 1
        return self.view.render(entries, through)

    def _go_live(self) -> bytes:
        next_seq, self._live_at = self._live_at or 0, None
        request_id = self.view.request_id or ""
        return self._frame(
            LogLive(LogLiveMark(self.view.environment_id, request_id, next_seq), now_ms())
        )

    async def _fetch(self, position: int) -> None:
        """Read the next page: what matches between `position` and the ring, or a part of it."""
        try:
            await self._read_page(position)
        except Exception:
            _log.exception("the log of %s can't be read", self.view.environment_id)
            self._writer.fail("the log can't be read")
            return
        finally:
            self._fetching = None
        self.wake(at_once=True)

    async def _read_page(self, position: int) -> None:
        end = self._page_end()
        bounds = await self._source.log_bounds(self.view.environment_id)
        first = bounds.next_seq if bounds.first_seq is None else bounds.first_seq
        if first > position:
            self._overtaken(position, min(first, end) - 1)
            position = min(first, end)
        entries = await self._source.read_logs(
            self.view.environment_id,
            after_seq=position - 1,
            before_seq=end,
            stream=self.view.stream,
            limit=PAGE_ENTRIES,
        )
        self._page = [EncodedEntry(entry) for entry in entries if _seq(entry) < end]
        full = len(entries) >= PAGE_ENTRIES
        self._page_through = self._page[-1].seq if full and self._page else end - 1
        self.position = position if self._page else self._page_through + 1

    def _page_end(self) -> int:
        """The position up to which the store is needed: where the ring or the live part begins."""
        ends = [end for end in (self._live_at, self._channel.first_seq) if end is not None]
        if not ends:
            raise RuntimeError("nothing is published, and nothing of the history is missing")
        return min(ends) if min(ends) > (self.position or 0) else max(ends)

    def _overtaken(self, first: int, last: int) -> None:
        """Retention deleted entries before they were sent."""
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


def entries_of(payload: LogEntry | Sequence[LogEntry]) -> Sequence[LogEntry]:
    """One entry or several, as several."""
    return [payload] if isinstance(payload, LogEntry) else payload
