"""Environments: what there is, what state it is in, and what may be done to it."""

import asyncio
import builtins
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from vibebox_tui.protocol.messages import Change, EnvironmentChange, EnvironmentStatus
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    Environment,
    EnvironmentStats,
    UpdateEnvironmentRequest,
)
from vibebox_tui.server.environment_life import EnvironmentLife
from vibebox_tui.server.environment_log import EnvironmentAudience
from vibebox_tui.server.errors import (
    ConflictError,
    EnvironmentNotFoundError,
    InvalidRequestError,
)
from vibebox_tui.server.runtimes.base import Runtime
from vibebox_tui.server.sampler import Sampler
from vibebox_tui.server.store import Store
from vibebox_tui.server.times import iso_now

_CLOSE_GRACE: Final = 3.0
"""Seconds between SIGTERM and SIGKILL where the whole server stops, within its own 10 s."""

_DELETE_GRACE: Final = 2.0
"""Seconds between SIGTERM and SIGKILL for what is deleted anyway."""


_START_PATIENCE: Final = 5.0
"""Seconds that an answer waits for a start; one that takes longer goes on and is told by status."""


_FOUND: Final = (
    "name", "description", "group", "read_only", "base_image", "command", "working_directory",
    "environment_variables", "cpu_limit", "memory_limit", "container",
)  # fmt: skip
"""What of an adopted environment comes from what was found."""


class EnvironmentSettings(msgspec.Struct, frozen=True):
    """How environments are treated."""

    stop_grace: float = 10.0
    """Seconds between asking one to end and forcing it."""

    sample_interval: float = 2.0
    """Seconds between two samples of CPU and memory (protocol: every 2 s while running)."""


