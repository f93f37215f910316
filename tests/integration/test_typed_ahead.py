"""Keys that arrive in one write, as over a slow line: each lands where the one before it led."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.in_terminal import VibeboxInTerminal
from vibebox_tui.samples import SAMPLES

ESCAPE = "\x1d"
TAB = "\t"


@pytest.fixture
def demo(short_path: Path) -> Iterator[VibeboxInTerminal]:
    (short_path / ".profile").write_text("PS1='ready$ '\n")
    demo = VibeboxInTerminal(short_path, "demo", SHELL="/bin/sh")
    yield demo
    demo.close()


@pytest.mark.timeout(120)
def test_keys_in_one_write_follow_the_focus(demo: VibeboxInTerminal) -> None:
    demo.until(*(sample.name for sample in SAMPLES))
    demo.type("t\recho first-$((6*7))\r")
    demo.until("first-42")
    demo.type(f"{ESCAPE}d{TAB}{TAB}\recho second-$((6*7))\r")
    demo.until("second-42")
    demo.type(f"{ESCAPE}cecho third-$((6*7))\r")
    demo.until("third-42")
    demo.type(f"{ESCAPE}pecho fourth-$((6*7))\r")
    demo.until("second-42", "fourth-42")
    demo.type(f"{ESCAPE}2l:")
    demo.until("What to do?", "Logs")
