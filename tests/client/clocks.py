"""Clocks that tests set."""

import asyncio
import time

from vibebox_tui.client.clock import SystemClock


class FakeClock:
    """Both clocks in one, moved by `advance`; sleepers wake when their time has come."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, sleeper))
        await sleeper

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._now += seconds
        for due, sleeper in self._sleepers:
            if due <= self._now and not sleeper.done():
                sleeper.set_result(None)


class SleepyClock(SystemClock):
    """The machine's clocks, but for sleeps: the wall clock has gone on, the other one hasn't."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> float:
        return time.time() + self.slept
