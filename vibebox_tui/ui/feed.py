"""What a server tells of its environments, kept in a roster: the list, and the status of each."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from vibebox_tui.client.errors import ApiError, ClientError, UnreachableError
from vibebox_tui.client.events import EnvironmentChanged, LinkPhase, LinkState, StatusUpdate
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.roster import Numbers, Roster
from vibebox_tui.ui.servers import Server
from vibebox_tui.ui.settings import Clock

_log = logging.getLogger(__name__)

RELIST_SECONDS: Final = 30.0
"""Between two listings: a server that knows only the guide tells no changes of its list."""

HISTORIES_AT_ONCE: Final = 4
"""Requests under way for the course of CPU: with many environments they are no hurry."""

ORDER_SECONDS: Final = 1.0
"""How long a server's first list waits for that of the one before it: longer would be noticed."""

_NOT_FOUND: Final = 404


class EnvironmentFeed:
    """Keeps `roster` as `server` has it, and calls `changed` after each change but for those of
    CPU and memory, after which it calls `sampled`.

    The list is read at the start, after every interruption and from time to time; each listed
    environment has a status subscription. The first list waits a moment for that of the server
    that comes before (`after`), so that numbers don't depend on who answers first. `problem` says
    why the list couldn't be read, and is empty where it was, or where the link itself says why.
    """

    def __init__(
        self,
        server: Server,
        clock: Clock,
        changed: Callable[[], None],
        sampled: Callable[[], None],
        *,
        numbers: Numbers | None = None,
        after: "EnvironmentFeed | None" = None,
    ) -> None:
        self.server = server
        self.roster = Roster(server.name, server.label, numbers=numbers)
        self.link: LinkState | None = None
        self.problem = ""
        self.is_listed = False
        self._client = server.client
        self._after = after
        self._answered = asyncio.Event()
        self._clock = clock
        self._changed = changed
        self._sampled = sampled
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._histories = asyncio.Semaphore(HISTORIES_AT_ONCE)
        self._without_history: set[str] = set()

    async def run(self) -> None:
        """Follow the server until cancelled, over any number of reconnects."""
        self._watchers.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relist(tasks))
            await self._list(tasks)
            async with self._client.environment_changes() as changes:
                async for event in changes:
                    match event:
                        case LinkState():
                            await self._note_link(event, tasks)
                        case EnvironmentChanged(environment_id, "deleted"):
                            self._forget(environment_id)
                        case EnvironmentChanged(environment_id):
                            await self._read(environment_id, tasks)

    async def _relist(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(RELIST_SECONDS)
            await self._list(tasks)

    async def _note_link(self, link: LinkState, tasks: asyncio.TaskGroup) -> None:
        before, self.link = self.link, link
        was_connected = before is not None and before.phase is LinkPhase.CONNECTED
        self.roster.note_link(link)
        self._changed()
        if link.phase is not LinkPhase.CONNECTED:
            return
        if not was_connected:
            self._without_history |= self.roster.ids
        if not was_connected or _is_first_answer(before, link):
            await self._list(tasks)

    async def _list(self, tasks: asyncio.TaskGroup) -> None:
        try:
            environments = await self._client.rest.environments()
        except UnreachableError:
            self._answered.set()
            return  # the link says so, and once it is back the list is read again
        except VibeBoxError as error:
            self._answered.set()
            self.problem = str(error)
            self._changed()
            return
        await self._let_the_first_answer()
        self.problem = ""
        self.is_listed = True
        known = self.roster.ids
        self.roster.replace(environments, self._clock())
        self._answered.set()
        self._without_history |= self.roster.ids - known
        for gone in set(self._watchers) - self.roster.ids:
            self._watchers.pop(gone).cancel()
        for environment in environments:
            self._watch_status(environment.id, tasks)
            self._fetch_history(environment, tasks)
        self._changed()

    async def _let_the_first_answer(self) -> None:
        if self._after is None or self._answered.is_set():
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._after._answered.wait(), ORDER_SECONDS)

    async def _read(self, environment_id: str, tasks: asyncio.TaskGroup) -> None:
        try:
            environment = await self._client.rest.environment(environment_id)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                self._forget(environment_id)
            return
        except ClientError:
            return  # the next listing corrects it
        self.roster.put(environment, self._clock())
        self._watch_status(environment_id, tasks)
        self._changed()

    def _forget(self, environment_id: str) -> None:
        self.roster.remove(environment_id)
        if watcher := self._watchers.pop(environment_id, None):
            watcher.cancel()
        self._changed()

    def _watch_status(self, environment_id: str, tasks: asyncio.TaskGroup) -> None:
        if environment_id not in self._watchers:
            task = tasks.create_task(self._follow_status(environment_id))
            self._watchers[environment_id] = task
            task.add_done_callback(lambda done: self._unwatch(environment_id, done))

    async def _follow_status(self, environment_id: str) -> None:
        try:
            async with self._client.status(environment_id) as updates:
                async for event in updates:
                    if isinstance(event, StatusUpdate):
                        is_news = self.roster.note(event.status, event.received_at)
                        (self._changed if is_news else self._sampled)()
        except VibeBoxError as error:
            _log.info("no status of %s: %s", environment_id, error)

    def _fetch_history(self, environment: Environment, tasks: asyncio.TaskGroup) -> None:
        """Ask for the course of CPU, once after each interruption."""
        if environment.id in self._without_history and environment.status == "running":
            self._without_history.discard(environment.id)
            tasks.create_task(self._read_history(environment.id))

    async def _read_history(self, environment_id: str) -> None:
        try:
            async with self._histories:
                stats = await self._client.rest.environment_stats(environment_id)
        except ClientError as error:
            _log.info("no history of %s: %s", environment_id, error)
            return
        self.roster.note_history(environment_id, [each.cpu_usage for each in stats.history])
        self._changed()

    def _unwatch(self, environment_id: str, task: asyncio.Task[None]) -> None:
        if self._watchers.get(environment_id) is task:
            del self._watchers[environment_id]


def _is_first_answer(before: LinkState | None, link: LinkState) -> bool:
    """Whether the server has now shown that it got our subscription; some changes of the list may
    have gone unseen until then."""
    return before is not None and before.round_trip is None and link.round_trip is not None
