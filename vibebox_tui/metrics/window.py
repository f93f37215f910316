"""The recent course of one value, bounded in time and in number."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

DEFAULT_SPAN: Final = 1800.0
"""Seconds of history that a window keeps: the half hour that the dashboard shows."""

MAX_SAMPLES: Final = 8192
"""Samples in a window; at one every 2 s a day's watching would need five times as many."""

HOLD_SECONDS: Final = 5.0
"""How long a value stands for the time after it: samples come every 2 s, and one may be late."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The last `span` seconds before `now` in so many slots, at least one.

    The slots' bounds are multiples of their length since the epoch, so a bar once drawn keeps its
    height while time moves on.
    """

    slots: int
    now: float
    span: float

    @property
    def length(self) -> float:
        """Seconds of a slot."""
        return self.span / self.slots

    @property
    def first(self) -> int:
        """Which multiple of its length the first slot begins at."""
        return int(self.now // self.length) - self.slots + 1

    def index(self, at: float) -> int:
        """The slot that a time is in; below 0 where it is before all of them."""
        return int(at // self.length) - self.first

    def time(self, index: int) -> float:
        """When a slot begins."""
        return (self.first + index) * self.length

    def middle(self, index: int) -> float:
        """A time that is surely in a slot, however it is rounded."""
        return (self.first + index + 0.5) * self.length


class Window:
    """Samples of one value over the last `span` seconds, oldest first.

    Times are seconds since the epoch. A sample that is older than the newest one is put where it
    belongs, so history that arrives late does no harm. A value of None is not a sample: what was
    not measured stays a gap.
    """

    def __init__(self, span: float = DEFAULT_SPAN) -> None:
        self.span = span
        self._times = array("d")
        self._values = array("d")

    def __len__(self) -> int:
        return len(self._times)

    def add(self, at: float, value: float | None) -> None:
        """Take note of `value` at the time `at`; the second one for the same time replaces it."""
        if value is None:
            return
        place = bisect_left(self._times, at)
        if place < len(self._times) and self._times[place] == at:
            self._values[place] = value
            return
        self._times.insert(place, at)
        self._values.insert(place, value)
        self._forget()

    def clear(self) -> None:
        """Forget every sample."""
        del self._times[:]
        del self._values[:]

    @property
    def latest(self) -> float | None:
        """The newest value, or None while there is none."""
        return self._values[-1] if self._values else None

    @property
    def latest_at(self) -> float | None:
        """When the newest value was measured, or None while there is none."""
        return self._times[-1] if self._times else None

    def peak(self) -> float | None:
        """The largest value in the window, or None while there is none."""
        return max(self._values) if self._values else None

    def spread(self, slots: int, now: float, span: float | None = None) -> list[float | None]:
        """Divide the last `span` seconds before `now` into `slots`: the largest value in each.

        The slots are those of an `Axis`. A slot without a sample shows the value before it, if that
        is not older than `HOLD_SECONDS`, else None.
        """
        if slots <= 0:
            return []
        axis = Axis(slots, now, span or self.span)
        length, first = axis.length, axis.first
        own: list[float | None] = [None] * slots
        held = own.copy()
        for at, value in self._since(first * length - HOLD_SECONDS):
            slot = int(at // length) - first
            if 0 <= slot < slots:
                present = own[slot]
                own[slot] = value if present is None else max(present, value)
            last = min(int(min(at + HOLD_SECONDS, now) // length) - first, slots - 1)
            for later in range(max(slot + 1, 0), last + 1):
                held[later] = value
        return [past if value is None else value for value, past in zip(own, held, strict=True)]

    def _since(self, at: float) -> Iterator[tuple[float, float]]:
        start = bisect_left(self._times, at)
        return zip(self._times[start:], self._values[start:], strict=True)

    def _forget(self) -> None:
        outdated = bisect_left(self._times, self._times[-1] - self.span - HOLD_SECONDS)
        outdated = max(outdated, len(self._times) - MAX_SAMPLES)
        if outdated > 0:
            del self._times[:outdated]
            del self._values[:outdated]
