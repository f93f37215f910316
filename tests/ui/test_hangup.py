import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.support import wait_for_sync
from vibebox_tui.ui.hangup import END_SECONDS

PROGRAM = """
import sys, time
from textual.app import App
from vibebox_tui.ui.hangup import TerminalGuard

class Guarded(App):
    def __init__(self):
        super().__init__()
        self.guard = TerminalGuard(self.ended)

    def on_mount(self):
        self.guard.start()
        self.set_interval(0.1, self.guard.check)
        self.call_after_refresh(self.log_ready)

    def log_ready(self):
        sys.__stdout__.write("READY")
        sys.__stdout__.flush()

    def ended(self, status):
        {ending}

app = Guarded()
app.run()
sys.exit(app.return_code)
"""

ENDS_BY_ITSELF = "self.exit(return_code=status)"
HANGS = "time.sleep(60)"

SLACK = 3.0
"""Seconds allowed beyond what is promised: a loaded machine is slow to do anything."""


@dataclass
class Program:
    """A program in a terminal of its own."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    output: bytearray = field(default_factory=bytearray)

    def read(self) -> bytes:
        """All that it has written until now."""
        with contextlib.suppress(OSError):
            while data := os.read(self.master, 65536):
                self.output += data
        return bytes(self.output)

    def ended(self) -> bool:
        self.read()
        return self.process.poll() is not None


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Iterator[Program]:
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    source = PROGRAM.format(ending=request.param)
    process = subprocess.Popen(
        [sys.executable, "-c", source],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    running = Program(process, master, slave)
    wait_for_sync(lambda: b"READY" in running.read(), timeout=30)
    yield running
    if process.poll() is None:
        process.kill()
        process.wait()
    for descriptor in (running.master, running.slave):
        with contextlib.suppress(OSError):
            os.close(descriptor)


@pytest.mark.parametrize("program", [ENDS_BY_ITSELF, HANGS], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_it_in_time_and_leaves_the_terminal_as_it_was(
    program: Program, number: signal.Signals
) -> None:
    during = termios.tcgetattr(program.slave)
    assert not during[3] & termios.ICANON
    started = time.monotonic()
    program.process.send_signal(number)
    wait_for_sync(program.ended)
    assert time.monotonic() - started < END_SECONDS + SLACK
    assert program.process.returncode == 128 + number
    after = termios.tcgetattr(program.slave)
    assert after[3] & termios.ICANON
    assert after[3] & termios.ECHO
    at_last = program.read().rpartition(b"\x1b[?1049h")[2]
    for undone in (b"[?1049l", b"[?25h", b"[?2004l", b"[?1003l", b"[?1004l"):
        assert b"\x1b" + undone in at_last


@pytest.mark.parametrize("program", [ENDS_BY_ITSELF], indirect=True)
def test_a_terminal_that_is_gone_ends_it(program: Program) -> None:
    os.close(program.slave)
    os.close(program.master)
    started = time.monotonic()
    wait_for_sync(lambda: program.process.poll() is not None)
    assert time.monotonic() - started < END_SECONDS + SLACK
