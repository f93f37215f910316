"""The errors in the logs of all environments: how many lately, and the last one."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LogLines
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.ansi import strip_sequences
from vibebox_tui.logs.levels import Level, recognise
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.ui.figures import seconds_since

_log = logging.getLogger(__name__)

TAIL_LINES: Final = 200
"""Lines of each log that are looked through at first: errors before them are old."""

TIMES_KEPT: Final = 999
"""Errors whose time is remembered for each environment: as many as the column has digits for."""

LONGEST_MESSAGE: Final = 200
"""Characters of an error that are kept: the widest column shows less."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at which environments there are."""


@dataclass(slots=True)
class Errors:
    """The errors of one environment; `times` and `last_at` are seconds since the epoch."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=TIMES_KEPT))
    last: str = ""
    last_at: float = 0.0

    def take(self, entries: Iterable[LogEntry], now: float) -> bool:
        """Look through lines in their order; says whether there was an error among them."""
        found = [entry for entry in entries if recognise(entry.message) >= Level.ERROR]
        for entry in found:
            self.times.append(-(seconds_since(entry.timestamp, 0.0) or -now))
        if found:
            self.last = strip_sequences(found[-1].message)[:LONGEST_MESSAGE]
            self.last_at = self.times[-1]
        return bool(found)

    def per_minute(self, now: float) -> int:
        """How many there were in the last minute; `TIMES_KEPT` may stand for more."""
        return sum(now - 60 < at for at in self.times)


class ErrorWatch:
    """Reads the logs of the environments that `ids` tells, for as long as `run` runs.

    `found` is called with an environment's id and its errors, first when its log begins to be
    read, then after each error.
    """

    def __init__(
        self,
        client: Client,
        clock: Callable[[], float],
        ids: Callable[[], set[str]],
        found: Callable[[str, Errors], None],
    ) -> None:
        self._client = client
        self._clock = clock
        self._ids = ids
        self._found = found
        self._readers: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Read until cancelled, also what environments are added meanwhile."""
        self._readers.clear()
        async with asyncio.TaskGroup() as tasks:
            while True:
                ids = self._ids()
                for gone in set(self._readers) - ids:
                    self._readers.pop(gone).cancel()
                for new in ids - set(self._readers):
                    self._readers[new] = tasks.create_task(self._read(new))
                await asyncio.sleep(LOOK_SECONDS)

    async def _read(self, environment_id: str) -> None:
        errors = Errors()
        try:
            async with self._client.logs(environment_id, tail=TAIL_LINES) as events:
                self._found(environment_id, errors)
                async for event in events:
                    if isinstance(event, LogLines) and errors.take(event.entries, self._clock()):
                        self._found(environment_id, errors)
        except VibeBoxError as error:
            _log.info("no errors of %s: %s", environment_id, error)
