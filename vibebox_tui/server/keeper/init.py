"""Init: the first process of an environment's run, above whatever that starts.

It is forked from the keeper and is nobody's program: it starts the command, adopts what that
leaves behind (on Linux, as a subreaper, also what has made itself a daemon), and goes when
nothing is left. When the command ends, the rest is asked to end and then forced; when the keeper
has gone, all of it is.
"""

import contextlib
import ctypes
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Iterator
from typing import Final, NoReturn

from vibebox_tui.server.keeper.launch import FAILURE, Launch, run_command

REPORT: Final = struct.Struct(">cii")
"""What init tells the keeper: STARTED pid; FAILED stage, errno; ENDED code."""

STARTED: Final = b"S"
FAILED: Final = b"F"
ENDED: Final = b"E"

_LEFT_BEHIND_GRACE: Final = 2.0
"""Seconds that those have which the command has left behind, before they are forced."""

_KILL_INTERVAL: Final = 0.01
"""Seconds between two rounds of SIGKILL, for what was forked in between."""

_PR_SET_CHILD_SUBREAPER: Final = 36
"""prctl(2), Linux 3.4."""


def become_subreaper() -> None:
    """Adopt orphaned descendants; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run_init(launch: Launch, streams: tuple[int, int, int], control: int, reports: int) -> NoReturn:
    """In a forked child of the keeper: start the command and stay until nothing of it is left.

    `control` brings signals to send, a byte each, and ends with the keeper; `reports` takes
    REPORTs.
    """
    try:
        os.setsid()
        keep = {*streams, control, reports}
        _close_all_but(keep)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        become_subreaper()
        _Init(control, reports).run(launch, streams)
    except BaseException:
        os._exit(1)
    os._exit(0)


class _Init:
    def __init__(self, control: int, reports: int) -> None:
        self._control = control
        self._reports = reports
        self._command = 0
        self._ended = False
        self._forced = False
        self._deadline = float("inf")
        self._poll = select.poll()
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self, launch: Launch, streams: tuple[int, int, int]) -> None:
        if not self._start(launch, streams):
            return
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)
        while self._reap():
            self._wait()
            if time.monotonic() >= self._deadline:
                self._forced = True
            if self._forced:
                self._signal_all(signal.SIGKILL)

    def _start(self, launch: Launch, streams: tuple[int, int, int]) -> bool:
        failed, failure = os.pipe()
        self._command = os.fork()
        if not self._command:
            signal.set_wakeup_fd(-1)
            run_command(launch, streams, failure)
        for fd in {failure, *streams}:
            os.close(fd)
        reason = os.read(failed, FAILURE.size)
        os.close(failed)
        if reason:
            self._report(FAILED, *FAILURE.unpack(reason))
            return False
        self._report(STARTED, self._command)
        return True

    def _wait(self) -> None:
        if self._forced:
            timeout: float | None = _KILL_INTERVAL * 1000
        elif self._ended:
            timeout = max(0.0, self._deadline - time.monotonic()) * 1000
        else:
            timeout = None
        for fd, _ in self._poll.poll(timeout):
            if fd == self._control:
                self._obey()
            else:
                os.read(self._woken, 512)

    def _obey(self) -> None:
        orders = os.read(self._control, 64)
        if not orders:  # the keeper has gone
            self._poll.unregister(self._control)
            self._forced = True
        for number in orders:
            if number == signal.SIGKILL:
                self._forced = True
            else:
                self._signal_all(number)

    def _reap(self) -> bool:
        """Collect who has ended; whether anyone is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self._command:
                self._command_ended(os.waitstatus_to_exitcode(status))

    def _command_ended(self, code: int) -> None:
        self._ended = True
        self._deadline = time.monotonic() + _LEFT_BEHIND_GRACE
        self._report(ENDED, code)
        self._signal_all(signal.SIGTERM)

    def _signal_all(self, number: int) -> None:
        """Signal the command's group and every descendant, wherever it has hidden."""
        with contextlib.suppress(OSError):
            os.killpg(self._command, number)
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                if os.getpgid(pid) != self._command:
                    os.kill(pid, number)

    def _report(self, kind: bytes, first: int, second: int = 0) -> None:
        with contextlib.suppress(OSError):
            os.write(self._reports, REPORT.pack(kind, first, second))


def descendants(root: int) -> list[int]:
    """Every process below `root`, on Linux; elsewhere nobody can tell without more privileges."""
    children: dict[int, list[int]] = {}
    for pid, parent, _ in processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def processes() -> Iterator[tuple[int, int, int]]:
    """Process id, parent and session of every process, from Linux's /proc; else nothing."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir("/proc"):  # noqa: PTH208  # pathlib would double what we weigh
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                        # The command's name may contain anything, up to the last parenthesis.
                        fields = file.read().rpartition(b")")[2].split()
                    yield int(name), int(fields[1]), int(fields[3])


def _close_all_but(keep: set[int]) -> None:
    start = 3
    for fd in sorted(keep):
        if fd >= start:
            os.closerange(start, fd)
            start = fd + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))
