"""When writers write: in the next turn of the event loop, or all of them on the next tick."""

import asyncio
import logging
from collections.abc import Mapping
from itertools import islice
from typing import Final, Protocol

from vibebox_tui.server.journal import NOBODY

TICK_SECONDS: Final = 0.016
"""Time between two writes to a busy connection: one frame of a screen, felt by nobody."""

LONGEST_TICK_SECONDS: Final = 0.028
"""The same where so many are written to that it takes long: still less than two frames."""

_WRITING_SHARE: Final = 0.1
"""Of the time that goes into writing on ticks, until they are the longest."""

_WRITERS_PER_TURN: Final = 64
"""Writers that write before whatever else waits for the event loop has its turn."""

_log = logging.getLogger(__name__)


class Flushed(Protocol):
    """Who writes what has gathered."""

    about: Mapping[str, str]
    """Whose it is, for what is logged."""

    def flush(self) -> None: ...


class Ticker:
    """The one clock of all writers: what they share on a tick is made once, and no writer has a
    timer of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.time = loop.time
        self._loop = loop
        self._soon: dict[Flushed, None] = {}
        self._later: dict[Flushed, None] = {}
        self._turn: asyncio.Handle | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._last_tick = 0.0
        self._spent = 0.0
        self.interval = TICK_SECONDS
        """Seconds between ticks: the more writing takes, the longer."""

    def now(self, writer: Flushed) -> None:
        """Have `writer` write before anything else."""
        self._later.pop(writer, None)
        self._soon.pop(writer, None)
        self._flush(writer)

    def soon(self, writer: Flushed) -> None:
        """Have `writer` write in the next turn of the loop."""
        self._soon[writer] = None
        if self._turn is None:
            self._turn = self._loop.call_soon(self._write_some, context=NOBODY)

    def on_tick(self, writer: Flushed) -> None:
        """Have `writer` write on the next tick."""
        self._later[writer] = None
        if self._tick is None:
            next_tick = max(self._last_tick + self.interval, self.time() + self.interval / 2)
            self._tick = self._loop.call_at(next_tick, self._write_gathered, context=NOBODY)

    def _write_gathered(self) -> None:
        self._tick = None
        self._last_tick = self.time()
        self._adapt()
        self._soon |= self._later
        self._later.clear()
        self._write_some()

    def _adapt(self) -> None:
        """Have the next interval from what was spent on writing since the last tick."""
        wanted = self._spent / _WRITING_SHARE
        self.interval = min(max(TICK_SECONDS, wanted), LONGEST_TICK_SECONDS)
        self._spent = 0.0

    def _write_some(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        began = self.time()
        for writer in list(islice(self._soon, _WRITERS_PER_TURN)):
            del self._soon[writer]
            self._flush(writer)
        self._spent += self.time() - began
        if self._soon and self._turn is None:
            self._turn = self._loop.call_soon(self._write_some, context=NOBODY)

    def _flush(self, writer: Flushed) -> None:
        try:
            writer.flush()
        except Exception:
            _log.exception("a connection's writer failed", extra=writer.about)
