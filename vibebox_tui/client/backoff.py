"""How long to wait before the next attempt (guide, "Automatic Reconnection"). Pure."""

from typing import Final

from vibebox_tui.client.clock import Chance

INITIAL_DELAY: Final = 1.0
"""Seconds before the first attempt after a loss, at least."""

MAX_DELAY: Final = 30.0
"""Seconds that no delay exceeds, its jitter included."""

JITTER: Final = 1.0
"""Seconds of chance at most on top of each delay, the first one too: what a server's end cut off at
the same moment must not come back at the same moment.
"""


class Backoff:
    """Delays of 1 s, doubled each time, each with up to 1 s of jitter, at most 30 s.

    `attempt` counts the attempts since the last `reset`, which is due only after a connection has
    proved itself by living for a while.
    """

    def __init__(self, chance: Chance) -> None:
        self.attempt = 0
        self._least = INITIAL_DELAY
        self._chance = chance

    def next_delay(self, at_least: float = 0.0) -> float:
        """Seconds until the next attempt, which is counted; a server may have asked for more."""
        jitter = JITTER * self._chance()
        delay = min(self._least + jitter, MAX_DELAY)
        self.attempt += 1
        self._least = 2 * delay
        return max(delay, at_least + jitter) if at_least else delay

    def reset(self) -> None:
        """Start anew."""
        self.attempt = 0
        self._least = INITIAL_DELAY
