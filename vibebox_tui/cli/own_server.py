"""The user's own server, which dashboards share: found by its Unix socket, else started."""

import fcntl
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from vibebox_tui import paths
from vibebox_tui.cli.server_process import (
    STOP_SECONDS,
    ServerProcess,
    ServerStartError,
    answers,
    looks,
    process_of,
)
from vibebox_tui.errors import VibeBoxError


class ServerStopError(VibeBoxError):
    """The server was told to end and hasn't; `process` is its id."""

    def __init__(self, process: int, seconds: float, log: Path) -> None:
        super().__init__(
            f"the server, process {process}, hasn't ended after {seconds:.0f} s; its log is {log}"
        )
        self.process = process


class OwnServer:
    """The user's own server, on the Unix socket `path`.

    Several dashboards that start at once agree by a lock on who starts it. `start` returns at
    once; it may then be waited for (`wait_for`, `ready`).
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

    def is_ready(self) -> bool:
        """Whether it answers now; it is started where who was about to has given up.

        Raises:
            ServerStartError: it has ended.
        """
        try:
            ready = self._process.is_ready() if self._process else answers(self.path)
        except ServerStartError:
            self._release()
            raise
        if ready:
            self._release()
        elif self._process is None:
            self._start_alone()
        return ready

    def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """Tell it to end and return when it has; False: none was running.

        Raises:
            ServerStopError: it still answers after `seconds`.
        """
        process = process_of(self.path)
        if process is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
        for _ in looks(seconds):
            if not answers(self.path):
                return True
        raise ServerStopError(process, seconds, self.log)

    def _start_alone(self) -> None:
        """Start it if the lock can be had, which is then held until it answers."""
        if not self._acquire():
            return
        if answers(self.path):
            self._release()
            return
        paths.private_directory(self.log.parent)
        self._process = ServerProcess(
            ["serve", "--uds", str(self.path)],
            self.path,
            self.log,
            ready=paths.credential_file(self.path),
        )

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
        if self._process is not None:
            self._process.let_go()
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None
