"""Environments as processes of this machine, owned by the keeper."""

import asyncio
import logging
import os
import pwd
import shutil
import signal
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Self

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import InvalidRequestError, StartFailedError
from vibebox_tui.server.keeper.child import TERMINAL
from vibebox_tui.server.keeper.launch import Launch
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.kept_child import Unclaimed
from vibebox_tui.server.runtimes.base import LogSink, RuntimeHost, TerminalSink, TerminalSpec
from vibebox_tui.server.runtimes.kept_terminal import KeptTerminal, terminal_tag
from vibebox_tui.server.runtimes.leftovers import MARK, end_leftovers
from vibebox_tui.server.runtimes.limits import Held, Limits
from vibebox_tui.server.runtimes.local_run import LocalRun
from vibebox_tui.server.runtimes.tmux import Tmux

_INHERITED: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR",
    "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR",
)  # fmt: skip
"""The server's variables that an environment gets, besides LC_*; the rest may hold secrets."""


_log = logging.getLogger(__name__)


class LocalRuntime:
    """Runs commands in working directories. What runs belongs to the keeper and outlives us."""

    sessions_need_running = False

    def __init__(self, keeper: KeeperClient, limits: Limits) -> None:
        self.keeper = keeper
        """Who owns what runs; other runtimes may have it keep theirs."""
        self._limits = limits if keeper.joins_groups else limits.without_groups()

    @classmethod
    async def open(cls, directory: Path) -> Self:
        """Find or start the keeper of a data directory, which `keeper` is then, for all to share.

        Raises KeeperError.
        """
        limits = Limits.find()  # first: a keeper begins in the group that we are in
        return cls(await KeeperClient.open(directory), limits)

    async def close(self, *, end_all: bool = False) -> None:
        """Let go; what runs goes on, unless all of it is to end with the keeper."""
        if end_all:
            await self.keeper.quit()
        else:
            await self.keeper.close()

    # --- runs

    def check(self, environment: Environment, *, by_admin: bool = True) -> None:
        """Raise InvalidRequestError where the definition can't ever be started."""
        if not environment.command or not environment.command[0]:
            raise InvalidRequestError("command: a local environment needs one", field="command")
        directory = environment.working_directory
        if directory is not None and not _expanded(directory).is_absolute():
            raise InvalidRequestError(
                f"workingDirectory: {directory} is not an absolute path", field="workingDirectory"
            )
        for name in environment.environment_variables:
            if not name or "=" in name:
                raise InvalidRequestError(
                    f"environmentVariables: {name!r} is no name of a variable",
                    field="environmentVariables",
                )
        _refuse_null(environment)

    async def start(self, environment: Environment, log: LogSink) -> LocalRun:
        """Start the command. Raises StartFailedError."""
        run_id = uuid.uuid4().hex
        held = self._hold(environment)
        run = LocalRun(log, run_id, group=held.group, ended=self._forget(environment))
        launch = Launch(
            tag=f"run/{environment.id}/{run_id}",
            argv=list(environment.command),
            executable=environment.command[0],
            directory=_directory(environment),
            environment=_variables(environment),
            limits=held.rlimits,
            rows=0,
            columns=0,
            cpus=held.cpus,
            group=held.directory,
        )
        try:
            await self.keeper.spawn(launch, run)
        except BaseException:
            await run.leave()
            raise
        return run

    def call_off(self, environment: Environment) -> None:
        """No start takes long here."""

    async def recover(self, environment: Environment, log: LogSink) -> LocalRun | None:
        """The run that a server before this one has started."""
        child = self.keeper.find(f"run/{environment.id}/")
        if child is None:
            return None
        run_id = child.tag.rpartition("/")[2]
        positions = await log.positions(run_id)
        group = self._limits.group(environment.id)
        run = LocalRun(log, run_id, positions, group=group, ended=self._forget(environment))
        self.keeper.adopt(child, run, run.positions)
        return run

    def end_unclaimed(self) -> None:
        """End what a keeper still has of what nobody knows any more: a backup was restored."""
        for child in self.keeper.found:
            _log.warning("%s runs and belongs to nothing that is known: it is ended", child.tag)
            self.keeper.adopt(child, Unclaimed(), {})
            child.signal(signal.SIGKILL)

    async def attach(self, host: RuntimeHost) -> None:
        """Nothing happens to the keeper's children behind our back."""

    async def remove(self, environment: Environment) -> None:
        """End what may be left once it has stopped: its tmux server, daemons of its terminals."""
        await _tmux(environment, _variables(environment)).end()
        if (group := self._limits.group(environment.id)) is not None:
            await asyncio.to_thread(group.end)
        await asyncio.to_thread(end_leftovers, environment.id)

    def limits_note(self, environment: Environment) -> str | None:
        """What of the environment's limits can't be held here, as a sentence."""
        return self._limits.note(environment)

    # --- terminals

    async def open_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> KeptTerminal:
        """Open a shell or tmux. Raises StartFailedError."""
        variables = _variables(environment) | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        executable, argv = _program(environment, spec, variables)
        held = self._hold(environment)
        launch = Launch(
            tag=terminal_tag(spec.session_id),
            argv=argv,
            executable=executable,
            directory=_directory(environment),
            environment=variables,
            limits=held.rlimits,
            rows=spec.rows,
            columns=spec.cols,
            cpus=held.cpus,
            group=held.directory,
        )
        terminal = _terminal(environment, spec, sink)
        await self.keeper.spawn(launch, terminal)
        return terminal

    async def recover_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> KeptTerminal | None:
        """The terminal that a server before this one has opened."""
        child = self.keeper.find(terminal_tag(spec.session_id))
        if child is None:
            return None
        terminal = _terminal(environment, spec, sink)
        self.keeper.adopt(child, terminal, {TERMINAL: spec.position})
        return terminal

    def _hold(self, environment: Environment) -> Held:
        try:
            return self._limits.hold(environment)
        except OSError as error:
            raise StartFailedError(f"its limits can't be set: {error}") from error

    def _forget(self, environment: Environment) -> Callable[[], None]:
        return partial(self._limits.forget, environment.id)


