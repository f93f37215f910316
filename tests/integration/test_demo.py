"""`vibebox demo` as a whole: in a real terminal, and gone without a trace."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.in_terminal import PATIENCE, VibeboxInTerminal
from tests.support import wait_for_sync
from vibebox_tui.samples import SAMPLES

NAMES = [sample.name for sample in SAMPLES]


@pytest.fixture
def demo(short_path: Path) -> Iterator[VibeboxInTerminal]:
    demo = VibeboxInTerminal(short_path, "demo")
    yield demo
    demo.close()


def assert_gone(family: list[psutil.Process], directory: Path) -> None:
    """All processes have ended, and the temporary directory has been removed."""
    alive = psutil.wait_procs(family, PATIENCE)[1]
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    wait_for_sync(lambda: not list(directory.glob("vibebox-demo-*")), PATIENCE)


@pytest.mark.timeout(120)
def test_leaving_ends_everything_and_leaves_nothing(
    demo: VibeboxInTerminal, short_path: Path
) -> None:
    demo.until(*NAMES)
    family = demo.family()
    assert len(family) > len(SAMPLES)
    demo.type("q")
    demo.until("They end with the demo")
    demo.type("\t\r")
    assert demo.end() == 0
    assert_gone(family, short_path)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP], ids=lambda each: each.name)
def test_nothing_outlives_it_however_it_ends(
    demo: VibeboxInTerminal, short_path: Path, number: signal.Signals
) -> None:
    demo.until(*NAMES)
    family = demo.family()
    demo.process.send_signal(number)
    assert demo.end() != 0
    assert_gone(family, short_path)
