"""Time and chance, as arguments: what the tests replace."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one that people read, and one that only ever goes forward."""

    def now(self) -> float:
        """Seconds since the epoch; may be set back or forward, and goes on during a sleep."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; stands still (on Linux) while the machine sleeps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of `monotonic`."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


Chance = Callable[[], float]
"""A number from 0 (inclusive) to 1 (exclusive), different at every call."""

system_chance: Chance = random.random
