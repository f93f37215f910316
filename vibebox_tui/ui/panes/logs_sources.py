"""The logs that a pane merges: each followed by a task of its own, and numbered as it came."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LinkState, LogEvent, LogLines
from vibebox_tui.client.log_reader import LogCursor
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.merge import MOST_SOURCES
from vibebox_tui.ui.roster import is_down
from vibebox_tui.ui.servers import EnvironmentKey, Neighbour, Subject

TAIL: Final = 1000
"""Lines of history that are asked for at first; older ones are fetched when one goes there."""

PART_LINES: Final = 250
"""Lines that are taken in between two looks at the keys, of whatever logs: about two milliseconds.
Others needn't run more often; many logs have small batches, and a turn costs as much as one."""


def parts(event: LogEvent) -> Iterator[LogEvent]:
    """The event, or one that has many lines in parts, between which others have their turn."""
    if not isinstance(event, LogLines) or len(event.entries) <= PART_LINES:
        yield event
        return
    for start in range(0, len(event.entries), PART_LINES):
        yield replace(event, entries=event.entries[start : start + PART_LINES])


class Scope(StrEnum):
    """Of which environments a pane shows the log."""

    THIS = "this"
    MARKED = "marked"
    ALL = "all"

    def chosen(self, neighbours: Iterable[Neighbour]) -> list[Subject]:
        """Those of all environments that are in it, at most as many as can be merged."""
        found = [each.subject for each in neighbours if self is Scope.ALL or each.is_marked]
        return found[:MOST_SOURCES]

    def next(self, neighbours: Iterable[Neighbour]) -> "Scope":
        """The one after it that would show something else."""
        known = list(neighbours)
        wider = [each for each in (Scope.MARKED, Scope.ALL) if len(each.chosen(known)) > 1]
        if Scope.MARKED in wider and all(each.is_marked for each in known):
            wider.remove(Scope.MARKED)
        order = [Scope.THIS, *wider]
        at = order.index(self) if self in order else 0
        return order[(at + 1) % len(order)]


@dataclass(slots=True)
class _Source:
    """A log that is or was followed."""

    subject: Subject
    task: asyncio.Task[None] | None = None
    link: LinkState | None = None
    tail: int = TAIL
    """Lines of history to ask for when it is followed next."""


class LogSources:
    """Follows several logs, which may come and go: what was said of one that is gone stays.

    `take` is called with each event and the number of the source that it is from; `failed` where
    one of them can't be followed any more. `give_way` lets others run before an event: a full
    queue never waits, and the screen has to live. `begun` is told of a source that is new.
    """

    def __init__(
        self,
        take: Callable[[int, LogEvent], None],
        failed: Callable[[int, VibeBoxError], None],
        give_way: Callable[[LogEvent], Awaitable[None]],
        begun: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._take = take
        self._failed = failed
        self._give_way = give_way
        self._begun = begun
        self._sources: dict[EnvironmentKey, _Source] = {}
        self._wanted: tuple[Subject, ...] = ()
        self._cursors: dict[int, LogCursor] = {}
        self._changed = asyncio.Event()

    @property
    def names(self) -> list[str]:
        """What each source is called, by its number."""
        return [source.subject.name for source in self._sources.values()]

    @property
    def link(self) -> LinkState | None:
        """The link that most needs telling, of those that are followed."""
        links = [source.link for source in self._sources.values() if source.task and source.link]
        return next(filter(is_down, links), links[0] if links else None)

    @property
    def origins(self) -> dict[int, tuple[Client, str]]:
        """Where older lines of each source can be had: its client, its environment's id."""
        return {
            number: (source.subject.server.client, source.subject.environment.id)
            for number, source in enumerate(self._sources.values())
        }

    @property
    def wanted_origins(self) -> dict[int, tuple[Client, str]]:
        """The same of those alone whose logs are wanted still."""
        keys = {subject.key for subject in self._wanted}
        wanted = [source.subject.key in keys for source in self._sources.values()]
        return {number: origin for number, origin in self.origins.items() if wanted[number]}

    def want(self, subjects: Iterable[Subject]) -> None:
        """Follow the logs of these, and no others any more."""
        self._wanted = tuple(subjects)
        self._changed.set()

    async def run(self, cursors: Mapping[int, LogCursor], is_heeded: Callable[[], bool]) -> None:
        """Follow what is wanted until cancelled, those first after their `cursors` that have one.

        It can be run again once it was cancelled; what comes of a former run's logs meanwhile is
        no longer heeded.
        """
        self._cursors = dict(cursors)
        for number, source in enumerate(self._sources.values()):
            source.task, source.tail = None, 0 if number in self._cursors else TAIL
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                self._end_others()
                for subject in self._wanted:
                    self._begin(subject, tasks, is_heeded)
                await self._changed.wait()

    def _end_others(self) -> None:
        keys = {subject.key for subject in self._wanted}
        for key, source in self._sources.items():
            if source.task is not None and key not in keys:
                source.task.cancel()
                source.task = None

    def _begin(
        self, subject: Subject, tasks: asyncio.TaskGroup, is_heeded: Callable[[], bool]
    ) -> None:
        """Follow one more log; of one that was followed before, only what comes."""
        source = self._sources.get(subject.key)
        if source is None:
            if len(self._sources) >= MOST_SOURCES:
                return
            source = self._sources[subject.key] = _Source(subject)
            self._begun(len(self._sources) - 1)
        source.subject = subject
        if source.task is None:
            number = list(self._sources).index(subject.key)
            after = self._cursors.pop(number, None)
            events = subject.server.client.logs(
                subject.environment.id, tail=source.tail, after=after
            )
            source.tail = 0
            source.task = tasks.create_task(self._follow(number, source, events, is_heeded))

    async def _follow(
        self,
        number: int,
        source: _Source,
        log: Subscription[LogEvent],
        is_heeded: Callable[[], bool],
    ) -> None:
        try:
            async with log as events:
                async for event in events:
                    if isinstance(event, LinkState):
                        source.link = event
                    for part in parts(event):
                        await self._give_way(part)
                        if not is_heeded():
                            return
                        self._take(number, part)
        except VibeBoxError as error:
            self._failed(number, error)
