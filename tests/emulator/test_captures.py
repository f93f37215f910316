"""Recordings of real programs are drawn as xterm.js draws them."""

import pytest

from vibebox_tui.emulator import Emulator
from vibebox_tui.emulator.snapshot import snapshot

from .recordings import NAMES, output, reference_screens, replayed, screen_of

EXPLAINED = {
    # A row that text has filled to its last column is then erased from the cursor on: xterm
    # erases the last character, which the cursor stands on; xterm.js has it one column further.
    ("top-80x24", 4),
    ("top-80x24", 5),
}
"""Checkpoints where xterm.js differs from xterm, which comes first."""


@pytest.mark.parametrize("name", NAMES)
def test_screens_are_those_of_xterm_js(name: str) -> None:
    references = reference_screens(name)
    screens = [screen_of(emulator) for emulator in replayed(name)]
    assert len(screens) == len(references)
    for number, (screen, reference) in enumerate(zip(screens, references, strict=True)):
        if (name, number) not in EXPLAINED:
            assert screen == reference, f"checkpoint {number}"


def test_differences_are_less_than_a_hundredth() -> None:
    checkpoints = sum(len(reference_screens(name)) for name in NAMES)
    assert checkpoints > 200
    assert len(EXPLAINED) <= checkpoints / 100


@pytest.mark.parametrize("name", NAMES)
def test_splitting_the_output_changes_nothing(name: str) -> None:
    data = output(name)
    whole, split = Emulator(24, 80), Emulator(24, 80)
    whole.feed(data)
    for start in range(0, len(data), 7):
        split.feed(data[start : start + 7])
    assert screen_of(split) == screen_of(whole)
    assert [split.runs(row) for row in range(24)] == [whole.runs(row) for row in range(24)]


@pytest.mark.parametrize("name", NAMES)
def test_snapshots_redraw_each_checkpoint(name: str) -> None:
    for emulator in replayed(name):
        copy = Emulator(emulator.rows, emulator.columns)
        copy.feed(snapshot(emulator, scrollback=False))
        assert screen_of(copy) == screen_of(emulator)
        assert vars(copy.modes) == vars(emulator.modes)
