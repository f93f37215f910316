"""A server as a process of its own: started, waited for, ended.

Imports nothing slow: a server is started before the dashboard's libraries are loaded, so that
both load at the same time.
"""

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Protocol

from vibebox_tui.errors import VibeBoxError

START_SECONDS: Final = 20.0
"""Until a server that we started answers; a busy machine may take several seconds."""

STOP_SECONDS: Final = 15.0
"""Until a server told to end has ended; longer than its own ten seconds for what it runs."""

LOG_BYTES: Final = 4 * 1024 * 1024
"""A server's log longer than this is put aside when the next server starts."""

_POLL_SECONDS: Final = 0.01
"""Between two looks; a connection to a Unix socket costs microseconds."""

_SOL_LOCAL, _LOCAL_PEERPID = 0, 2
"""macOS's level and option for who is at the other end (sys/un.h), which Python doesn't name."""

_UCRED: Final = struct.Struct("3i")
"""Linux's process, user and group of who is at the other end (unix(7), SO_PEERCRED)."""

_LAST_LINES: Final = 3
"""How much of a failed server's log a sentence can bear."""


class ServerStartError(VibeBoxError):
    """The server that was started ended at once, or doesn't answer; `log` says more."""

    def __init__(self, problem: str, log: Path) -> None:
        super().__init__(f"the server can't be started: {problem}; its log is {log}")
        self.log = log


class StartingServer(Protocol):
    """A server on this machine that may still be starting."""

    log: Path

    def is_ready(self) -> bool:
        """Whether it is ready now. Raises ServerStartError if it never will be."""
        ...


class ServerProcess:
    """A child process that listens on the Unix socket `path`; its output goes to `log`.

    It is ready when it answers, and the file `ready` is there if one is named.

    With `leash` its standard input is a pipe from here, whose end tells it that we have ended,
    however that came about. Without, it lives on. Either way it is out of reach of the keys of
    our terminal.
    """

    def __init__(
        self,
        arguments: list[str],
        path: Path,
        log: Path,
        *,
        ready: Path | None = None,
        leash: bool = False,
    ) -> None:
        self.path = path
        self.log = log
        self._ready = ready
        with _open_log(log) as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "vibebox_tui", *arguments],
                stdin=subprocess.PIPE if leash else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Whether it is ready now. Raises ServerStartError if it has ended."""
        if (self._ready is None or self._ready.exists()) and answers(self.path):
            return True
        if (status := self._process.poll()) is not None:
            said = _last_lines(self.log, self._log_start)
            raise ServerStartError(f"it ended with status {status}, saying: {said}", self.log)
        return False

    def let_go(self) -> None:
        """Leave it to itself: it goes on after us, and is nobody's to wait for."""
        if self._process.returncode is None:
            self._process.returncode = 0  # else subprocess warns of a child that is running

    def stop(self) -> None:
        """Tell it to end, wait for it, and make it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


def answers(path: Path) -> bool:
    """Whether a server listens on the Unix socket `path`."""
    return process_of(path) is not None


def process_of(path: Path) -> int | None:
    """The process id of the server that listens on the Unix socket `path`; None: none does.

    Asked of the kernel, since a file with the id may be left from another life.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return None
        if sys.platform == "darwin":
            return probe.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(credentials)[0])


def wait_for(server: StartingServer, seconds: float = START_SECONDS) -> None:
    """Return when `server` is ready.

    Raises:
        ServerStartError: it ended, or isn't ready within `seconds`.
    """
    for _ in looks(seconds):
        if server.is_ready():
            return
    raise _no_answer(server, seconds)


async def ready(server: StartingServer, seconds: float = START_SECONDS) -> None:
    """The same without blocking the event loop."""
    import asyncio

    deadline = time.monotonic() + seconds
    while not server.is_ready():
        if time.monotonic() > deadline:
            raise _no_answer(server, seconds)
        await asyncio.sleep(_POLL_SECONDS)


def looks(seconds: float) -> Iterator[None]:
    """Yield now and every so often, for so long: once for each look at what is waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(_POLL_SECONDS)


def _no_answer(server: StartingServer, seconds: float) -> ServerStartError:
    return ServerStartError(f"no answer after {seconds:.0f} s", server.log)


def _open_log(log: Path) -> IO[bytes]:
    """Open a server's log to go on with it; one grown long is put aside first."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def _last_lines(log: Path, start: int) -> str:
    """What a server said last, of what it has said from byte `start` on."""
    lines = log.read_bytes()[start:].decode(errors="replace").splitlines()
    said = " ".join(line.strip() for line in lines[-_LAST_LINES:] if line.strip())
    return said.removeprefix("vibebox: ") or "nothing"
