"""The log of one environment: its place in it, over any number of connections.

Where the server numbers the lines, each reader has a cursor: the number up to which it has got
everything. Whoever can't keep up is not fed any more, and pulls what it lacks by REST page by
page, at its own pace, until it has reached the others. So nothing is lost, nothing shows twice,
and a slow reader holds up nobody. From a server that doesn't number its lines nothing can be had
a second time: there a full queue stops the reading of the connection.
"""

import itertools
import logging
from typing import Final

from vibebox_tui.client.clock import Clock
from vibebox_tui.client.connection import Connection
from vibebox_tui.client.events import LinkPhase, LinkState, LogEvent, LogLiveNow
from vibebox_tui.client.log_reader import RETENTION, LogReader, after
from vibebox_tui.protocol.messages import (
    EnvironmentRequest,
    Log,
    LogEntry,
    LogGap,
    LogLive,
    LogLiveMark,
    Logs,
    LogSubscribe,
    LogSubscribed,
    LogSubscribeRequest,
    LogSubscription,
    LogUnsubscribe,
    ServerMessage,
    StreamFilter,
)

_log = logging.getLogger(__name__)

SKIPPED: Final = "the server didn't send them"
"""Why lines are missing where the server names no reason."""


class LogFeed:
    """One environment's log for all who want it."""

    def __init__(self, environment_id: str, clock: Clock) -> None:
        self.readers: list[LogReader] = []
        self.cursor: int | None = None
        self.epoch: str | None = None
        self._environment_id = environment_id
        self._clock = clock
        self._state: LinkState | None = None
        self._connection: Connection | None = None
        self._request_numbers = itertools.count(1)
        self._request_id = ""
        self._stream: StreamFilter | None = None
        self._error: Exception | None = None
        self._has_begun = False
        self._is_live = False
        self._is_holding = False
        self._lost_at: float | None = None
        self._begins_anywhere = False
        """Whether the next entry's number may be any, as the first one of another numbering."""

    def add(self, reader: LogReader) -> None:
        """Serve another reader; one that comes late gets its history by itself, and so does one
        that goes on from where the others aren't.
        """
        self.readers.append(reader)
        if self._state is not None:
            reader.subscription.put_link(self._state)
        if self._error is not None:
            reader.subscription.fail(self._error)
            return
        widened = self._widen(reader.stream)
        if reader.cursor is not None and not self._has_begun and len(self.readers) == 1:
            self.cursor, self.epoch = reader.cursor, reader.epoch  # the feed goes on from there
        elif reader.cursor is not None and not (self._has_begun and self.cursor is None):
            reader.join(self)
        elif self._has_begun and self.cursor is None:
            reader.subscription.put(LogLiveNow())
        elif self._has_begun:
            reader.join(self)
        if widened and self._connection is not None:
            self._subscribe(self._connection)

    def remove(self, reader: LogReader) -> None:
        """Serve a reader no more."""
        self.readers.remove(reader)
        self._release_if_room()

    def drained(self, reader: LogReader) -> None:
        """A reader has taken something."""
        if reader.is_behind:
            reader.drained(self)
        if self._is_holding:
            self._release_if_room()

    # --- for the lane ----------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        self._is_holding = False
        self._subscribe(connection)
        if not connection.has_features:
            self._go_on_unproven()
        self._has_begun = True

    def received(self, message: ServerMessage) -> None:
        match message:
            case Logs(payload=batch):
                if batch.request_id == self._request_id:
                    self._take(batch.entries, batch.through_seq)
            case Log(payload=entry):
                self._take_single(entry)
            case LogSubscribed(payload=subscription):
                self._begin(subscription)
            case LogLive(payload=mark):
                self._go_live(mark)
            case LogGap(payload=gap):
                self._note_hole(gap.first, gap.last, RETENTION)
            case _:
                _log.debug("%s on the logs connection", type(message).__name__)

    def lost(self) -> None:
        self._connection = None
        self._is_holding = False
        if self._is_live and self._lost_at is None:
            self._lost_at = self._last_heard()
            for reader in self.readers:
                reader.interrupted()
        self._is_live = False

    def _last_heard(self) -> float:
        """When the log was known to be whole: before a silence that ended the connection."""
        if self._state is not None and self._state.phase is LinkPhase.STALE:
            return self._state.since
        return self._clock.now()

    def link_changed(self, state: LinkState) -> None:
        self._state = state
        for reader in self.readers:
            reader.subscription.put_link(state)

    def fail(self, error: Exception) -> None:
        self._error = error
        for reader in tuple(self.readers):
            reader.subscription.fail(error)

    def leave(self) -> None:
        if self._connection is not None:
            self._release_if_room()
            self._connection.send(LogUnsubscribe(EnvironmentRequest(self._environment_id)))

    # --- subscribing -----------------------------------------------------------------------

    def _widen(self, stream: StreamFilter) -> bool:
        """Make the one filter that a connection has for an environment fit `stream` as well."""
        before = self._stream
        self._stream = stream if before in (None, stream) else "all"
        return before is not None and self._stream != before

    def _subscribe(self, connection: Connection) -> None:
        request = LogSubscribeRequest(self._environment_id, self._stream or "all")
        if connection.has_features:
            self._request_id = request.request_id = str(next(self._request_numbers))
            if self.cursor is None:
                request.tail = max((reader.tail for reader in self.readers), default=0)
            else:
                request.since, request.epoch = self.cursor, self.epoch
        connection.send(LogSubscribe(request))

    def _begin(self, subscription: LogSubscription) -> None:
        if subscription.request_id != self._request_id:
            return
        is_other = self.epoch is not None and self.epoch != subscription.epoch
        self.epoch = subscription.epoch
        if is_other:
            self._start_over()
        elif subscription.gap is not None:
            self._note_hole(subscription.gap.first, subscription.gap.last, RETENTION)

    def _start_over(self) -> None:
        """The numbers are others: whatever comes next is new, and from 1 on if it is cut off."""
        self.cursor = 0
        self._begins_anywhere = True
        for reader in self.readers:
            reader.start_over()

    def _go_live(self, mark: LogLiveMark) -> None:
        if mark.request_id != self._request_id:
            return
        was_live, self._is_live = self._is_live, True
        self._take([], mark.next_seq - 1)
        if self._lost_at is not None:
            self._resumed(is_proven=True)
        elif not was_live:
            self._emit(LogLiveNow())

    def _go_on_unproven(self) -> None:
        """This server numbers nothing: what came in between, if anything, is not known."""
        self._is_live = True
        if self._lost_at is not None:
            self._resumed(is_proven=False)
        elif not self._has_begun:
            self._emit(LogLiveNow())

    def _resumed(self, *, is_proven: bool) -> None:
        assert self._lost_at is not None
        lost_at, self._lost_at = self._lost_at, None
        for reader in self.readers:
            reader.resumed(lost_at, self._clock.now(), is_proven=is_proven)

    # --- lines -----------------------------------------------------------------------------

    def _take(self, entries: list[LogEntry], through: int) -> None:
        """Hand on all that matches up to `through`, which may be nothing."""
        cursor = self.cursor
        if cursor is not None:
            if through <= cursor:
                return
            entries = after(entries, cursor)
            if not self._begins_anywhere:
                self._look_for_skipped(entries, cursor, through)
        history = not self._is_live and self._lost_at is None
        self.cursor = through
        self._begins_anywhere = False
        for reader in self.readers:
            filtered = reader.stream == self._stream
            reader.offer(entries, through, self.epoch, filtered=filtered, history=history)

    def _take_single(self, entry: LogEntry) -> None:
        if entry.seq is not None and self._request_id:
            if entry.request_id == self._request_id:
                self._take([entry], entry.seq)
            return
        for reader in self.readers:
            reader.offer_unnumbered([entry])
        self._hold_if_full()

    def _look_for_skipped(self, entries: list[LogEntry], cursor: int, through: int) -> None:
        """Without a filter every number has its entry."""
        if self._stream == "all":
            first = (entries[0].seq or 0) if entries else through + 1
            if first > cursor + 1:
                self._note_hole(cursor + 1, first - 1, SKIPPED)

    def _note_hole(self, first: int, last: int, why: str) -> None:
        self.cursor = max(self.cursor or 0, last)
        for reader in self.readers:
            reader.note_hole(first, last, why)

    def _emit(self, event: LogEvent) -> None:
        """Tell every reader that follows; one that pulls finds out by itself."""
        for reader in self.readers:
            if not reader.is_behind:
                reader.subscription.put(event)

    # --- back-pressure ---------------------------------------------------------------------

    def _hold_if_full(self) -> None:
        is_full = any(reader.subscription.room <= 0 for reader in self.readers)
        if is_full and not self._is_holding and self._connection is not None:
            self._is_holding = True
            self._connection.hold()

    def _release_if_room(self) -> None:
        if not self._is_holding or self._connection is None:
            return
        rooms = [each.subscription.room - each.subscription.capacity // 2 for each in self.readers]
        if all(room >= 0 for room in rooms):
            self._is_holding = False
            self._connection.resume()
