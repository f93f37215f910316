"""The writers' clock, on a loop whose time is ours."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from vibebox_tui.server.ticker import LONGEST_TICK_SECONDS, TICK_SECONDS, Ticker


class Loop:
    """What a ticker needs of an event loop."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None], context: Any = None) -> Any:
        self.calls.append((when, call))
        return self

    def call_soon(self, call: Callable[[], None], context: Any = None) -> Any:
        return self.call_at(self.now, call)

    def cancel(self) -> None:
        """Of a handle: nothing waits for it any more."""

    def run_next(self) -> None:
        when, call = self.calls.pop(0)
        self.now = max(self.now, when)
        call()


class Written:
    """A writer that takes its time."""

    about: Mapping[str, str] = {}

    def __init__(self, loop: Loop, seconds: float) -> None:
        self.times: list[float] = []
        self._loop = loop
        self._seconds = seconds

    def flush(self) -> None:
        self.times.append(self._loop.now)
        self._loop.now += self._seconds


def ticks(seconds: float, count: int) -> list[float]:
    """The times between `count` ticks, with a writer that takes so long."""
    loop = Loop()
    ticker = Ticker(loop)  # type: ignore[arg-type]
    writer = Written(loop, seconds)
    for _ in range(count):
        ticker.on_tick(writer)
        loop.run_next()
    return [later - sooner for sooner, later in zip(writer.times, writer.times[1:], strict=False)]


def test_writers_write_together() -> None:
    loop = Loop()
    ticker = Ticker(loop)  # type: ignore[arg-type]
    writers = [Written(loop, 0.0) for _ in range(10)]
    for writer in writers:
        ticker.on_tick(writer)
        loop.now += 0.0001
    assert len(loop.calls) == 1
    loop.run_next()
    assert len({writer.times[0] for writer in writers}) == 1


@pytest.mark.parametrize(
    ("writing", "interval"),
    [(0.0, TICK_SECONDS), (0.002, 0.02), (1.0, LONGEST_TICK_SECONDS)],
    ids=["little", "much", "all"],
)
def test_the_longer_writing_takes_the_less_often_it_comes(writing: float, interval: float) -> None:
    assert ticks(writing, 5)[-1] == pytest.approx(max(interval, writing + interval / 2))
