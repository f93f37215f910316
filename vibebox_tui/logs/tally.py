"""How many lines there were when, by severity: what a histogram over time shows."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from vibebox_tui.logs.chunk import LEVEL_BITS, NOTE, Chunk
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.view import Part, View

RESOLUTION: Final = 1000
"""Milliseconds of the finest slot."""

_CALM, _WARNING, _ERROR = range(3)
_KINDS: Final = bytes(
    _ERROR
    if (flags & LEVEL_BITS) >= Level.ERROR
    else _WARNING
    if (flags & LEVEL_BITS) == Level.WARN
    else _CALM
    for flags in range(256)
)
"""For each value of a line's flags: calm, a warning, or an error."""


class Slot(NamedTuple):
    """The lines of a length of time."""

    calm: int = 0
    warnings: int = 0
    errors: int = 0

    @property
    def total(self) -> int:
        return self.calm + self.warnings + self.errors


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots of `length` milliseconds each, the first one beginning at `start`."""

    start: int
    length: int
    slots: list[Slot]

    def index(self, time: int) -> int:
        """Which slot a time is in, or the nearest one."""
        return min(max((time - self.start) // self.length, 0), len(self.slots) - 1)

    def time(self, index: int) -> int:
        """When a slot begins."""
        return self.start + index * self.length


class Tally:
    """Counts the lines that `view` shows by second and severity, part by part.

    What was counted of a part is kept until the part has other lines. Notes and lines without a
    time aren't counted.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self._counted: dict[int, _Counted] = {}

    def scan(self, budget: float, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Count for at most `budget` seconds (at least one part); whether all is counted."""
        deadline = clock() + budget
        parts = self.view.parts()
        self._counted = {
            key: counted
            for part in parts
            if (counted := self._counted.get(key := id(part.chunk))) is not None
        }
        for part in reversed(parts):
            counted = self._counted.get(id(part.chunk))
            if counted is None or counted.lines != len(part.hits):
                self._counted[id(part.chunk)] = _count(part)
                if clock() >= deadline:
                    return False
        return True

    def slots(self, most: int) -> Slots | None:
        """All that was counted in at most `most` slots of a round length; None: nothing was."""
        seconds: Counter[tuple[int, int]] = Counter()
        for counted in self._counted.values():
            seconds.update(counted.seconds)
        if not seconds or most <= 0:
            return None
        first = min(second for second, _ in seconds)
        last = max(second for second, _ in seconds)
        length = _round_length(last - first + 1, most)
        start = first // length * length
        counts = [[0, 0, 0] for _ in range((last - start) // length + 1)]
        for (second, kind), lines in seconds.items():
            counts[(second - start) // length][kind] += lines
        return Slots(start * RESOLUTION, length * RESOLUTION, [Slot(*each) for each in counts])


class _Counted(NamedTuple):
    """What was counted of a part when it had so many lines: by second and kind.

    The chunk is held, so that no other one gets its identity.
    """

    chunk: Chunk
    lines: int
    seconds: Counter[tuple[int, int]]


def _count(part: Part) -> _Counted:
    times, flags = part.chunk.times, part.chunk.flags
    return _Counted(
        part.chunk,
        len(part.hits),
        Counter(
            (times[hit] // RESOLUTION, _KINDS[flags[hit]])
            for hit in part.hits
            if times[hit] and not flags[hit] & NOTE
        ),
    )


_LENGTHS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
"""Lengths of slots that people think in, in seconds; beyond them, whole days."""


def _round_length(seconds: int, most: int) -> int:
    """The shortest round length that divides so many seconds into fewer than `most` slots."""
    needed = max(1, -(-seconds // max(1, most - 1)))
    return next((length for length in _LENGTHS if length >= needed), -(-needed // 86400) * 86400)
