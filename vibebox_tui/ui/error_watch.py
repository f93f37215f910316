"""The errors in the logs of all environments: how many lately, and the last ones; and the last
lines of each log."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LogLines
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.ansi import TAB_STOPS, plain
from vibebox_tui.logs.levels import Level, recognise
from vibebox_tui.logs.records import RecordReader
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.ui.figures import seconds_since

_log = logging.getLogger(__name__)

TAIL_LINES: Final = 200
"""Lines of each log that are looked through at first: errors before them are old."""

TIMES_KEPT: Final = 999
"""Errors whose time is remembered for each environment: as many as the column has digits for."""

LONGEST_MESSAGE: Final = 200
"""Characters of an error that are kept: the widest column shows less."""

ERRORS_KEPT: Final = 20
"""Errors whose text is remembered for each environment: more than a list of all has room for."""

LINES_KEPT: Final = 60
"""Last lines that are kept of each log: more than the highest tile has room for."""

GATHER_SECONDS: Final = 0.1
"""Between two looks at what has come of a log: who watches sees no sooner what is wrong."""

PART_LINES: Final = 1000
"""Lines that are looked through before others have their turn: a millisecond or two."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at which environments there are."""


class SeenLine(NamedTuple):
    """A line of a log, fit to be drawn; `at` is in seconds since the epoch."""

    at: float
    level: Level
    text: str


@dataclass(slots=True)
class Errors:
    """The errors of one environment, and where they are wanted its last lines, oldest first.

    `times` are seconds since the epoch.
    """

    times: deque[float] = field(default_factory=lambda: deque(maxlen=TIMES_KEPT))
    recent: deque[SeenLine] = field(default_factory=lambda: deque(maxlen=ERRORS_KEPT))
    tail: deque[SeenLine] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    _last: deque[LogEntry] = field(
        default_factory=lambda: deque(maxlen=LINES_KEPT), compare=False, repr=False
    )
    """The last lines as they came, in case the tail is wanted."""
    _records: defaultdict[str, RecordReader] = field(
        default_factory=lambda: defaultdict(RecordReader), compare=False
    )
    """Of each stream: one may write into the midst of what another says."""

    @property
    def last(self) -> str:
        """The last error; empty where there was none."""
        return self.recent[-1].text if self.recent else ""

    @property
    def last_at(self) -> float:
        return self.recent[-1].at if self.recent else 0.0

    def take(self, entries: Sequence[LogEntry], now: float, *, with_tail: bool = False) -> bool:
        """Look through lines in their order; says whether that brought anything that is kept."""
        found = [entry for entry in entries if self._is_error(entry)]
        self.times.extend(_time_of(entry, now) for entry in found[-TIMES_KEPT:])
        self.recent.extend(_seen(entry, now) for entry in found[-ERRORS_KEPT:])
        self._last.extend(entries[-LINES_KEPT:])
        if with_tail:
            self.tail.extend(_seen(entry, now) for entry in entries[-LINES_KEPT:])
        return bool(found) or (with_tail and bool(entries))

    def make_tail(self, now: float) -> None:
        """Have the last lines at hand, as `take` does from then on."""
        self.tail.clear()
        self.tail.extend(_seen(entry, now) for entry in self._last)

    def _is_error(self, entry: LogEntry) -> bool:
        """Whether an error begins with this line; the trace that follows one isn't another."""
        is_error = recognise(entry.message) >= Level.ERROR
        goes_on = self._records[entry.stream].continues(entry.message, is_error=is_error)
        return is_error and not goes_on

    def copy(self) -> "Errors":
        """These as they are now: what a watch tells of goes on changing."""
        return Errors(self.times.copy(), self.recent.copy(), self.tail.copy())

    def per_minute(self, now: float) -> int:
        """How many there were in the last minute; `TIMES_KEPT` may stand for more."""
        return sum(now - 60 < at for at in self.times)


def _seen(entry: LogEntry, now: float) -> SeenLine:
    text = plain(entry.message[: 2 * LONGEST_MESSAGE]).expandtabs(TAB_STOPS)[:LONGEST_MESSAGE]
    return SeenLine(_time_of(entry, now), recognise(entry.message), text)


def _time_of(entry: LogEntry, now: float) -> float:
    return -(seconds_since(entry.timestamp, 0.0) or -now)


async def _let_others_run() -> None:
    await asyncio.sleep(0)


class ErrorWatch:
    """Reads the logs of the environments that `ids` tells, for as long as `run` runs.

    `found` is called with an environment's id and its errors, first when its log begins to be
    read, then after each error; `with_tail` says whether to have the last lines too, and to tell of
    any. `give_way` lets others run: before lines are looked through, and between many.
    """

    def __init__(
        self,
        client: Client,
        clock: Callable[[], float],
        ids: Callable[[], set[str]],
        found: Callable[[str, Errors], None],
        *,
        with_tail: bool = False,
        give_way: Callable[[], Awaitable[None]] = _let_others_run,
    ) -> None:
        self._client = client
        self._clock = clock
        self._ids = ids
        self._found = found
        self.with_tail = with_tail
        self._errors: dict[str, Errors] = {}
        self._give_way = give_way
        self._readers: dict[str, asyncio.Task[None]] = {}

    def want_tail(self, wanted: bool) -> None:
        """Have the last lines from now on, or do without; what is known of errors stays."""
        self.with_tail = wanted
        for environment_id, errors in self._errors.items() if wanted else ():
            errors.make_tail(self._clock())
            self._found(environment_id, errors)

    async def run(self) -> None:
        """Read until cancelled, also what environments are added meanwhile."""
        self._readers.clear()
        async with asyncio.TaskGroup() as tasks:
            while True:
                ids = self._ids()
                for gone in set(self._readers) - ids:
                    self._readers.pop(gone).cancel()
                    self._errors.pop(gone, None)
                for new in ids - set(self._readers):
                    self._readers[new] = tasks.create_task(self._read(new))
                await asyncio.sleep(LOOK_SECONDS)

    async def _read(self, environment_id: str) -> None:
        errors = self._errors[environment_id] = Errors()
        try:
            async with self._client.logs(environment_id, tail=TAIL_LINES) as events:
                self._found(environment_id, errors)
                lines = 0
                async for event in events:
                    if isinstance(event, LogLines):
                        lines += len(event.entries)
                        if errors.take(event.entries, self._clock(), with_tail=self.with_tail):
                            self._found(environment_id, errors)
                    has_all = events.following is None
                    if has_all:  # many logs would wake us at every line
                        await asyncio.sleep(GATHER_SECONDS)
                    if has_all or lines >= PART_LINES:
                        lines = 0
                        await self._give_way()
        except VibeBoxError as error:
            _log.info("no errors of %s: %s", environment_id, error)
