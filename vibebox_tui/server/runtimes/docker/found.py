"""The engine's list of containers against the environments: who comes, who goes."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from vibebox_tui.server.errors import ServerError
from vibebox_tui.server.runtimes.base import RuntimeHost
from vibebox_tui.server.runtimes.docker.adoption import (
    Adopted,
    adopted_environment,
    adopted_id,
    in_order,
    is_wanted,
)
from vibebox_tui.server.runtimes.docker.containers import Containers
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.wire import ContainerSummary

_GATHERING: Final = 0.1
"""Seconds in which changes gather before the list is read again: a project starts all at once."""

_GONE_FOR_GOOD: Final = 5.0
"""Seconds after which an adopted container that was removed isn't merely being made anew."""

_log = logging.getLogger(__name__)


class FoundContainers:
    """Keeps the containers that aren't ours as environments of `host`, as far as wanted.

    They may only be watched unless `may_change`; `is_followed` says whether a container's life is
    followed already, and nothing new can be found about it.
    """

    def __init__(
        self,
        engine: Engine,
        containers: Containers,
        host: RuntimeHost,
        adopted: Adopted,
        *,
        may_change: bool,
        is_followed: Callable[[str], bool],
    ) -> None:
        self._engine = engine
        self._containers = containers
        self._host = host
        self._adopted = adopted
        self._may_change = may_change
        self._is_followed = is_followed
        self._changed = asyncio.Event()
        self._seen: set[str] = set()
        """Containers that were looked at by this server: one that has ended changes no more."""

    def look(self) -> None:
        """The list may have changed."""
        self._changed.set()

    async def keep(self) -> None:
        """Compare what is there with what is known, whenever it may have changed."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._changed.wait()
                await asyncio.sleep(_GATHERING)
                self._changed.clear()
                try:
                    await self._compare(tasks)
                except ServerError as error:
                    _log.warning("containers can't be looked for: %s", error)

    async def forget_all(self) -> None:
        """They aren't wanted any more."""
        for environment_id in self._known():
            await self._host.abandon(environment_id)

    async def _compare(self, tasks: asyncio.TaskGroup) -> None:
        listed = await self._listed()
        wanted = in_order(each for each in listed if is_wanted(each, self._adopted))
        known = self._known()
        for summary in wanted:
            # One that is known and runs no more is looked at once: what may be done may be new.
            is_new = summary.id not in self._seen and not _ids([summary]).isdisjoint(known)
            if (summary.state == "running" or is_new) and not self._is_followed(summary.id):
                await self._take_in(summary)
        there, wanted_ids = _ids(listed), _ids(wanted)
        for environment_id in known:
            if environment_id not in there:
                tasks.create_task(_quietly(self._abandon_later(environment_id)))
            elif environment_id not in wanted_ids:
                await self._host.abandon(environment_id)

    async def _take_in(self, summary: ContainerSummary) -> None:
        self._seen.add(summary.id)
        container = await self._containers.inspect(summary.id)
        if container is not None:
            environment = adopted_environment(container, read_only=not self._may_change)
            await self._host.adopt(environment)

    async def _abandon_later(self, environment_id: str) -> None:
        await asyncio.sleep(_GONE_FOR_GOOD)
        if environment_id not in _ids(await self._listed()):
            await self._host.abandon(environment_id)

    async def _listed(self) -> list[ContainerSummary]:
        return await self._engine.get("containers/json", list[ContainerSummary], all=1)

    def _known(self) -> list[str]:
        return [each.id for each in self._host.of_runtime("docker") if each.adopted]


def _ids(listed: list[ContainerSummary]) -> set[str]:
    return {adopted_id(name) for summary in listed for name in summary.names[:1]}


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except ServerError as error:
        _log.warning("%s", error)
