"""A server as a process of its own: started, waited for, ended.

Imports nothing slow: a server is started before the dashboard's libraries are loaded, so that
both load at the same time.
"""

import fcntl
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final, Self

from vibebox_tui import paths
from vibebox_tui.errors import VibeBoxError

START_SECONDS: Final = 20.0
"""Until a server that we started answers; a busy machine may take several seconds."""

STOP_SECONDS: Final = 15.0
"""Until a server told to end has ended; longer than its own ten seconds for what it runs."""

LOG_BYTES: Final = 4 * 1024 * 1024
"""A server's log longer than this is put aside when the next server starts."""

_POLL_SECONDS: Final = 0.01
"""Between two looks; a connection to a Unix socket costs microseconds."""

_LAST_LINES: Final = 3
"""How much of a failed server's log a sentence can bear."""


class ServerStartError(VibeBoxError):
    """The server that was started ended at once, or doesn't answer; `log` says more."""

    def __init__(self, problem: str, log: Path) -> None:
        super().__init__(f"{problem}; its log is {log}")
        self.log = log


def answers(path: Path) -> bool:
    """Whether a server listens on the Unix socket `path`."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


class ServerProcess:
    """A child process that listens on a Unix socket; its output goes to `log`.

    With `leash` it ends when this process does, however that ends: its standard input is a pipe
    from here. Without, it is detached from the terminal and lives on.
    """

    def __init__(self, arguments: list[str], path: Path, log: Path, *, leash: bool = False) -> None:
        self.path = path
        self.log = log
        with _open_log(log) as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vibebox_tui", *arguments],
                stdin=subprocess.PIPE if leash else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise `ServerStartError` if it has ended."""
        if (status := self._process.poll()) is not None:
            said = _last_lines(self.log, self._log_start)
            raise ServerStartError(f"the server ended with status {status}: {said}", self.log)

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


class OwnServer:
    """The user's own server: found by its Unix socket, started where none answers.

    Several dashboards that start at once agree by a lock on who starts it. `start` returns at
    once; `wait` returns when the server answers.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.server_socket()
        self.log = paths.state_directory() / "server.log"
        self._lock: IO[bytes] | None = None
        self._process: ServerProcess | None = None

    @classmethod
    def start(cls, path: Path | None = None) -> Self:
        """Start it unless it answers, or somebody else is starting it just now."""
        server = cls(path)
        if not answers(server.path):
            server._start_alone()
        return server

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Return when the server answers; start it where who was about to has given up.

        Raises:
            ServerStartError: it ended, or doesn't answer within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not answers(self.path):
            if time.monotonic() > deadline:
                problem = f"the server doesn't answer on {self.path} after {seconds:.0f} s"
                raise ServerStartError(problem, self.log)
            if self._process is None:
                self._start_alone()
            else:
                self._process.check()
            time.sleep(_POLL_SECONDS)
        self._release()

    def _start_alone(self) -> None:
        """Start it if the lock can be had, which is then held until it answers."""
        if not self._acquire():
            return
        if answers(self.path):
            self._release()
            return
        paths.private_directory(self.log.parent)
        self._process = ServerProcess(["serve", "--uds", str(self.path)], self.path, self.log)

    def _acquire(self) -> bool:
        if self._lock is None:
            paths.private_directory(self.path.parent)
            self._lock = self.path.with_suffix(".lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _open_log(log: Path) -> IO[bytes]:
    """Open a server's log to go on with it; one grown long is put aside first."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def _last_lines(log: Path, start: int) -> str:
    """What a server said last, of what it has said from byte `start` on."""
    lines = log.read_bytes()[start:].decode(errors="replace").splitlines()
    said = " ".join(line.strip() for line in lines[-_LAST_LINES:] if line.strip())
    return said.removeprefix("vibebox: ") or "it said nothing"
