"""A program in a real terminal: a PTY, whose output our emulator turns into a screen; and the
empty home directory that it runs in."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from vibebox_tui.emulator import Emulator


@contextmanager
def empty_home() -> Iterator[dict[str, str]]:
    """The environment variables of a user whose home directory is empty."""
    directory = Path(tempfile.mkdtemp(prefix="vibebox-bench-"))
    runtime = directory / "run"
    runtime.mkdir(mode=0o700)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    try:
        yield {"LANG": "C.UTF-8", **kept, "HOME": str(directory), "XDG_RUNTIME_DIR": str(runtime)}
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class ProgramInTerminal:
    """`command`, started in a terminal of its own; `with` ends it.

    `began` is when it was started, in seconds of `time.monotonic`.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        *,
        rows: int = 40,
        columns: int = 120,
    ) -> None:
        self._emulator = Emulator(rows, columns)
        self.began = time.monotonic()
        self.process, self._pty = pty.fork()
        if self.process == 0:
            os.execve(command[0], command, {**environment, "TERM": "xterm-256color"})
        fcntl.ioctl(self._pty, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self.process, signal.SIGHUP)
        os.close(self._pty)
        os.waitpid(self.process, 0)

    @property
    def display(self) -> list[str]:
        """The screen as text, a string for each row."""
        return self._emulator.display

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._pty, text.encode())

    def until(self, pattern: str, seconds: float = 30.0) -> float:
        """Wait until a row of the screen has `pattern`; return the seconds since the start.

        Raises:
            TimeoutError: it isn't there in time, or the program ended.
        """
        sought = re.compile(pattern)
        deadline = time.monotonic() + seconds
        while True:
            if any(sought.search(row) for row in self.display):
                return time.monotonic() - self.began
            if not self._read(deadline):
                raise TimeoutError(f"no {pattern!r} on the screen:\n" + "\n".join(self.display))

    def read_for(self, seconds: float) -> None:
        """Take what the program draws for so long, as a terminal does."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass

    def _read(self, deadline: float) -> bool:
        """Take what there is, or wait for it until the deadline; False: there is no more."""
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not select.select([self._pty], [], [], remaining)[0]:
            return False
        try:
            data = os.read(self._pty, 65536)
        except OSError:
            return False
        self._emulator.feed(data)
        if replies := self._emulator.take_replies():
            os.write(self._pty, replies)
        return bool(data)