def _terminal(environment: Environment, spec: TerminalSpec, sink: TerminalSink) -> KeptTerminal:
    if spec.session_type == "shell":
        return KeptTerminal(sink)
    tmux = _tmux(environment, _variables(environment))
    # The client that we hang up on is not the session: that lives in tmux's own server.
    return KeptTerminal(sink, partial(tmux.end, spec.session_name))


def _tmux(environment: Environment, variables: Mapping[str, str]) -> Tmux:
    return Tmux(f"vibebox-{environment.id}", variables)


def _directory(environment: Environment) -> str:
    """The working directory, where none is given the home directory."""
    return str(_expanded(environment.working_directory or "~"))


def _expanded(directory: str) -> Path:
    """The path with a home directory in place of `~`; where there is no such home, as it is."""
    try:
        return Path(directory).expanduser()
    except RuntimeError:
        return Path(directory)


def _variables(environment: Environment) -> dict[str, str]:
    """A clean set of variables, and the given ones over it."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or name.startswith("LC_")
    }
    account = _account()
    clean.setdefault("PATH", os.defpath)
    clean.setdefault("HOME", str(Path.home()))
    clean.setdefault("USER", account)
    clean.setdefault("LOGNAME", account)
    clean.setdefault("LANG", "C.UTF-8")
    clean[MARK] = environment.id
    return clean | environment.environment_variables


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an entry
        return str(os.getuid())


def _program(
    environment: Environment, spec: TerminalSpec, variables: Mapping[str, str]
) -> tuple[str, list[str]]:
    if spec.session_type == "shell":
        shell = _shell(variables)
        return shell, [f"-{Path(shell).name}"]  # the dash makes it a login shell
    return _tmux(environment, variables).attach(spec.session_name)


def _shell(variables: Mapping[str, str]) -> str:
    wanted = variables.get("SHELL") or _account_shell()
    for candidate in (wanted, "bash", "sh"):
        found = shutil.which(candidate, path=variables.get("PATH")) if candidate else None
        if found is not None:
            return found
    raise StartFailedError("there is no shell here: neither $SHELL, nor bash, nor sh")


def _account_shell() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return ""


def _refuse_null(environment: Environment) -> None:
    texts = [
        *environment.command,
        environment.working_directory or "",
        *environment.environment_variables,
        *environment.environment_variables.values(),
    ]
    if any("\0" in text for text in texts):
        raise InvalidRequestError("a null character can't be in a command, a path or a variable")
