"""How often something happened lately: counts in slots of time, as in errors per minute."""

from collections import deque
from typing import Final

SLOT_SECONDS: Final = 1.0
"""Resolution of a rate."""


class Rate:
    """Events per `period` seconds, over the last `period` seconds.

    Times are seconds since the epoch. Memory is bounded by the number of slots in a period.
    """

    def __init__(self, period: float = 60.0) -> None:
        self.period = period
        self._slots: deque[tuple[int, int]] = deque()
        self._total = 0

    def count(self, at: float, events: int = 1) -> None:
        """Take note of `events` at the time `at`; what is older than the newest slot joins it."""
        slot = int(at // SLOT_SECONDS)
        if self._slots and self._slots[-1][0] >= slot:
            newest, number = self._slots[-1]
            self._slots[-1] = (newest, number + events)
        else:
            self._slots.append((slot, events))
        self._total += events
        self._forget(at)

    def per_period(self, now: float) -> int:
        """How many events there were in the `period` before `now`."""
        self._forget(now)
        return self._total

    def _forget(self, now: float) -> None:
        oldest = (now - self.period) // SLOT_SECONDS
        while self._slots and self._slots[0][0] <= oldest:
            self._total -= self._slots.popleft()[1]
