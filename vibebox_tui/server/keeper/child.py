"""A child of the keeper: a command in a terminal, or init with a command under it."""

import contextlib
import fcntl
import os
import pty
import signal
import termios
import time
from typing import Any, Final

from vibebox_tui.server.keeper.init import (
    ENDED,
    FAILED,
    REPORT,
    STARTED,
    processes,
    run_init,
)
from vibebox_tui.server.keeper.launch import FAILURE, Launch, run_command, window_size
from vibebox_tui.server.keeper.memory import InputMemory, SizeMemory
from vibebox_tui.server.keeper.stream import Stream

TERMINAL: Final = 0
"""The number of a terminal's only stream."""

STDOUT: Final = 1
STDERR: Final = 2
"""The numbers of the streams of a command with pipes; as its descriptors."""


_PIPE: Final = 128 * 1024
"""Bytes that a pipe holds; double the usual, so that a flood goes on while it isn't looked at.
(A user's pipes have 64 MiB in all.)"""


class Child:
    """What was started. It has `ended` when all of its processes are gone and its output read."""

    def __init__(self, number: int, launch: Launch, request: int) -> None:
        self.number = number
        self.tag = launch.tag
        self.request = request
        self.started_at = time.time()
        self.pid = 0
        """The command."""
        self.root = 0
        """Our own child: the command itself, or init above it."""
        self.code: int | None = None
        self.gone = False
        self.paused = False
        self.told = False
        """Whether the server has been told of the end."""
        self.reports = -1
        """Where news of the start comes from, and of the command's end."""
        self.streams: dict[int, Stream] = {}
        self.typed = 0
        self.typed_told = 0
        """How much of that the server has been told of."""
        self.memory = InputMemory()
        self.sizes = SizeMemory()
        self._control = -1
        self._input = bytearray()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self.gone and all(stream.finished for stream in self.streams.values())

    @property
    def sent(self) -> bool:
        """Whether the server has been sent all there is."""
        return all(
            stream.attached and stream.sent == stream.end for stream in self.streams.values()
        )

    def identity(self) -> dict[str, Any]:
        """What the server that has started it is told."""
        return {
            "child": self.number,
            "pid": self.pid,
            "root": self.root,
            "startedAt": self.started_at,
        }

    def describe(self) -> dict[str, Any]:
        """What a server that finds it is told."""
        return self.identity() | {
            "tag": self.tag,
            "shown": {number: stream.shown for number, stream in self.streams.items()},
            "typed": self.typed,
            "taken": self.typed + len(self._input),
            "inputs": self.memory.describe(),
            "sizes": self.sizes.describe(),
        }

    def acknowledge(self, stream: Stream, position: int) -> None:
        """What came before `position` is safe with the server."""
        stream.acknowledge(position)
        self.sizes.forget_before(stream.start)

    # --- input and size

    @property
    def terminal(self) -> int:
        """The PTY's descriptor, -1 where there is none (any more)."""
        stream = self.streams.get(TERMINAL)
        return stream.fd if stream is not None else -1

    @property
    def is_typing(self) -> bool:
        """Whether input waits for the terminal to take it."""
        return bool(self._input)

    def type(self, data: bytes) -> None:
        """Type what can be typed now; the rest waits."""
        self._input += data
        try:
            while self._input and self.terminal >= 0:
                written = os.write(self.terminal, self._input)
                self.typed += written
                del self._input[:written]
        except BlockingIOError:
            return
        except OSError:
            pass
        if self._input:  # the terminal has been closed: there is nobody to read it
            self.typed += len(self._input)
            self._input.clear()

    def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size."""
        if self.terminal >= 0:
            self.sizes.add(self.streams[TERMINAL].end, rows, columns)
            with contextlib.suppress(OSError):
                fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, window_size(rows, columns))

    # --- signals

    def signal(self, number: int) -> None:
        """Signal everything that it has started."""
        if self.gone:
            return
        if self._control >= 0:
            with contextlib.suppress(OSError):
                os.write(self._control, bytes((number,)))
        else:
            self._signal_session(number)

    def _signal_session(self, number: int) -> None:
        for group in self._groups(number):
            with contextlib.suppress(OSError):
                os.killpg(group, number)
        if number == signal.SIGHUP:
            # A stopped job gets nothing before it goes on.
            for group in self._groups(number):
                with contextlib.suppress(OSError):
                    os.killpg(group, signal.SIGCONT)

    def _groups(self, number: int) -> set[int]:
        """The shell's process group, the foreground's; to be forced, all of its session."""
        groups = {self.root}
        with contextlib.suppress(OSError):
            groups.add(os.tcgetpgrp(self.terminal))
        if number == signal.SIGKILL:
            for pid, _, session in processes():
                if session == self.root:
                    with contextlib.suppress(OSError):
                        groups.add(os.getpgid(pid))
        return groups

    # --- news

    def news(self) -> tuple[bytes, int, int] | None:
        """A report of init, or of the start in a terminal; None once there are no more."""
        size = FAILURE.size if self._control < 0 else REPORT.size
        data = os.read(self.reports, size)
        if len(data) < size:
            self._close_reports()
            return (STARTED, self.pid, 0) if self._control < 0 else None
        if self._control < 0:
            self._close_reports()
            return (FAILED, *FAILURE.unpack(data))
        kind, first, second = REPORT.unpack(data)
        if kind == STARTED:
            self.pid = first
        elif kind == ENDED:
            self.code = first
        return kind, first, second

    def reaped(self, status: int) -> None:
        """Our own child has ended."""
        self.gone = True
        if self._control < 0:
            self.code = os.waitstatus_to_exitcode(status)
        else:
            os.close(self._control)
            self._control = -1
            if self.code is None and self.pid:  # somebody killed init
                with contextlib.suppress(OSError):
                    os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close what is open."""
        for stream in self.streams.values():
            stream.close()
        self._close_reports()

    def _close_reports(self) -> None:
        if self.reports >= 0:
            os.close(self.reports)
            self.reports = -1

    # --- starting

    def start_in_terminal(self, launch: Launch) -> None:
        """Start the command as the leader of a session with a terminal. Raises OSError."""
        master, slave = pty.openpty()
        fcntl.ioctl(master, termios.TIOCSWINSZ, window_size(launch.rows, launch.columns))
        self.reports, failure = os.pipe()
        self.root = self.pid = os.fork()
        if not self.pid:
            run_command(launch, (slave, slave, slave), failure)
        os.close(slave)
        os.close(failure)
        self.streams[TERMINAL] = Stream(TERMINAL, master)
        self.sizes.add(0, launch.rows, launch.columns)

    def start_with_pipes(self, launch: Launch) -> None:
        """Start the command under an init of its own. Raises OSError."""
        null = os.open(os.devnull, os.O_RDONLY)
        out, stdout = os.pipe()
        err, stderr = os.pipe()
        for pipe in (out, err):
            _enlarge(pipe)
        orders, self._control = os.pipe()
        self.reports, reports = os.pipe()
        self.root = os.fork()
        if not self.root:
            run_init(launch, (null, stdout, stderr), orders, reports)
        for fd in (null, stdout, stderr, orders, reports):
            os.close(fd)
        self.streams[STDOUT] = Stream(STDOUT, out)
        self.streams[STDERR] = Stream(STDERR, err)


def _enlarge(pipe: int) -> None:
    """Have a pipe hold more, where that can be (Linux 2.6.35)."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
