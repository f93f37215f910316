"""A terminal in a container: a shell run by `exec`."""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

import msgspec

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import EngineError, ServerError, StartFailedError
from vibebox_tui.server.keeper.launch import Launch
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.runtimes.base import Exit, TerminalSink, TerminalSpec
from vibebox_tui.server.runtimes.docker import exec_relay
from vibebox_tui.server.runtimes.docker.address import relay_target
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.tunnel import SSH_VARIABLES
from vibebox_tui.server.runtimes.docker.wire import Created
from vibebox_tui.server.runtimes.kept_terminal import KeptTerminal, terminal_tag

_SESSION_VARIABLE: Final = "VIBEBOX_SESSION"
"""In the environment of all that a session has started, by which it is found and ended."""

_SHELL: Final = (
    'for shell in "$1" bash; do command -v "$shell" >/dev/null 2>&1 && exec "$shell" -l; done;'
    " exec sh -l"
)
"""The shell that was asked for, else the first that exists; one that has replaced this script."""

_TMUX: Final = (
    "command -v tmux >/dev/null 2>&1 || { echo 'there is no tmux in this container'; exit 127; };"
    ' exec tmux -L vibebox new-session -A -s "$1"'
)

_END_TMUX: Final = 'tmux -L vibebox kill-session -t "=$1"'

_SIGNAL: Final = (
    "for entry in /proc/[0-9]*; do"
    f' grep -qs "{_SESSION_VARIABLE}=$1" "$entry/environ"'
    ' && kill "-$2" "${entry#/proc/}"; done; true'
)
"""Signals all that a session has started; the engines have no way to end an `exec`."""

_GRACE: Final = 2.0
"""Seconds that a shell and its jobs have after SIGHUP."""

_FORCED: Final = 5.0
"""Seconds in which the kernel has to be rid of what got SIGKILL."""

_START: Final = 20.0
"""Seconds until the engine has started a shell."""

_log = logging.getLogger(__name__)


class DockerTerminal(KeptTerminal):
    """An `exec` with a TTY, whose stream a process of the keeper's relays (`exec_relay`).

    What the keeper does for a local terminal it does for that: it outlives us, its output is
    numbered and kept until it is safe, its input typed once.
    """

    pid = None  # the relay's is of no use to anybody

    def __init__(
        self, engine: Engine, container_id: str, spec: TerminalSpec, sink: TerminalSink
    ) -> None:
        super().__init__(sink)
        self._engine = engine
        self._container_id = container_id
        self._spec = spec
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._complaint = b""

    async def open(self, environment: Environment, keeper: KeeperClient) -> None:
        """Start the shell.

        Raises:
            StartFailedError: there is none, or the container doesn't run.
            RuntimeAwayError
            KeeperError
        """
        script, argument = _program(environment, self._spec)
        body = {
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "Tty": True,
            "Cmd": ["sh", "-c", script, "vibebox", argument],
            "Env": [
                "TERM=xterm-256color",
                "COLORTERM=truecolor",
                f"{_SESSION_VARIABLE}={self._spec.session_id}",
            ],
        }
        try:
            async with asyncio.timeout(_START):
                exec_id = await _create(self._engine, self._container_id, body)
                await keeper.spawn(self._launch(exec_id), self)
                await self._begun
        except (EngineError, _NoShellError) as error:
            raise StartFailedError(f"no shell in {environment.name}: {error}") from error
        except TimeoutError as error:
            self.kill()
            raise StartFailedError(
                f"no shell in {environment.name}: the container engine doesn't answer"
            ) from error

    def _launch(self, exec_id: str) -> Launch:
        relay = [sys.executable, "-I", "-S", exec_relay.__file__]
        return Launch(
            tag=terminal_tag(self._spec.session_id),
            argv=[*relay, relay_target(self._engine.address), exec_id],
            executable=sys.executable,
            directory="/",
            environment={name: os.environ[name] for name in SSH_VARIABLES if name in os.environ},
            limits=[],
            rows=self._spec.rows,
            columns=self._spec.cols,
        )

    def found_open(self) -> None:
        """A server before this one has opened it."""
        self._begun.set_result(None)

    # --- Terminal

    async def end(self) -> None:
        """Hang up; SIGKILL to the rest of the session after a moment."""
        self.resume()
        if self._spec.session_type == "tmux":
            await self._run(_END_TMUX, self._spec.session_name)
        for name, patience in (("HUP", _GRACE), ("KILL", _FORCED)):
            await self._run(_SIGNAL, self._spec.session_id, name)
            if await self.has_ended(patience):
                return
        await super().end()  # a container that can't be reached: its relay at least

    async def _run(self, script: str, *arguments: str) -> None:
        """Run a script in the container, its output left alone."""
        body = {"Cmd": ["sh", "-c", script, "vibebox", *arguments]}
        try:
            made = await _create(self._engine, self._container_id, body)
            await self._engine.post(f"exec/{made}/start", {"Detach": True})
        except ServerError as error:
            _log.debug("nothing to end in %s: %s", self._container_id, error)

    # --- ChildListener

    def output(self, stream: int, data: bytes, position: int) -> None:
        if not self._begun.done():
            if data.startswith(exec_relay.READY):
                self._begun.set_result(None)
            else:
                self._complaint += data
                return
        super().output(stream, data, position)

    def exited(self, code: int | None) -> None:
        if self._begun.done():
            super().exited(code)
            return
        self.forget()
        self._begun.set_exception(_NoShellError(self._complaint.decode("utf-8", "replace")))

    def lost(self) -> None:
        if self._begun.done():
            super().lost()
        else:
            self._begun.set_exception(_NoShellError("the keeper has gone"))

    def _end_of(self, code: int | None) -> Exit:
        if code is None or code < 0:  # what its relay does where there is no code to be had
            return Exit(None, "its container or the connection to that has ended")
        return Exit(code, f"exit code {code}")


class _NoShellError(Exception):
    """Why there is none."""


async def _create(engine: Engine, container_id: str, body: Mapping[str, object]) -> str:
    answer = await engine.post(f"containers/{container_id}/exec", body)
    return msgspec.json.decode(answer, type=Created).id


def _program(environment: Environment, spec: TerminalSpec) -> tuple[str, str]:
    if spec.session_type == "tmux":
        return _TMUX, spec.session_name
    return _SHELL, environment.environment_variables.get("SHELL", "bash")
