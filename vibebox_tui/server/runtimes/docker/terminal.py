"""A terminal in a container: a shell run by `exec`."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import EngineError, ServerError, StartFailedError
from vibebox_tui.server.runtimes.base import Exit, InputNumber, TerminalSink, TerminalSpec
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.wire import Created, ExecState

if TYPE_CHECKING:
    from aiodocker.stream import Stream

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


class DockerTerminal:
    """An `exec` with a TTY. It lives as long as our connection to it does."""

    pid = None

    def __init__(
        self, engine: Engine, container_id: str, spec: TerminalSpec, sink: TerminalSink
    ) -> None:
        self._engine = engine
        self._container_id = container_id
        self._spec = spec
        self._sink = sink
        self._exec_id = ""
        self._stream: Stream | None = None
        self._reader: asyncio.Task[None] | None = None
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._ended = asyncio.Event()
        self._at_end: Callable[[], None] = _nothing

    async def open(self, environment: Environment) -> None:
        """Start the shell. Raises StartFailedError, EngineError, RuntimeAwayError."""
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
                self._exec_id = await _create(self._engine, self._container_id, body)
                self._stream = await self._engine.attach(self._exec_id)
        except EngineError as error:
            raise StartFailedError(f"no shell in {environment.name}: {error}") from error
        except TimeoutError as error:
            raise StartFailedError(
                f"no shell in {environment.name}: the container engine doesn't answer"
            ) from error
        await self.resize(self._spec.rows, self._spec.cols)
        self._reader = asyncio.create_task(self._read(self._stream), name="terminal in a container")

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back when it has ended."""
        self._at_end = callback
        if self._ended.is_set():
            callback()

    # --- Terminal

    async def write(self, data: bytes, number: InputNumber | None = None) -> None:
        """Type; waits while the connection is full. Nothing outlives us that could remember."""
        if self._stream is not None and not self._ended.is_set():
            with contextlib.suppress(OSError, AssertionError, RuntimeError):
                await self._stream.write_in(data)

    def can_write_now(self, size: int) -> bool:
        """The connection says only by waiting that it is full."""
        return False

    def write_now(
        self, data: bytes, number: InputNumber | None = None
    ) -> asyncio.Future[None] | None:
        """Type, in a task of its own."""
        return asyncio.ensure_future(self.write(data, number))

    async def resize(self, rows: int, cols: int) -> None:
        """Set the size; the shell gets SIGWINCH."""
        with contextlib.suppress(EngineError):  # it has ended meanwhile
            await self._engine.post(f"exec/{self._exec_id}/resize", h=rows, w=cols)

    def acknowledge(self, position: int) -> None:
        """The engine keeps nothing of it anyway."""

    def pause(self) -> None:
        """Let the program wait with its output."""
        self._may_read.clear()

    def resume(self) -> None:
        """Go on reading."""
        self._may_read.set()

    async def end(self) -> None:
        """Hang up; SIGKILL to the rest of the session after a moment."""
        self.resume()
        if self._spec.session_type == "tmux":
            await self._run(_END_TMUX, self._spec.session_name)
        for name, patience in (("HUP", _GRACE), ("KILL", _FORCED)):
            await self._run(_SIGNAL, self._spec.session_id, name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._ended.wait()
                return
        self.lose("it doesn't end")

    def lose(self, reason: str) -> None:
        """The connection has gone, and the terminal with it."""
        if self._reader is not None:
            self._reader.cancel()
        self._finish(Exit(None, reason))

    async def leave(self) -> None:
        """Close the connection: tmux goes on without it, a shell is hung up on."""
        if self._spec.session_type == "shell":
            await self._run(_SIGNAL, self._spec.session_id, "HUP")
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    # --- helpers

    async def _read(self, stream: "Stream") -> None:
        position = self._spec.position
        try:
            while True:
                await self._may_read.wait()
                message = await stream.read_out()
                if message is None:
                    break
                self._sink.output(message.data, position)
                position += len(message.data)
            self._finish(await self._exit())
        except ServerError as error:
            self._finish(Exit(None, str(error)))
        except Exception as error:
            _log.debug("a terminal's connection: %r", error)
            self._finish(Exit(None, "the connection to it broke"))
        finally:
            with contextlib.suppress(Exception):
                await stream.close()

    async def _exit(self) -> Exit:
        state = await self._engine.get(f"exec/{self._exec_id}/json", ExecState)
        if state.running or state.exit_code is None:
            return Exit(None, "the connection to it broke")
        return Exit(state.exit_code, f"exit code {state.exit_code}")

    def _finish(self, end: Exit) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._sink.exited(end)
            self._at_end()

    async def _run(self, script: str, *arguments: str) -> None:
        """Run a script in the container, its output left alone."""
        body = {"Cmd": ["sh", "-c", script, "vibebox", *arguments]}
        try:
            made = await _create(self._engine, self._container_id, body)
            await self._engine.post(f"exec/{made}/start", {"Detach": True})
        except ServerError as error:
            _log.debug("nothing to end in %s: %s", self._container_id, error)


def _nothing() -> None:
    """Nobody has asked to be told."""


async def _create(engine: Engine, container_id: str, body: Mapping[str, object]) -> str:
    answer = await engine.post(f"containers/{container_id}/exec", body)
    return msgspec.json.decode(answer, type=Created).id


def _program(environment: Environment, spec: TerminalSpec) -> tuple[str, str]:
    if spec.session_type == "tmux":
        return _TMUX, spec.session_name
    return _SHELL, environment.environment_variables.get("SHELL", "bash")
