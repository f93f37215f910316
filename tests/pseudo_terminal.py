"""A program in a terminal of its own, whose output an emulator turns into a screen."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from tests.support import DEADLINE
from vibebox_tui.emulator import Emulator


class PseudoTerminal:
    """`command` in a terminal; `with` ends it. It answers what programs ask a terminal, too."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        rows: int = 24,
        columns: int = 80,
    ) -> None:
        self.emulator = Emulator(rows, columns)
        self.output = bytearray()
        """Everything that the program wrote."""
        self.process, self._master = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], list(command), {**environment, "TERM": "xterm-256color"})
        self.resize(rows, columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.close(self._master)
        os.waitpid(self.process, 0)

    def type(self, data: str | bytes) -> None:
        """Type something."""
        os.write(self._master, data.encode() if isinstance(data, str) else data)

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        self.emulator.resize(rows, columns)
        size = struct.pack("4H", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    @property
    def screen(self) -> list[str]:
        """The rows, without the blanks at their ends."""
        return [row.rstrip() for row in self.emulator.display]

    def until(self, text: str, seconds: float = DEADLINE) -> None:
        """Wait until `text` is in a row of the screen."""
        deadline = time.monotonic() + seconds
        while not any(text in row for row in self.screen):
            if not self.read(deadline):
                raise AssertionError(f"no {text!r} on the screen:\n" + "\n".join(self.screen))

    def until_quiet(self, seconds: float = 0.3) -> None:
        """Read until nothing has come for so long."""
        while self.read(time.monotonic() + seconds):
            pass

    def read(self, deadline: float) -> bool:
        """Take what there is, or what comes before the deadline; False: nothing did."""
        remaining = max(0.0, deadline - time.monotonic())
        if not select.select([self._master], [], [], remaining)[0]:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            return False
        self.output += data
        self.emulator.feed(data)
        if replies := self.emulator.take_replies():
            os.write(self._master, replies)
        return bool(data)