class Environments:
    """All environments of this server. Called on the event loop only.

    Raises:
        EnvironmentNotFoundError: from every method with an id that doesn't exist.
    """

    def __init__(
        self,
        store: Store,
        runtimes: Mapping[str, Runtime],
        audience: EnvironmentAudience,
        settings: EnvironmentSettings | None = None,
    ) -> None:
        self._store = store
        self._runtimes = runtimes
        self._audience = audience
        self._settings = settings or EnvironmentSettings()
        self._sampler = Sampler(self._settings.sample_interval)
        self._lives: dict[str, EnvironmentLife] = {}
        self._deleted: list[Callable[[str], Awaitable[None]]] = []

    async def open(self) -> None:
        """Load them from the store and find what still runs."""
        await self._store.open_logs()
        for environment in await self._store.environments():
            if environment.runtime in self._runtimes:
                self._admit(environment)
        await asyncio.gather(*(life.recover() for life in self._lives.values()))
        for runtime in self._runtimes.values():
            await runtime.attach(self)

    async def close(self, *, leave_running: bool) -> None:
        """Let go of them; those that run are stopped, or left to go on."""
        lives = list(self._lives.values())
        if not leave_running:
            ours = (life for life in lives if not life.environment.adopted)
            await asyncio.gather(*(life.end(_CLOSE_GRACE) for life in ours))
        for life in lives:
            await life.leave()

    # --- what there is

    def get(self, environment_id: str) -> Environment:
        """The environment with its present status."""
        return self._life(environment_id).environment

    def list(
        self, *, visible_to: str | None = None, status: str | None = None
    ) -> list[Environment]:
        """All environments, oldest first; `visible_to` a user: that user's own and the shared."""
        return [
            environment
            for environment in self._all()
            if visible_to is None or environment.owner_id == visible_to or environment.shared
            if status is None or environment.status == status
        ]

    def is_leaving(self, environment_id: str) -> bool:
        """Whether it is being deleted, or has been: nothing of it may begin any more."""
        life = self._lives.get(environment_id)
        return life is None or life.is_leaving

    def runtime(self, environment_id: str) -> Runtime:
        """What runs the environment."""
        return self._runtimes[self.get(environment_id).runtime]

    def status(self, environment_id: str) -> EnvironmentStatus:
        """The newest status."""
        return self._life(environment_id).status

    def stats(self, environment_id: str) -> EnvironmentStats:
        """CPU and memory now and over the last minutes."""
        environment = self.get(environment_id)
        usage = self._sampler.latest(environment_id)
        return EnvironmentStats(
            environment_id=environment_id,
            cpu_usage=usage.cpu,
            memory_usage=usage.memory,
            cpu_limit=environment.cpu_limit,
            memory_limit=environment.memory_limit,
            history=self._sampler.history(environment_id),
            network_received=usage.network_received,
            network_sent=usage.network_sent,
            block_read=usage.block_read,
            block_written=usage.block_written,
        )

    # --- definitions

    async def create(
        self, request: CreateEnvironmentRequest, owner_id: str, *, by_admin: bool
    ) -> Environment:
        """Add an environment, stopped.

        Raises:
            InvalidRequestError
            ForbiddenError: what is asked for is for admins only.
            ConflictError: its name is taken.
        """
        environment = Environment(
            id=str(uuid.uuid4()), owner_id=owner_id, created_at=iso_now(), **_given(request)
        )
        environment.slug = _slug(environment.name, {other.slug for other in self._all()})
        self._check(environment, by_admin=by_admin)
        life = self._admit(environment)
        life.look_at_limits()
        await life.save()
        self._announce(environment.id, "created")
        life.announce()
        return environment

    async def update(
        self, environment_id: str, request: UpdateEnvironmentRequest, *, by_admin: bool
    ) -> Environment:
        """Change the definition, which holds from the next start; what an admin gave it stays.

        Raises as `create` does.
        """
        life = self._changeable(environment_id)
        changed = msgspec.structs.replace(life.environment, **_given(request))
        self._check(changed, by_admin=by_admin or request.container is None)
        # The same object: its status may change while this is saved.
        for field in _given(request):
            setattr(life.environment, field, getattr(changed, field))
        life.look_at_limits()
        await life.save()
        self._announce(environment_id, "updated")
        return life.environment

    async def delete(self, environment_id: str) -> None:
        """End all that runs in it, then forget it with its sessions and its log."""
        life = self._changeable(environment_id)
        life.is_leaving = True
        try:
            await life.end(_DELETE_GRACE)
            await self._end_sessions(environment_id)
            await self._runtimes[life.environment.runtime].remove(life.environment)
        except BaseException:
            life.is_leaving = False  # it is still there, and may be deleted again
            raise
        await self._forget(life)

    async def _end_sessions(self, environment_id: str) -> None:
        for callback in self._deleted:
            await callback(environment_id)

    async def _forget(self, life: EnvironmentLife) -> None:
        environment_id = life.environment.id
        await life.leave()
        if self._lives.pop(environment_id, None) is None:
            return  # somebody else was quicker
        self._sampler.drop(environment_id)
        self._audience.broadcast_environment_status(
            EnvironmentStatus(environment_id, "stopped", "deleted")
        )
        self._announce(environment_id, "deleted")
        await self._store.delete_environment(environment_id)

    def on_deleted(self, callback: Callable[[str], Awaitable[None]]) -> None:
        """Call back with the id of each environment that is being deleted."""
        self._deleted.append(callback)

    # --- lives

    async def start(self, environment_id: str) -> Environment:
        """Start it; returns when it runs, or while a long start is still under way.

        Raises:
            ConflictError: it isn't stopped, or may only be watched.
            StartFailedError: it can't be started; its status is `error` then.
        """
        start = asyncio.create_task(self._changeable(environment_id).start())
        done, _ = await asyncio.wait([start], timeout=_START_PATIENCE)
        if done:
            await start
        else:
            start.add_done_callback(_take_notice)
        return self.get(environment_id)

    async def stop(self, environment_id: str) -> Environment:
        """Begin to stop it; returns while it is `stopping`. Raises ConflictError."""
        await self._changeable(environment_id).stop(self._settings.stop_grace)
        return self.get(environment_id)

    async def restart(self, environment_id: str) -> Environment:
        """Stop it where it runs, then start it; returns while it is on its way."""
        await self._changeable(environment_id).restart(self._settings.stop_grace)
        return self.get(environment_id)

    async def settled(self, environment_id: str) -> Environment:
        """Wait until it is neither starting nor stopping."""
        await self._life(environment_id).settled()
        return self.get(environment_id)

    # --- RuntimeHost

    def of_runtime(self, runtime: str) -> "builtins.list[Environment]":
        """The environments that this runtime runs."""
        return [environment for environment in self._all() if environment.runtime == runtime]

    async def look_again(self, environment_id: str) -> None:
        """Something of it may run, or be seen again: have it recovered."""
        if environment_id in self._lives:
            await self._lives[environment_id].recover()

    async def adopt(self, environment: Environment) -> None:
        """Take in an environment that was found, or what has changed about it."""
        life = self._lives.get(environment.id)
        if life is None:
            environment.slug = _slug(environment.name, {other.slug for other in self._all()})
            life = self._admit(environment)
            await life.save()
            self._announce(environment.id, "created")
            life.announce()
        elif _adopted_facts(life.environment) != _adopted_facts(environment):
            for name, value in _adopted_facts(environment).items():
                setattr(life.environment, name, value)
            await life.save()
            self._announce(environment.id, "updated")
        await life.recover()

    async def abandon(self, environment_id: str) -> None:
        """Forget an adopted environment that isn't there any more."""
        life = self._lives.get(environment_id)
        if life is not None:
            await self._end_sessions(environment_id)
            await self._forget(life)

    # --- helpers

    def _changeable(self, environment_id: str) -> EnvironmentLife:
        life = self._life(environment_id)
        if life.environment.read_only:
            raise ConflictError(
                f"{life.environment.name} may only be watched: it was found running,"
                " and this server wasn't told that it may change such",
                environmentId=environment_id,
            )
        return life

    def _all(self) -> Iterable[Environment]:
        return (life.environment for life in self._lives.values())

    def _life(self, environment_id: str) -> EnvironmentLife:
        try:
            return self._lives[environment_id]
        except KeyError:
            raise EnvironmentNotFoundError(environment_id) from None

    def _admit(self, environment: Environment) -> EnvironmentLife:
        life = EnvironmentLife(
            environment,
            self._store,
            self._runtimes[environment.runtime],
            self._audience,
            self._sampler,
        )
        self._lives[environment.id] = life
        return life

    def _check(self, environment: Environment, *, by_admin: bool) -> None:
        runtime = self._runtimes.get(environment.runtime)
        if runtime is None:
            known = ", ".join(sorted(self._runtimes))
            raise InvalidRequestError(
                f"runtime: this server has no {environment.runtime}, only {known}", field="runtime"
            )
        runtime.check(environment, by_admin=by_admin)
        for other in self._all():
            if (other.name, other.owner_id) == (environment.name, environment.owner_id) and (
                other.id != environment.id
            ):
                raise ConflictError(
                    f"there is an environment named {environment.name} already",
                    environmentId=other.id,
                )

    def _announce(self, environment_id: str, change: Change) -> None:
        self._audience.environment_changed(EnvironmentChange(environment_id, change))


def _given(request: CreateEnvironmentRequest | UpdateEnvironmentRequest) -> dict[str, Any]:
    """The fields that a request has, by their names in an Environment."""
    given = msgspec.structs.asdict(request)
    return {name: value for name, value in given.items() if value is not None}


def _adopted_facts(environment: Environment) -> dict[str, Any]:
    return {name: getattr(environment, name) for name in _FOUND}


def _take_notice(start: asyncio.Task[None]) -> None:
    """How a long start ended is in the status; here it only mustn't go unread."""
    if not start.cancelled():
        start.exception()


def _slug(name: str, taken: set[str]) -> str:
    """The name as it can stand in a URL, with a number where another one has it."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "environment"
    slug, number = plain, 1
    while slug in taken:
        number += 1
        slug = f"{plain}-{number}"
    return slug
