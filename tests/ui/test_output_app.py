"""The way to the user's terminal, in a real one: what is shown, how little is written, keys."""

import os
import sys
from collections.abc import Iterator

import pytest

from tests.pseudo_terminal import PseudoTerminal

PROGRAM = """
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static
from rich.segment import Segment
from vibebox_tui.ui.output import FrugalApp, draw_now

class Counter(Widget, can_focus=True):
    DEFAULT_CSS = "Counter { height: 3; }"
    keys = ""

    def render_line(self, y):
        text = f"keys: {self.keys}" if y == 1 else "-" * 20
        return Strip([Segment(text)]).adjust_cell_length(self.size.width)

    def on_key(self, event):
        self.keys += event.character or f"<{event.key}>"
        self.refresh(Region(0, 1, self.size.width, 1))
        draw_now(self)

class Shown(FrugalApp[None], inherit_bindings=False):
    CSS = "Screen { layers: below above; } #cover { layer: above; dock: top; height: 1; }"

    def compose(self):
        yield Counter()
        yield Static("below", id="below")

    def on_key(self, event):
        if event.key == "c":
            self.mount(Static("covering everything", id="cover"))
        elif event.key == "u":
            self.query("#cover").remove()
        elif event.key == "t":
            self.query_one("#below", Static).update("updated")
        elif event.key == "R":
            self.draw_everything()

Shown().run()
"""


@pytest.fixture
def app() -> Iterator[PseudoTerminal]:
    """The program above, drawn and quiet."""
    variables = {**os.environ, "COLORTERM": "truecolor"}
    with PseudoTerminal([sys.executable, "-c", PROGRAM], variables) as terminal:
        terminal.until("below")
        terminal.until_quiet()
        yield terminal


def test_a_key_writes_its_cell_and_little_else(app: PseudoTerminal) -> None:
    before = len(app.output)
    app.type("a")
    app.until("keys: a")
    app.until_quiet()
    assert len(app.output) - before < 100
    app.type("b")
    app.until("keys: ab")
    assert app.screen[3] == "below"


def test_what_covers_the_widget_stays_above_it(app: PseudoTerminal) -> None:
    app.type("c")
    app.until("covering everything")
    app.type("x")
    app.until("keys: cx")
    assert app.screen[0].startswith("covering everything")
    app.type("u")
    app.until_quiet()
    assert app.screen[0] == "-" * 20
    assert not any("covering" in row for row in app.screen)


def test_other_widgets_are_drawn_as_ever(app: PseudoTerminal) -> None:
    app.type("t")
    app.until("updated")
    assert "keys: t" in app.screen[1]


def test_the_terminals_answers_are_no_keys(app: PseudoTerminal) -> None:
    assert b"\x1b[5n" in app.output, "it asks whether the terminal has kept up"
    app.type("\x1b[0n")
    app.type("z")
    app.until("keys: z")
    app.until_quiet()
    assert app.screen[1] == "keys: z"


def test_an_answer_split_between_two_reads_is_no_key_either(app: PseudoTerminal) -> None:
    app.type("\x1b[")
    app.type("0n")
    app.type("z")
    app.until("z")
    app.until_quiet()
    assert app.screen[1] == "keys: z"


def test_a_resized_terminal_is_drawn_anew(app: PseudoTerminal) -> None:
    app.emulator.feed("\x1b[2Jgarbage")
    app.resize(20, 60)
    app.until("keys:")
    app.until("below")
    assert not any("garbage" in row for row in app.screen)


def test_everything_can_be_drawn_again(app: PseudoTerminal) -> None:
    app.emulator.feed("\x1b[2Jgarbage")
    app.type("R")
    app.until("keys: R")
    app.until("below")
    assert not any("garbage" in row for row in app.screen)
