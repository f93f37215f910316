"""The docker runtime: environments in containers of our own, and containers that were found."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from typing import Any, Final

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import (
    EngineError,
    RuntimeAwayError,
    ServerError,
    StartFailedError,
)
from vibebox_tui.server.keeper.child import TERMINAL
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.runtimes.base import LogSink, RuntimeHost, TerminalSink, TerminalSpec
from vibebox_tui.server.runtimes.docker.adoption import Adopted
from vibebox_tui.server.runtimes.docker.containers import Containers
from vibebox_tui.server.runtimes.docker.definition import OWNER_LABEL, check, options
from vibebox_tui.server.runtimes.docker.ending import ended_with_engine
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.found import FoundContainers
from vibebox_tui.server.runtimes.docker.permission import MountPolicy, check_permission
from vibebox_tui.server.runtimes.docker.refusal import start_failure
from vibebox_tui.server.runtimes.docker.run import DockerRun
from vibebox_tui.server.runtimes.docker.terminal import DockerTerminal
from vibebox_tui.server.runtimes.docker.wire import Container, Event
from vibebox_tui.server.runtimes.kept_terminal import terminal_tag

_FIRST_LINES: Final = 10_000
"""Lines taken from the log of a container that ran before we knew of it: more is no history."""

_RETOLD: Final = frozenset({"start", "die", "kill", "oom", "pause", "unpause", "remove", "destroy"})
"""What a run is told of; besides the results of health checks."""

_LISTED: Final = frozenset({"start", "die", "remove", "destroy", "rename"})
"""What changes the list of containers that are there to be adopted."""

_NO_LIMITS: Final = (
    "its limits aren't held: the container engine can't hold them here (without root it takes"
    " control groups v2)"
)

_AGAIN: Final = 5.0
"""Seconds between two looks for a run that was lost though the engine is there."""

_log = logging.getLogger(__name__)


class DockerRuntime:
    """Runs environments in containers of Docker or Podman, which outlive us.

    Their terminals are relayed by processes of `keeper`. With `adopted`, running containers that
    aren't ours are environments too; they may only be watched unless `may_change_adopted`.
    `mounts` says what of the machine ours may be given. `address` is a Docker host; None looks
    for one. Nothing is imported, connected or asked for before there is a need.
    """

    sessions_need_running = True

    def __init__(
        self,
        keeper: KeeperClient,
        adopted: Adopted = "none",
        *,
        may_change_adopted: bool = False,
        mounts: MountPolicy = MountPolicy(),  # noqa: B008  # a constant
        address: str | None = None,
    ) -> None:
        self._keeper = keeper
        self._adopted = adopted
        self._may_change = may_change_adopted
        self._mounts = mounts
        self._engine = Engine(self, address)
        self._containers = Containers(self._engine)
        self._host: RuntimeHost | None = None
        self._found: FoundContainers | None = None
        self._runs: dict[str, DockerRun] = {}
        self._lost: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def attach(self, host: RuntimeHost) -> None:
        """Begin to follow the engine, where it matters."""
        self._host = host
        found = FoundContainers(
            self._engine,
            self._containers,
            host,
            self._adopted,
            may_change=self._may_change,
            is_followed=lambda container_id: container_id in self._runs,
        )
        if self._adopted == "none":
            await found.forget_all()
        else:
            self._found = found
            self._spawn(found.keep())
        if self._adopted != "none" or host.of_runtime("docker"):
            self._spawn(self._open())

    async def close(self) -> None:
        """Let go of everything; what runs goes on."""
        for task in self._tasks.copy():
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._engine.close()

    # --- runs

    def limits_note(self, environment: Environment) -> str | None:
        """Most engines hold all limits, or refuse the container."""
        has_limits = environment.cpu_limit or environment.memory_limit
        return None if self._engine.holds_limits or not has_limits else _NO_LIMITS

    def check(self, environment: Environment, *, by_admin: bool = True) -> None:
        """Raise InvalidRequestError or ForbiddenError where it can't or mustn't be started."""
        if not environment.adopted:
            check_permission(check(environment), self._mounts, by_admin=by_admin)

    async def start(self, environment: Environment, log: LogSink) -> DockerRun:
        """Start its container, made anew where the definition has changed, pulling its image.

        Raises StartFailedError, StartCalledOffError, RuntimeAwayError.
        """
        await self._engine.ready()
        try:
            container_id = await self._containers.prepare(environment, log)
            return await self._begin(environment, container_id, log)
        except EngineError as error:
            raise start_failure(f"{environment.name} can't be started", error) from error

    def call_off(self, environment: Environment) -> None:
        """End the pull of its image, where that is what a start waits for."""
        self._containers.call_off(environment)

    async def _begin(self, environment: Environment, container_id: str, log: LogSink) -> DockerRun:
        # Known before it starts: it may have ended before the engine has answered.
        run = self._run(environment, container_id, log)
        try:
            await self._containers.start(container_id)
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
        try:
            await self._engine.ready()
        except RuntimeAwayError:
            if environment.status == "running":  # as a server before this one has seen it
                self._lost.setdefault(environment.id, time.time())
            raise
        try:
            container = await self._containers.find(environment)
            if container is None:
                return None
            lost_at = self._lost.get(environment.id)
            if not container.state.running:
                if lost_at is None and not expected:
                    return None
                await self._start_again(environment, container, lost_at)
            run = self._run(environment, container.id, log)
            await run.begin()
        except EngineError as error:
            raise RuntimeAwayError(str(error)) from error
        self._lost.pop(environment.id, None)
        return run

    async def _start_again(
        self, environment: Environment, container: Container, lost_at: float | None
    ) -> None:
        """Start one of ours that had to end with its engine; others have ended by themselves."""
        if (
            lost_at is not None
            and not environment.adopted
            and self._engine.ends_containers
            and ended_with_engine(container, lost_at)
        ):
            _log.info("%s is started again: it had ended with its engine", environment.name)
            await self._containers.start(container.id)

    async def remove(self, environment: Environment) -> None:
        """Remove its container and the volumes without a name that were made for it."""
        if environment.container_id is None and not self._engine.is_open:
            return  # it has never been started
        await self._engine.ready()
        container = await self._containers.find(environment)
        if container is not None:
            with contextlib.suppress(EngineError):
                await self._containers.remove(container)

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
            self._lost[environment_id] = time.time()
            self._spawn(self._look_again_later(environment_id))

    # --- terminals

    async def open_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> DockerTerminal:
        """Open a shell or tmux in the container. Raises StartFailedError, RuntimeAwayError."""
        await self._engine.ready()
        if environment.container_id is None:
            raise StartFailedError(f"{environment.name} has no container")
        terminal = DockerTerminal(self._engine, environment.container_id, spec, sink)
        await terminal.open(environment, self._keeper)
        return terminal

    async def recover_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> DockerTerminal | None:
        """The terminal that the keeper has; one of tmux is opened anew where it has gone."""
        child = self._keeper.find(terminal_tag(spec.session_id))
        if child is not None and environment.container_id is not None:
            terminal = DockerTerminal(self._engine, environment.container_id, spec, sink)
            terminal.found_open()
            self._keeper.adopt(child, terminal, {TERMINAL: spec.position})
            return terminal
        if spec.session_type != "tmux" or environment.status != "running":
            return None
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
        self._look_for_others()

    def engine_lost(self, reason: str) -> None:
        """Whatever runs can't be seen any more."""
        for run in list(self._runs.values()):
            run.lose(reason)

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
            self._look_for_others()

    # --- helpers

    def _look_for_others(self) -> None:
        if self._found is not None:
            self._found.look()

    async def _open(self) -> None:
        with contextlib.suppress(RuntimeAwayError):  # it is looked for until it is there
            await self._engine.ready()

    async def _look_again_later(self, environment_id: str) -> None:
        """Find a run that was lost though the engine is there, and only too slow for once."""
        await asyncio.sleep(_AGAIN)
        while environment_id in self._lost and self._engine.is_there:
            await self._look_again(environment_id)
            await asyncio.sleep(_AGAIN)

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
