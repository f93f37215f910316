"""Several logs as one, by time: in a ring, late lines where they belong."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final

from vibebox_tui.logs.chunk import CONTINUATION, NewLine
from vibebox_tui.logs.hold_back import HoldBack, Record
from vibebox_tui.logs.line_reader import LineReader
from vibebox_tui.logs.ring import Ring
from vibebox_tui.logs.times import UNKNOWN_TIME
from vibebox_tui.protocol.messages import LogEntry

MOST_SOURCES: Final = 256
"""Logs that can be merged: a line's source is one byte."""

HELD_RECORDS: Final = 20_000
"""Records that are held back at most; more are put in their places at once."""


class Shift:
    """Where lines stand after others were inserted: call it with a position from before."""

    def __init__(self, places: Sequence[tuple[int, int]] = ()) -> None:
        """`places` are positions, ascending, and how many lines were inserted before each."""
        self._positions = [position for position, _ in places]
        self._moved = list(accumulate((count for _, count in places), initial=0))

    def __bool__(self) -> bool:
        """Whether anything moved."""
        return bool(self._positions)

    def __call__(self, position: int) -> int:
        return position + self._moved[bisect_right(self._positions, position)]


class Merge:
    """Puts the lines of several logs into `ring`, sorted by time; records stay together.

    New lines are held back for a moment (`take`, then `settle`), so that few come late. All lines
    of a record have the time of its first one.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._held: HoldBack[NewLine] = HoldBack()
        self._readers: dict[int, LineReader] = {}

    @property
    def waits(self) -> bool:
        """Whether there are lines that are held back."""
        return bool(len(self._held))

    def take(self, source: int, entries: Iterable[LogEntry], now: float) -> None:
        """Take new entries of a log; `now` in seconds, by the clock that `settle` is told."""
        reader = self._readers.setdefault(source, LineReader(source))
        newest = self.ring.times[1] if self.ring.times else UNKNOWN_TIME
        for line in reader.read(entries):
            continues = bool(line[3] & CONTINUATION)
            self._held.take(source, line[2] or newest, line, now, continues=continues)

    def take_note(self, note: NewLine, now: float) -> None:
        """Take a line of our own, which belongs where its log has come to."""
        source = note[4]
        self._readers.setdefault(source, LineReader(source)).interrupt()
        self._held.take(source, note[2], note, now, continues=False)

    def settle(self, now: float) -> Shift:
        """Put what has been held back for long enough in its place."""
        is_much = len(self._held) > HELD_RECORDS
        return self._place(self._held.release_all() if is_much else self._held.release(now))

    def put_older(self, older: Iterable[tuple[int, Sequence[LogEntry]]]) -> Shift:
        """Put older entries of some logs in their places: all are from before what is there."""
        records: HoldBack[NewLine] = HoldBack()
        for source, entries in older:
            for line in LineReader(source).read(entries):
                continues = bool(line[3] & CONTINUATION)
                records.take(source, line[2], line, 0.0, continues=continues)
        sorted_records = records.release_all()
        first = self.ring.times[0] if self.ring.times else None
        before = [record for record in sorted_records if first is None or record.time <= first]
        places = [
            (self.ring.at_time(record.time), _lines(record))
            for record in sorted_records[len(before) :]
        ]
        shift = self._insert(places)
        self.ring.prepend_lines(line for record in before for line in _lines(record))
        return shift

    # ---------------------------------------------------------------------------------------

    def _place(self, records: list[Record[NewLine]]) -> Shift:
        """Put sorted records into the ring: those that are late before what is newer."""
        late: list[tuple[int, list[NewLine]]] = []
        newest: list[NewLine] = []
        for record in records:
            if newest and not record.goes_on:  # it is not older than the one before it
                newest.extend(_lines(record))
                continue
            self.ring.append_lines(newest)
            newest = []
            place = self._place_of(record)
            if place == self.ring.end:
                newest = _lines(record)
            elif record.goes_on:  # before what else belongs there: it ends the record before that
                late.insert(0, (place, _lines(record)))
            else:
                late.append((place, _lines(record)))
        self.ring.append_lines(newest)
        return self._insert(late)

    def _place_of(self, record: Record[NewLine]) -> int:
        """The position before which a record belongs."""
        times = self.ring.times
        if times is None or (record.time >= times[1] and not record.goes_on):
            return self.ring.end
        place = self.ring.after_time(record.time)
        if not record.goes_on:
            return place
        for end in range(place, self.ring.first, -1):
            line = self.ring.line(end - 1)
            if line.time < record.time:
                break
            if line.source == record.source and not line.is_note:
                return end
        record.goes_on = False  # what it continues isn't in memory any more
        return place

    def _insert(self, places: list[tuple[int, list[NewLine]]]) -> Shift:
        within = [(max(at, self.ring.first), lines) for at, lines in places if at < self.ring.end]
        behind = [lines for at, lines in places if at >= self.ring.end]
        within.sort(key=itemgetter(0))
        self.ring.insert(within)
        for lines in behind:
            self.ring.append_lines(lines)
        return Shift([(position, len(lines)) for position, lines in within])


def _lines(record: Record[NewLine]) -> list[NewLine]:
    """The lines of a record with its time; the first one begins it, unless the record goes on."""
    time = record.time
    (data, seq, _, flags, source), *rest = record.lines
    first = (data, seq, time, flags if record.goes_on else flags & ~CONTINUATION, source)
    return [first, *((data, seq, time, flags, source) for data, seq, _, flags, source in rest)]
