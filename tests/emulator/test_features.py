"""Each feature draws, answers and sends as xterm's documentation (ctlseqs, DEC STD 070) says.

The golden files hold what goes in and what comes out. In: `input` (or `bytes`, as Latin-1, where
it is no UTF-8), then a `resize`. Out: the screen, the cursor, the replies, and what else the case
is about: styles, modes, titles, the cursor's look, and what the keys and the mouse then send. They
were written from the documents; `"xtermjs": false` stands where @xterm/headless lacks the feature
or differs from xterm, all others were compared with it.
"""

import json
from typing import Any

import pytest

from vibebox_tui.emulator import Emulator, Style
from vibebox_tui.emulator.keys import encode_focus, encode_key, encode_paste
from vibebox_tui.emulator.mouse import MouseAction, MouseButton, encode_mouse

from .recordings import CAPTURED

CASES = [
    pytest.param(case, id=f"{path.stem}-{case['case']}")
    for path in sorted((CAPTURED / "features").glob("*.json"))
    for case in json.loads(path.read_text())
]
PROPERTIES = ("title", "icon_name", "directory")


def fed(case: dict[str, Any], size: int) -> Emulator:
    """An emulator that took a case's input, `size` bytes at a time."""
    emulator = Emulator(case["rows"], case["columns"], clipboard=case.get("clipboard", False))
    data = case["input"].encode() if "input" in case else case["bytes"].encode("latin-1")
    for start in range(0, len(data), size):
        emulator.feed(data[start : start + size])
    if "resize" in case:
        emulator.resize(*case["resize"])
    return emulator


def sent(emulator: Emulator, event: dict[str, Any]) -> bytes:
    """What an event at the keyboard or the mouse sends to the remote side."""
    modes = emulator.modes
    if "key" in event:
        return encode_key(event["key"], modes)
    if "paste" in event:
        return encode_paste(event["paste"], modes)
    if "focus" in event:
        return encode_focus(event["focus"])
    action, button, row, column = event["mouse"]
    held = dict.fromkeys(event.get("held", ()), True)
    return encode_mouse(MouseAction(action), MouseButton[button], row, column, modes, **held)


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
    for name, expected in case.get("look", {}).items():
        assert getattr(emulator.cursor, name) == expected
    for name, expected in case.get("modes", {}).items():
        assert getattr(emulator.modes, name) == expected, name
    wrapped = [row for row in range(emulator.rows) if emulator.is_wrapped(row)]
    assert "wrapped" not in case or wrapped == case["wrapped"]
    if "copied" in case:
        copied = emulator.take_copied()
        assert (copied.text if copied else None) == case["copied"]
    for event in case.get("events", ()):
        assert sent(emulator, event) == event["sends"].encode("latin-1"), event


def test_there_are_cases() -> None:
    assert len(CASES) > 300
