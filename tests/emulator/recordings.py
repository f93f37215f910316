"""The golden captures: what real programs sent, and the screens that xterm.js drew of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vibebox_tui.emulator import Emulator

CAPTURED = Path(__file__).parent / "captured"

NAMES = sorted(path.stem for path in CAPTURED.glob("*.jsonl"))


@dataclass(frozen=True, slots=True)
class Screen:
    """What can be seen: the rows without trailing spaces, and the cursor's row and column."""

    rows: list[str]
    cursor: tuple[int, int]


def reference_screens(name: str) -> list[Screen]:
    """The screens at a recording's checkpoints, as reference.mjs has drawn them."""
    screens = json.loads((CAPTURED / "screens.json").read_text())[name]
    return [Screen(screen["rows"], tuple(screen["cursor"])) for screen in screens]


def replayed(name: str) -> Iterator[Emulator]:
    """An emulator that is fed a recording, at each of its checkpoints."""
    lines = (CAPTURED / f"{name}.jsonl").read_text().splitlines()
    header, *events = map(json.loads, lines)
    emulator = Emulator(header["rows"], header["columns"])
    for kind, *values in events:
        if kind == "o":
            emulator.feed(values[0].encode("latin-1"))
        elif kind == "r":
            emulator.resize(*values)
        else:
            yield emulator


def output(name: str) -> bytes:
    """All that a program sent in a recording."""
    events = map(json.loads, (CAPTURED / f"{name}.jsonl").read_text().splitlines()[1:])
    return b"".join(event[1].encode("latin-1") for event in events if event[0] == "o")


def screen_of(emulator: Emulator) -> Screen:
    """What an emulator shows."""
    cursor = emulator.cursor
    return Screen([row.rstrip() for row in emulator.display], (cursor.row, cursor.column))
