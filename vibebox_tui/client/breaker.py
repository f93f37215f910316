"""The circuit breaker (guide, "Circuit Breaker Pattern"): when not even to try. Pure."""

from enum import Enum
from typing import Final

COOL_DOWN: Final = 60.0
"""Seconds between two tries of a server that has been down for many."""


class BreakerState(Enum):
    """Whether a server may be tried."""

    CLOSED = "everybody may try"
    OPEN = "nobody tries before the time is up"
    HALF_OPEN = "one is trying for all"


class CircuitBreaker:
    """Shared by all connections to one server; times are in seconds of any one steady clock.

    It opens when one connection has failed `threshold` times in a row while no other one stands:
    what fails beside a connection that works is at fault itself, not the server. While it is
    open, one connection is let through every `COOL_DOWN` seconds and tries for all.
    """

    def __init__(self, threshold: int) -> None:
        self.threshold = threshold
        self.state = BreakerState.CLOSED
        self.standing = 0
        """How many connections are open."""
        self._retry_at = 0.0

    def may_try(self, now: float) -> bool:
        """Take leave to try; whoever got it tells how it ended (or that it gave up)."""
        if self.state is BreakerState.CLOSED:
            return True
        if now < self._retry_at:
            return False
        self.state = BreakerState.HALF_OPEN
        self._retry_at = now + COOL_DOWN
        return True

    def next_try(self, now: float) -> float:
        """Seconds until `may_try` is worth asking again."""
        if self.state is BreakerState.CLOSED:
            return 0.0
        return max(0.0, self._retry_at - now)

    def opened(self) -> None:
        """A connection stands: the server is there."""
        self.standing += 1
        self.state = BreakerState.CLOSED

    def lost(self) -> None:
        """A connection that stood is gone."""
        self.standing -= 1

    def failed(self, now: float, attempt: int) -> None:
        """A connection's attempt number `attempt` in a row has failed."""
        if self.state is BreakerState.HALF_OPEN or (
            attempt >= self.threshold and self.standing == 0
        ):
            self.state = BreakerState.OPEN
            self._retry_at = now + COOL_DOWN

    def force(self) -> None:
        """The user wants it tried now."""
        self.state = BreakerState.CLOSED
