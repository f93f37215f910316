"""Each feature draws and answers as xterm's documentation (ctlseqs, DEC STD 070) says.

The golden files hold what goes in (`input`, then a `resize` and what follows it) and what comes
out: the screen, the cursor, and where the case is about them styles, replies and titles. They were
written from the documents; `"xtermjs": false` stands where @xterm/headless lacks the feature or
differs from xterm, all others were compared with it.
"""

import json
from typing import Any

import pytest

from vibebox_tui.emulator import Emulator, Style

from .recordings import CAPTURED

CASES = [
    pytest.param(case, id=f"{path.stem}-{case['case']}")
    for path in sorted((CAPTURED / "features").glob("*.json"))
    for case in json.loads(path.read_text())
]
PROPERTIES = ("title", "icon_name", "directory")


def fed(case: dict[str, Any], size: int) -> Emulator:
    """An emulator that took a case's input, `size` bytes at a time."""
    emulator = Emulator(case["rows"], case["columns"])
    data = case["input"].encode()
    for start in range(0, len(data), size):
        emulator.feed(data[start : start + size])
    if "resize" in case:
        emulator.resize(*case["resize"])
    return emulator


def runs(emulator: Emulator, row: int) -> list[tuple[str, Style]]:
    """The runs of a row, neighbours of one style joined, blank space at the end left off."""
    joined: list[tuple[str, Style]] = []
    for text, style in emulator.runs(row):
        if joined and joined[-1][1] is style:
            text = joined.pop()[0] + text
        joined.append((text, style))
    if joined and joined[-1][1] is Style.of():
        joined.append((joined.pop()[0].rstrip(), Style.of()))
    return [run for run in joined if run[0]]


@pytest.mark.parametrize("size", [1, 65_536])
@pytest.mark.parametrize("case", CASES)
def test_feature(case: dict[str, Any], size: int) -> None:
    emulator = fed(case, size)
    assert [row.rstrip() for row in emulator.display] == case["screen"]
    assert [emulator.cursor.row, emulator.cursor.column] == case["cursor"]
    assert emulator.take_replies().decode("latin-1") == case.get("replies", "")
    for row, expected in case.get("styles", {}).items():
        assert runs(emulator, int(row)) == [(text, Style.of(**kind)) for text, kind in expected]
    for name in PROPERTIES:
        assert name not in case or getattr(emulator, name) == case[name]
    assert "marks" not in case or emulator.marks(0) == case["marks"]


def test_there_are_cases() -> None:
    assert len(CASES) > 100
