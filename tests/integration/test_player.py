"""`vibebox play` in a terminal of its own: pause, speed, seek; and asciinema as a reader."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.in_terminal import VibeboxInTerminal
from tests.pseudo_terminal import PseudoTerminal
from vibebox_tui.emulator import Emulator
from vibebox_tui.ui.recordings import CastWriter

EVENTS = [
    (0.0, "o", "first\r\n"),
    (20.0, "o", "second\r\n"),
    (40.0, "r", "60x10"),
    (40.0, "o", "third\r\n"),
    (60.0, "o", "last\r\n"),
]
"""Far enough apart that none comes by itself while a test looks."""


@pytest.fixture
def recording(short_path: Path) -> Path:
    path = short_path / "one.cast"
    header = {"version": 2, "width": 40, "height": 8, "title": "a recording"}
    lines = [json.dumps(header), *(json.dumps(event) for event in EVENTS)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def player(recording: Path) -> Iterator[VibeboxInTerminal]:
    player = VibeboxInTerminal(recording.parent, "play", str(recording))
    player.until("first", "a recording", "playing", "/ 1:00")
    yield player
    player.close()


def test_it_pauses_steps_and_seeks(player: VibeboxInTerminal) -> None:
    player.until("pause, go on", "faster")
    player.type(" ")
    player.until("paused")
    player.type(".")
    player.until("second", "0:20 / 1:00")
    player.type("llll")
    player.until("third", "0:40 / 1:00")
    player.type("h")
    player.until("0:35 / 1:00")
    assert not player.lines("third"), "back is the screen of that moment"
    player.type("G")
    player.until("last", "1:00 / 1:00")
    player.type("g")
    player.until("first", "0:00 / 1:00")
    assert not player.lines("second")
    player.type("q")
    assert player.end() == 0


def test_it_plays_faster_and_slower(player: VibeboxInTerminal) -> None:
    player.type(">>>>")
    player.until("16x", "second", "third", "last", "ended")
    player.type("<")
    player.until("8x")
    player.type(" ")
    player.until("playing", "first")
    player.type("q")
    assert player.end() == 0


def test_what_is_no_recording_is_a_sentence(short_path: Path) -> None:
    path = short_path / "text.cast"
    path.write_text("no recording\n")
    player = VibeboxInTerminal(short_path, "play", str(path))
    try:
        player.until("is no recording (asciicast, version 2)")
        assert player.end() == 1
    finally:
        player.close()


def test_asciinema_plays_what_we_record(tmp_path: Path) -> None:
    command = shutil.which("asciinema")
    if command is None:
        reason = "asciinema isn't installed"
        pytest.fail(reason) if os.environ.get("VIBEBOX_CI") else pytest.skip(reason)
    text = "日本 \x1b[1;31mred\x1b[0m\r\n\x1b[2J\x1b[3;5Hthere\x07\r\n"
    path = tmp_path / "ours.cast"
    writer = CastWriter(path, 10, 40, title="ours")
    writer.output(text)
    writer.resized(12, 50)
    writer.output("end\r\n")
    writer.close()
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    shown = Emulator(10, 40)
    shown.feed(f"{text}end\r\n")
    with PseudoTerminal([command, "cat", str(path)], variables, rows=10, columns=40) as terminal:
        terminal.until("end")
        assert terminal.emulator.display == shown.display
    assert any("there" in row for row in shown.display)
