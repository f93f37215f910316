"""`vibebox demo` as a whole: in a real terminal, and gone without a trace."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import wait_for_sync
from vibebox_tui.emulator import Emulator
from vibebox_tui.samples import SAMPLES

PATIENCE = 40.0
ROWS, COLUMNS = 40, 120


class Demo:
    """`vibebox demo` in a terminal of its own, with its temporary files in `directory`."""

    def __init__(self, directory: Path) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        home = {**kept, "HOME": str(directory), "TMPDIR": str(directory), "TERM": "xterm-256color"}
        self.directory = directory
        self.screen = Emulator(ROWS, COLUMNS)
        self._ours, theirs = os.openpty()
        os.set_blocking(self._ours, False)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vibebox_tui", "demo"],
            env={**home, "LINES": str(ROWS), "COLUMNS": str(COLUMNS)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def shows(self, *texts: str) -> bool:
        """Whether the screen has all of these now."""
        self.read()
        display = "\n".join(self.screen.display)
        return all(text in display for text in texts)

    def read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self.screen.feed(data)
                os.write(self._ours, self.screen.take_replies())
        except (BlockingIOError, OSError):
            return

    def family(self) -> list[psutil.Process]:
        """The server, the samples and whatever they have started."""
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def demo(short_path: Path) -> Iterator[Demo]:
    demo = Demo(short_path)
    yield demo
    demo.close()


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() for process in processes)


@pytest.mark.timeout(120)
def test_leaving_ends_everything_and_leaves_nothing(demo: Demo) -> None:
    wait_for_sync(lambda: demo.shows(*(sample.name for sample in SAMPLES)), PATIENCE)
    family = demo.family()
    assert len(family) > len(SAMPLES)
    demo.type("q")
    wait_for_sync(lambda: demo.shows("Leaving ends them"), PATIENCE)
    demo.type("\r")
    assert demo.process.wait(PATIENCE) == 0
    wait_for_sync(lambda: all_gone(family), PATIENCE)
    assert not list(demo.directory.glob("vibebox-demo-*"))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP], ids=lambda each: each.name)
def test_nothing_outlives_it_however_it_ends(demo: Demo, number: signal.Signals) -> None:
    wait_for_sync(lambda: demo.shows(*(sample.name for sample in SAMPLES)), PATIENCE)
    family = demo.family()
    began = time.monotonic()
    demo.process.send_signal(number)
    demo.process.wait(PATIENCE)
    wait_for_sync(lambda: all_gone(family), PATIENCE)
    wait_for_sync(lambda: not list(demo.directory.glob("vibebox-demo-*")), PATIENCE)
    assert time.monotonic() - began < PATIENCE
