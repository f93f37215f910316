"""What has happened on the connections to a server: counters and recent history."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

RECENT_ROUND_TRIPS: Final = 360
"""Measurements kept for each link: an hour at one every ten seconds."""

RECENT_DROPS: Final = 50
"""Losses kept for each link, with their reasons."""


UNSTEADY_SECONDS: Final = 600.0
UNSTEADY_DROPS: Final = 3
"""So many losses of one link in so many seconds are worth an alert."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A connection was lost: when (seconds since the epoch), its close code and why."""

    at: float
    code: int | None
    reason: str


@dataclass(slots=True)
class LinkTelemetry:
    """Counters of one link since it was made; a link outlives its connections.

    `round_trips` holds pairs of a time (seconds since the epoch) and a round trip (seconds).
    """

    name: str
    is_open: bool = False
    """Whether there is such a link now."""
    attempts: int = 0
    connects: int = 0
    drop_count: int = 0
    stale_count: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    messages_in: int = 0
    messages_out: int = 0
    malformed: int = 0
    round_trips: deque[tuple[float, float]] = field(
        default_factory=lambda: deque(maxlen=RECENT_ROUND_TRIPS)
    )
    drops: deque[Drop] = field(default_factory=lambda: deque(maxlen=RECENT_DROPS))

    def dropped(self, drop: Drop) -> None:
        """Count and keep a loss."""
        self.drop_count += 1
        self.drops.append(drop)

    def recent_drops(self, now: float) -> int:
        """How many losses there were in the last `UNSTEADY_SECONDS`."""
        return sum(drop.at > now - UNSTEADY_SECONDS for drop in self.drops)
