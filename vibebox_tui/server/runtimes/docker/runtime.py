"""The docker runtime: environments in containers of our own, and containers that were found."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Coroutine
from typing import Any, Final

import msgspec

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import (
    EngineError,
    RuntimeAwayError,
    ServerError,
    StartFailedError,
)
from vibebox_tui.server.runtimes.base import LogSink, RuntimeHost, TerminalSink, TerminalSpec
from vibebox_tui.server.runtimes.docker.adoption import (
    Adopted,
    adopted_environment,
    adopted_id,
    is_wanted,
)
from vibebox_tui.server.runtimes.docker.definition import (
    DEFINITION_LABEL,
    OWNER_LABEL,
    check,
    container_name,
    creation,
    options,
)
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.images import pull
from vibebox_tui.server.runtimes.docker.run import DockerRun
from vibebox_tui.server.runtimes.docker.terminal import DockerTerminal
from vibebox_tui.server.runtimes.docker.wire import (
    Container,
    ContainerSummary,
    Created,
    Event,
)

_NOT_FOUND: Final = 404

_FIRST_LINES: Final = 10_000
"""Lines taken from the log of a container that ran before we knew of it: more is no history."""

_GATHERING: Final = 0.1
"""Seconds in which changes gather before the list is read again: a project starts all at once."""

_GONE_FOR_GOOD: Final = 5.0
"""Seconds after which an adopted container that was removed isn't merely being made anew."""

_RETOLD: Final = frozenset({"start", "die", "kill", "oom", "pause", "unpause", "remove", "destroy"})
"""What a run is told of; besides the results of health checks."""

_LISTED: Final = frozenset({"start", "die", "remove", "destroy", "rename"})
"""What changes the list of containers that are there to be adopted."""

_log = logging.getLogger(__name__)


