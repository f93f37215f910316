"""Several logs as one, by time: in a ring, late lines where they belong."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, compress, groupby
from operator import not_
from typing import Final

from vibebox_tui.logs.chunk import CONTINUATION, NewLine
from vibebox_tui.logs.held_lines import GoingOn, HeldLines, time_of
from vibebox_tui.logs.line_reader import LineReader
from vibebox_tui.logs.ring import Ring
from vibebox_tui.logs.times import UNKNOWN_TIME
from vibebox_tui.protocol.messages import LogEntry

MOST_SOURCES: Final = 256
"""Logs that can be merged: a line's source is one byte."""

HELD_LINES: Final = 20_000
"""Lines that are held back at most; more are put in their places at once."""

NOTHING: Final = range(0)

_Place = tuple[int, list[NewLine]]
"""Lines, and the position before which they belong."""


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
    of a record have the time of its first one. Those that belong between lines which somebody
    reads wait (`parked`) until these are no longer on the screen.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._held = HeldLines()
        self._parked: list[NewLine] = []
        self._parked_older: list[NewLine] = []
        self._parked_going_on: list[GoingOn] = []
        self._readers: dict[int, LineReader] = {}

    @property
    def waits(self) -> bool:
        """Whether there are lines that are held back."""
        return bool(len(self._held))

    @property
    def parked(self) -> int:
        """How many lines wait for others not to be read any more."""
        going_on = sum(map(len, self._parked_going_on))
        return len(self._parked) + len(self._parked_older) + going_on

    def take(self, source: int, entries: Iterable[LogEntry], now: float) -> None:
        """Take new entries of a log; `now` in seconds, by the clock that `settle` is told."""
        reader = self._readers.setdefault(source, LineReader(source))
        newest = self.ring.times[1] if self.ring.times else UNKNOWN_TIME
        self._held.take(source, reader.read(entries), now, newest)

    def take_note(self, note: NewLine, now: float) -> None:
        """Take a line of our own, which belongs where its log has come to."""
        source = note[4]
        self._readers.setdefault(source, LineReader(source)).interrupt()
        self._held.take(source, [note], now, note[2])

    def settle(self, now: float, read: range = NOTHING) -> Shift:
        """Put what has been held back for long enough in its place.

        `read` are the positions of lines that nothing may move apart.
        """
        is_much = len(self._held) > HELD_LINES
        going_on, lines = self._held.release_all() if is_much else self._held.release(now)
        places = self._places_going_on(going_on, read)
        lines = self._without_following(lines)
        newest = self.ring.times[1] if self.ring.times else UNKNOWN_TIME
        late = bisect_left(lines, newest, key=time_of)
        waiting = sorted([*self._parked, *lines[:late]], key=time_of)
        older, self._parked_older = _parted(self._parked_older, self.ring.at_time, read)
        new, self._parked = _parted(waiting, self.ring.after_time, read)
        self.ring.append_lines(lines[late:])
        return self._insert([*older, *places, *new])

    def put_older(
        self, older: Iterable[tuple[int, Sequence[LogEntry]]], read: range = NOTHING
    ) -> Shift:
        """Put older entries of some logs in their places: of its log, each is from before what is
        there. `read` are the positions of lines that nothing may move apart.
        """
        held = HeldLines()
        for source, entries in older:
            reader = LineReader(source)
            held.take(source, reader.read(entries), 0.0, UNKNOWN_TIME)
            if entries and source not in self._readers:  # what is new goes on with it
                self._readers[source] = reader
                self._held.go_on_after(source, held)
        _, lines = held.release_all()
        first = self.ring.times[0] if self.ring.times else None
        before = len(lines) if first is None else bisect_right(lines, first, key=time_of)
        waiting = sorted([*lines[before:], *self._parked_older], key=time_of)
        places, self._parked_older = _parted(waiting, self.ring.at_time, read)
        shift = self._insert(places)
        self.ring.prepend_lines(lines[:before])
        return shift

    def go_on_from_end(self) -> None:
        """The newest lines were dropped: have what comes go on with those that are left."""
        self._readers.clear()
        self._held.go_on_from(self.ring.newest_times())

    # ---------------------------------------------------------------------------------------

    def _places_going_on(self, new: list[GoingOn], read: range) -> list[_Place]:
        """Where lines belong that go on with records, but for those that are parked from now on."""
        waiting = [*self._parked_going_on, *new]
        self._parked_going_on = []
        places: list[_Place] = []
        for lines in waiting:
            if self._joins_parked(lines):
                continue
            place, lines = self._place_going_on(lines)
            if place in read[1:]:
                self._parked_going_on.append(lines)
            elif place == self.ring.end:
                self.ring.append_lines(lines)
            else:
                places.append((place, lines))
        return places

    def _joins_parked(self, lines: GoingOn) -> bool:
        """Whether the record that these go on with is parked; then they are too."""
        _, _, time, _, source = lines[0]
        for parked in (self._parked, self._parked_older):
            at = [n for n, line in enumerate(parked, 1) if line[4] == source and line[2] == time]
            if at:
                parked[at[-1] : at[-1]] = lines
                return True
        return False

    def _without_following(self, lines: list[NewLine]) -> list[NewLine]:
        """The lines but those that would come before what is parked of their log and their time."""
        for parked in reversed(self._parked_going_on):
            _, _, time, _, source = parked[0]
            follows = [line[2] == time and line[4] == source for line in lines]
            parked.extend(compress(lines, follows))
            lines = [*compress(lines, map(not_, follows))]
        return lines

    def _place_going_on(self, lines: GoingOn) -> _Place:
        data, seq, time, flags, source = lines[0]
        place = self.ring.after_time(time)
        for end in range(place, self.ring.first, -1):
            line = self.ring.line(end - 1)
            if line.time < time:
                break
            if line.source == source and not line.is_note:
                return end, lines
        # What it continues isn't in memory any more.
        return place, [(data, seq, time, flags & ~CONTINUATION, source), *lines[1:]]

    def _insert(self, places: list[_Place]) -> Shift:
        places.sort(key=lambda place: (place[0], time_of(place[1][0])))
        within = [(max(at, self.ring.first), lines) for at, lines in places if at < self.ring.end]
        behind = [lines for at, lines in places if at >= self.ring.end]
        self.ring.insert(within)
        for lines in behind:
            self.ring.append_lines(lines)
        return Shift([(position, len(lines)) for position, lines in within])


def _parted(
    lines: Iterable[NewLine], place_of: Callable[[int], int], read: range
) -> tuple[list[_Place], list[NewLine]]:
    """Where these sorted lines belong, and those that belong between lines which are read."""
    places: list[_Place] = []
    parked: list[NewLine] = []
    for time, group in _by_time(lines):
        place = place_of(time)
        if place in read[1:]:
            parked.extend(group)
        else:
            places.append((place, list(group)))
    return places, parked


def _by_time(lines: Iterable[NewLine]) -> Iterator[tuple[int, Iterator[NewLine]]]:
    """Sorted lines, those of each time together: whole records."""
    return groupby(lines, key=time_of)
