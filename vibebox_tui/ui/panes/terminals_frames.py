"""When to draw: at once after a quiet moment, otherwise once a frame, and ever less under load."""

import asyncio
from collections.abc import Callable
from time import perf_counter

FRAME = 1 / 60
"""Seconds between two drawings at least; more often no screen shows."""

DRAWING_SHARE = 3
"""A drawing is followed by at least this many times its own duration without one: under load
the frame rate drops before anything else has to wait."""


class FrameClock:
    """Calls `draw` after `request`, as soon as the last drawing is long enough ago.

    An error in it is handed to `failed`: the timer's task would only log it.
    """

    def __init__(self, draw: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        self._draw = draw
        self._failed = failed
        self._next_at = 0.0
        self._due: asyncio.TimerHandle | None = None

    def request(self, *, after: float = 0.0) -> None:
        """There is something to draw, `after` so many seconds; any number make one drawing."""
        if self._due is not None:
            return
        loop = asyncio.get_running_loop()
        wait = max(self._next_at - loop.time(), after)
        if wait <= 0:
            self._run(loop)
        else:
            self._due = loop.call_later(wait, self._run, loop)

    def stop(self) -> None:
        """Draw no more of what has been asked for."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = None
        began = perf_counter()
        try:
            self._draw()
        except Exception as error:
            self._failed(error)
        took = perf_counter() - began
        self._next_at = loop.time() + max(FRAME - took, DRAWING_SHARE * took)