class DockerRuntime:
    """Runs environments in containers of Docker or Podman, which outlive us.

    With `adopted`, running containers that aren't ours are environments too; they may only be
    watched unless `may_change_adopted`. `address` is a Docker host; None looks for one. Nothing
    is imported, connected or asked for before there is a need.
    """

    sessions_need_running = True

    def __init__(
        self,
        adopted: Adopted = "none",
        *,
        may_change_adopted: bool = False,
        address: str | None = None,
    ) -> None:
        self._adopted = adopted
        self._may_change = may_change_adopted
        self._engine = Engine(self, address)
        self._host: RuntimeHost | None = None
        self._runs: dict[str, DockerRun] = {}
        self._terminals: set[DockerTerminal] = set()
        self._lost: set[str] = set()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def attach(self, host: RuntimeHost) -> None:
        """Begin to follow the engine, where it matters."""
        self._host = host
        if self._adopted == "none":
            await self._abandon_all()
        else:
            self._spawn(self._keep_adopting())
        if self._adopted != "none" or host.of_runtime("docker"):
            self._spawn(self._open())

    async def close(self) -> None:
        """Let go of everything; what runs goes on."""
        for task in self._tasks.copy():
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(terminal.leave() for terminal in self._terminals.copy()))
        await self._engine.close()

    # --- runs

    def check(self, environment: Environment) -> None:
        """Raise InvalidRequestError where the definition can't ever be started."""
        if not environment.adopted:
            check(environment)

    async def start(self, environment: Environment, log: LogSink) -> DockerRun:
        """Start its container, made anew where the definition has changed, pulling its image.

        Raises StartFailedError, RuntimeAwayError.
        """
        await self._engine.ready()
        try:
            container_id = await self._container(environment, log)
            return await self._begin(environment, container_id, log)
        except EngineError as error:
            raise StartFailedError(f"{environment.name} can't be started: {error}") from error

    async def _begin(self, environment: Environment, container_id: str, log: LogSink) -> DockerRun:
        # Known before it starts: it may have ended before the engine has answered.
        run = self._run(environment, container_id, log)
        try:
            await self._engine.post(f"containers/{container_id}/start")
            await run.begin()
        except BaseException:
            await run.leave()
            raise
        return run

    async def recover(self, environment: Environment, log: LogSink) -> DockerRun | None:
        """The run of its container, where it runs or was lost from sight."""
        expected = environment.status not in ("stopped", "error")
        if not expected and not self._engine.is_open:
            return None  # when it is open, everything is looked at again
        await self._engine.ready()
        try:
            container = await self._found(environment)
            if container is None:
                return None
            missed = expected or environment.id in self._lost
            if not container.state.running and not missed:
                return None
            run = self._run(environment, container.id, log)
            await run.begin()
        except EngineError as error:
            raise RuntimeAwayError(str(error)) from error
        self._lost.discard(environment.id)
        return run

    async def remove(self, environment: Environment) -> None:
        """Remove its container and the volumes without a name that were made for it."""
        if environment.container_id is None and not self._engine.is_open:
            return  # it has never been started
        await self._engine.ready()
        container = await self._found(environment)
        if container is not None:
            with contextlib.suppress(EngineError):
                await self._engine.delete(f"containers/{container.id}", force=1, v=1)

    # --- terminals

    async def open_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> DockerTerminal:
        """Open a shell or tmux in the container. Raises StartFailedError, RuntimeAwayError."""
        await self._engine.ready()
        if environment.container_id is None:
            raise StartFailedError(f"{environment.name} has no container")
        terminal = DockerTerminal(self._engine, environment.container_id, spec, sink)
        await terminal.open(environment)
        self._terminals.add(terminal)
        terminal.on_end(lambda: self._terminals.discard(terminal))
        return terminal

    async def recover_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> DockerTerminal | None:
        """A tmux session's terminal, opened anew; a shell has ended with its connection."""
        if environment.status != "running" or not self._engine.is_open:
            return None
        if spec.session_type == "tmux":
            try:
                return await self.open_terminal(environment, spec, sink)
            except ServerError as error:
                _log.warning("the session %s: %s", spec.session_name, error)
        return None

    # --- EngineListener

    async def engine_found(self) -> None:
        """Look at everything again."""
        if self._host is None:
            return
        for environment in self._host.of_runtime("docker"):
            await self._host.look_again(environment.id)
        for run in self._runs.values():
            run.look()
        self._changed.set()

    def engine_lost(self, reason: str) -> None:
        """Whatever runs can't be seen any more."""
        for run in list(self._runs.values()):
            run.lose(reason)
        for terminal in list(self._terminals):
            terminal.lose(reason)

    def happened(self, event: Event) -> None:
        """Tell a run what happened to it, or look for one that was started by somebody else."""
        run = self._runs.get(event.actor.id)
        if run is not None and (event.action in _RETOLD or event.action.startswith("health")):
            run.happened(event)
        if event.action == "start":
            owner = event.actor.attributes.get(OWNER_LABEL)
            if owner is not None:
                self._spawn(self._look_again(owner))
        if event.action in _LISTED:
            self._changed.set()

    # --- containers of our own

    async def _container(self, environment: Environment, log: LogSink) -> str:
        """The id of a container that is what the environment is defined to be."""
        container = await self._found(environment)
        if environment.adopted:
            if container is None:
                raise StartFailedError(f"{environment.name}: its container was removed")
            return container.id
        body = creation(environment)
        if container is not None:
            if container.labels.get(DEFINITION_LABEL) == body["Labels"][DEFINITION_LABEL]:
                return container.id
            await self._engine.delete(f"containers/{container.id}", force=1, v=1)
        return await self._create(environment, body, log)

    async def _create(self, environment: Environment, body: dict[str, Any], log: LogSink) -> str:
        name = container_name(environment)
        try:
            answer = await self._engine.post("containers/create", body, name=name)
        except EngineError as error:
            if error.code != _NOT_FOUND or environment.base_image is None:
                raise
            await pull(self._engine, environment.base_image, log)
            answer = await self._engine.post("containers/create", body, name=name)
        return msgspec.json.decode(answer, type=Created).id

    async def _found(self, environment: Environment) -> Container | None:
        """The environment's container, running or not."""
        if environment.adopted:
            return await self._by_name(environment)
        filters = json.dumps({"label": [f"{OWNER_LABEL}={environment.id}"]})
        listed = await self._engine.get(
            "containers/json", list[ContainerSummary], all=1, filters=filters
        )
        return await self._inspect(listed[0].id) if listed else None

    async def _by_name(self, environment: Environment) -> Container | None:
        name = (environment.container or {}).get("Name")
        if not isinstance(name, str) or not name:
            return None
        return await self._inspect(name)

    async def _inspect(self, name: str) -> Container | None:
        try:
            return await self._engine.get(f"containers/{name}/json", Container)
        except EngineError as error:
            if error.code == _NOT_FOUND:
                return None
            raise

    def _run(self, environment: Environment, container_id: str, log: LogSink) -> DockerRun:
        run = DockerRun(
            self._engine,
            container_id,
            log,
            stop_timeout=None if environment.adopted else options(environment).stop_timeout,
            tail=_FIRST_LINES if environment.adopted else None,
        )
        self._runs[container_id] = run
        run.on_end(lambda lost: self._ended(environment.id, container_id, run, lost=lost))
        return run

    def _ended(self, environment_id: str, container_id: str, run: DockerRun, *, lost: bool) -> None:
        if self._runs.get(container_id) is run:
            del self._runs[container_id]
        if lost:
            self._lost.add(environment_id)

    # --- containers that are found

    async def _keep_adopting(self) -> None:
        """Compare what is there with what is known, whenever something has changed."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_GATHERING)
            self._changed.clear()
            try:
                await self._adopt()
            except ServerError as error:
                _log.warning("containers can't be looked for: %s", error)

    async def _adopt(self) -> None:
        listed = await self._engine.get("containers/json", list[ContainerSummary], all=1)
        there = {adopted_id(name) for summary in listed for name in summary.names[:1]}
        wanted = [summary for summary in listed if is_wanted(summary, self._adopted)]
        known = {e.id: e for e in self._environments() if e.adopted}
        for summary in wanted:
            if summary.state == "running":
                await self._take_in(summary)
        wanted_ids = {adopted_id(name) for summary in wanted for name in summary.names[:1]}
        for environment_id in known:
            if environment_id not in there:
                self._spawn(self._abandon_later(environment_id))
            elif environment_id not in wanted_ids:
                await self._abandon(environment_id)

    async def _take_in(self, summary: ContainerSummary) -> None:
        if summary.id in self._runs or self._host is None:
            return
        container = await self._inspect(summary.id)
        if container is not None:
            environment = adopted_environment(container, read_only=not self._may_change)
            await self._host.adopt(environment)

    async def _abandon_later(self, environment_id: str) -> None:
        await asyncio.sleep(_GONE_FOR_GOOD)
        listed = await self._engine.get("containers/json", list[ContainerSummary], all=1)
        there = {adopted_id(name) for summary in listed for name in summary.names[:1]}
        if environment_id not in there:
            await self._abandon(environment_id)

    async def _abandon(self, environment_id: str) -> None:
        if self._host is not None:
            await self._host.abandon(environment_id)

    async def _abandon_all(self) -> None:
        for environment in self._environments():
            if environment.adopted:
                await self._abandon(environment.id)

    # --- helpers

    def _environments(self) -> list[Environment]:
        return [] if self._host is None else self._host.of_runtime("docker")

    async def _open(self) -> None:
        with contextlib.suppress(RuntimeAwayError):  # it is looked for until it is there
            await self._engine.ready()

    async def _look_again(self, environment_id: str) -> None:
        if self._host is not None:
            await self._host.look_again(environment_id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_quietly(work), name="docker runtime")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except ServerError as error:
        _log.warning("%s", error)
