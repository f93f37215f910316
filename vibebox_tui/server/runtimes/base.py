"""What a runtime is to the rest of the server, which never knows which one it has."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from vibebox_tui.protocol.models import Environment, SessionType
from vibebox_tui.server.log_block import LogBlock
from vibebox_tui.server.records import CapturePosition


class Exit(NamedTuple):
    """How something that ran has ended.

    `code` is negative for a signal, None where it can't be known; `reason` is for people, as in
    "exit code 3" or "killed by SIGKILL". `asked`: somebody stopped it by another way than ours.
    """

    code: int | None
    reason: str
    asked: bool = False


class Usage(NamedTuple):
    """CPU in percent of one core, memory in MiB, and bytes since the start; None: not known."""

    cpu: float | None
    memory: float | None
    network_received: int | None = None
    network_sent: int | None = None
    block_read: int | None = None
    block_written: int | None = None


class LogSink(Protocol):
    """Where the output of an environment goes, and what there is to say about it."""

    async def append(self, blocks: Sequence[LogBlock], *positions: CapturePosition) -> None:
        """Commit the lines, then publish them; returns when they can't be lost any more."""

    async def positions(self, run: str) -> list[CapturePosition]:
        """How far each stream of a run was committed before."""

    def note(self, message: str | None) -> None:
        """Say how it is getting on: the progress of its start, its health; None: nothing more."""


class Run(Protocol):
    """One life of an environment, from its start to its end."""

    @property
    def container_id(self) -> str | None:
        """The container that it runs in, if it does."""

    @property
    def started_at(self) -> str:
        """When it was started: ISO 8601, UTC."""

    async def wait(self) -> Exit:
        """Wait for its end; all of its output has been given to the sink by then.

        Raises:
            RuntimeAwayError: it can't be seen any more, though it may go on.
        """

    async def stop(self, grace: float) -> None:
        """Ask it to end, and force it after `grace` seconds; nothing of it is left afterwards."""

    async def leave(self) -> None:
        """Let go of it; it goes on, and a later server recovers it."""

    async def usage(self) -> Usage:
        """What it uses now, with all that it has started."""


class InputNumber(NamedTuple):
    """What tells an input apart from every other, and where in it the bytes begin that follow."""

    client: str
    number: int
    offset: int = 0


class TerminalPast(NamedTuple):
    """What a terminal has lived through that was found again.

    `sizes` are position, rows and columns, from the one that holds where its output is taken up;
    what was asked in output before `answered` has been answered; `inputs` are by client the
    number of the last input, the bytes of it that were taken, and whether those are all.
    """

    sizes: Sequence[tuple[int, int, int]] = ()
    answered: int = 0
    inputs: Mapping[str, tuple[int, int, bool]] = {}


class TerminalSink(Protocol):
    """Who is told what a terminal does; called on the event loop, in order."""

    def found(self, past: TerminalPast) -> None:
        """It has been found again; said before anything else, where a runtime knows its past."""

    def output(self, data: bytes, position: int) -> None:
        """Output whose first byte is number `position`."""

    def exited(self, end: Exit) -> None:
        """The program in the terminal has ended, and all of its output has been given."""


class Terminal(Protocol):
    """A pseudo-terminal with a program in it."""

    @property
    def pid(self) -> int | None:
        """The process id of the program, where it has one here."""

    async def write(self, data: bytes, number: InputNumber | None = None) -> None:
        """Type; returns when it has been written, waiting while the program doesn't read.

        With a `number`, where the runtime can, it is remembered by what outlives the server.
        """

    def can_write_now(self, size: int) -> bool:
        """Whether so many bytes can be typed without waiting."""

    def write_now(
        self, data: bytes, number: InputNumber | None = None
    ) -> asyncio.Future[None] | None:
        """Type where that can be; done when `write` would have returned, None if it is already."""

    def acknowledge(self, position: int) -> None:
        """Output before `position` is safe: a runtime that keeps what isn't may forget it."""

    async def resize(self, rows: int, cols: int) -> None:
        """Give the terminal another size."""

    def pause(self) -> None:
        """Read no more of its output, so that the program waits."""

    def resume(self) -> None:
        """Go on reading its output."""

    async def end(self) -> None:
        """Hang up, and end whatever doesn't go by itself."""


class TerminalSpec(NamedTuple):
    """What a session asks of a runtime."""

    session_id: str
    session_type: SessionType
    session_name: str
    rows: int
    cols: int
    position: int = 0
    """Where the output is to be taken up that a session found again doesn't have yet."""


class RuntimeHost(Protocol):
    """The environments, for a runtime that hears of things by itself."""

    def of_runtime(self, runtime: str) -> list[Environment]:
        """The environments that this runtime runs."""

    async def look_again(self, environment_id: str) -> None:
        """Something of it may run, or be seen again: have it recovered."""

    async def adopt(self, environment: Environment) -> None:
        """Take in an environment that was found, or what has changed about it."""

    async def abandon(self, environment_id: str) -> None:
        """Forget an adopted environment that isn't there any more."""


class Runtime(Protocol):
    """A way to run environments."""

    @property
    def sessions_need_running(self) -> bool:
        """Whether a session can only be opened in an environment that runs, and ends with it."""

    def check(self, environment: Environment, *, by_admin: bool = True) -> None:
        """Raise InvalidRequestError where the definition can't ever be started.

        Raises ForbiddenError where it isn't for who asks, an admin or not.
        """

    def limits_note(self, environment: Environment) -> str | None:
        """What of the environment's limits can't be held here, as a sentence; None: nothing."""

    async def start(self, environment: Environment, log: LogSink) -> Run:
        """Start it. Raises StartFailedError, with a sentence that says why not.

        Raises StartCalledOffError where `call_off` came in time.
        """

    def call_off(self, environment: Environment) -> None:
        """Have a start that takes long, as for a download, end soon; one that doesn't goes on."""

    async def recover(self, environment: Environment, log: LogSink) -> Run | None:
        """The run that a server before this one has started, also when it has ended since.

        Raises:
            RuntimeAwayError: it can't be known now; `RuntimeHost.look_again` follows when it can.
        """

    async def attach(self, host: RuntimeHost) -> None:
        """Begin to tell `host` what happens without it; after all environments are there."""

    async def remove(self, environment: Environment) -> None:
        """Remove what is left of an environment that doesn't run any more."""

    async def open_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> Terminal:
        """Open a terminal in the environment. Raises StartFailedError."""

    async def recover_terminal(
        self, environment: Environment, spec: TerminalSpec, sink: TerminalSink
    ) -> Terminal | None:
        """The terminal that a server before this one has opened, also when it has ended since."""

    async def close(self) -> None:
        """Let go of everything; what runs goes on."""
