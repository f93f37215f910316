"""A recording as it is played: a position in time, and the screen that belongs to it."""

from bisect import bisect_right
from itertools import pairwise

from vibebox_tui.emulator import Emulator
from vibebox_tui.ui.recordings.asciicast import OUTPUT, RESIZE, Cast

SLOWEST, FASTEST = 0.25, 16.0
"""Speeds, as multiples of the recorded one."""


class Playback:
    """Plays `cast` into an emulator; `position` and `duration` are seconds of playing time.

    Pauses longer than `idle_limit` seconds are cut down to it. Seeking back makes a new emulator.
    """

    def __init__(self, cast: Cast, *, idle_limit: float | None = None) -> None:
        self.cast = cast
        self.emulator = Emulator(cast.rows, cast.columns)
        self.position = 0.0
        self.speed = 1.0
        self.is_paused = False
        self._times = _playing_times(cast, idle_limit or cast.idle_limit)
        self._next = 0

    @property
    def duration(self) -> float:
        """Seconds that all of it takes at normal speed."""
        return self._times[-1] if self._times else 0.0

    @property
    def is_over(self) -> bool:
        """Whether everything has been played."""
        return self._next >= len(self._times)

    @property
    def until_next(self) -> float | None:
        """Seconds, at the present speed, until something happens; None: nothing will."""
        if self.is_paused or self.is_over:
            return None
        return max(0.0, self._times[self._next] - self.position) / self.speed

    def advance(self, seconds: float) -> None:
        """So many seconds have passed for who watches."""
        if not self.is_paused:
            self.seek(self.position + seconds * self.speed)

    def seek(self, position: float) -> None:
        """Go to a position: the screen is what it was then."""
        position = min(max(0.0, position), self.duration)
        if position < self.position:
            self.emulator = Emulator(self.cast.rows, self.cast.columns)
            self._next = 0
        self.position = position
        until = bisect_right(self._times, position)
        for event in self.cast.events[self._next : until]:
            self._play(event.kind, event.data)
        self._next = until

    def step(self) -> None:
        """Go to the next event."""
        if not self.is_over:
            self.seek(self._times[self._next])

    def faster(self, factor: float) -> None:
        """Multiply the speed, within what can be followed."""
        self.speed = min(max(self.speed * factor, SLOWEST), FASTEST)

    def _play(self, kind: str, data: str) -> None:
        if kind == OUTPUT:
            self.emulator.feed(data)
            self.emulator.take_replies()  # nobody is there to be answered
        elif kind == RESIZE and (size := _size(data)):
            self.emulator.resize(*size)


def _playing_times(cast: Cast, idle_limit: float | None) -> list[float]:
    """When each event is played, in seconds from the start."""
    if idle_limit is None:
        return [event.at for event in cast.events]
    times, now = [], 0.0
    for before, after in pairwise([0.0, *(event.at for event in cast.events)]):
        now += min(after - before, idle_limit)
        times.append(now)
    return times


def _size(data: str) -> tuple[int, int] | None:
    """Rows and columns of a resize event, where it makes sense."""
    columns, _, rows = data.partition("x")
    if not (columns.isascii() and columns.isdecimal() and rows.isascii() and rows.isdecimal()):
        return None
    size = int(rows), int(columns)
    return size if all(0 < cells <= _MOST_CELLS for cells in size) else None


_MOST_CELLS = 1000
"""Rows or columns of a terminal, as in the protocol."""
