"""Lines of several logs on their way into one: held back for a moment, then given out by time."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from operator import itemgetter
from typing import Final

from vibebox_tui.logs.chunk import CONTINUATION, NewLine
from vibebox_tui.logs.hold_back import HOLD_SECONDS

time_of: Final = itemgetter(2)
"""When a line was, in milliseconds since the epoch."""

GoingOn = list[NewLine]
"""Lines that continue a record of their log which was given out before."""


class HeldLines:
    """Gives back lines in the order of their times, each at least `seconds` after it came.

    The order within a log is kept: a time that is before the one of the line before counts as
    that one, and all lines of a record have the time of its first.
    """

    def __init__(self, seconds: float = HOLD_SECONDS) -> None:
        self.seconds = seconds
        self._held: dict[int, list[NewLine]] = {}
        self._newest: dict[int, int] = {}
        """The time of the last line of each log, held or not."""
        self._arrivals: deque[tuple[float, int]] = deque()
        """When what came together is due, and the time of the last line of it."""

    def __len__(self) -> int:
        """How many lines are held."""
        return sum(map(len, self._held.values()))

    def take(self, source: int, lines: Iterable[NewLine], now: float, unknown: int) -> None:
        """Take the next lines of a log; `unknown` is the time of those that have none."""
        held = self._held.setdefault(source, [])
        newest = self._newest.get(source)
        for line in lines:
            data, seq, time, flags, _ = line
            if newest is None:
                newest = time or unknown
                line = data, seq, newest, flags & ~CONTINUATION, source
            elif flags & CONTINUATION or time < newest:
                line = data, seq, newest, flags, source
            else:
                newest = time
            held.append(line)
        if newest is not None:
            self._newest[source] = newest
            self._arrivals.append((now + self.seconds, newest))

    def go_on_after(self, source: int, before: "HeldLines") -> None:
        """Have what comes of a log go on with the last line of it that `before` has taken."""
        self._newest[source] = before._newest[source]

    def go_on_from(self, newest: dict[int, int]) -> None:
        """Have what comes go on from these lines, given by the time of the last one of each log."""
        self._newest = dict(newest)

    def release(self, now: float) -> tuple[list[GoingOn], list[NewLine]]:
        """What is due, and with it what is older than that: what goes on with a record that was
        given out, and all others sorted.
        """
        until = -1
        while self._arrivals and self._arrivals[0][0] <= now:
            until = max(until, self._arrivals.popleft()[1])
        return self._release(until) if until >= 0 else ([], [])

    def release_all(self) -> tuple[list[GoingOn], list[NewLine]]:
        """All that is held, due or not."""
        self._arrivals.clear()
        return self._release(max(self._newest.values(), default=0))

    def _release(self, until: int) -> tuple[list[GoingOn], list[NewLine]]:
        going_on: list[GoingOn] = []
        others: list[NewLine] = []
        for held in self._held.values():
            end = bisect_right(held, until, key=time_of)
            begun = next((n for n in range(end) if not held[n][3] & CONTINUATION), end)
            if begun:
                going_on.append(held[:begun])
            others += held[begun:end]
            del held[:end]
        others.sort(key=time_of)
        return going_on, others
