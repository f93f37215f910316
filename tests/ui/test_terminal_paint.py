"""Rows of an emulator as strips: widths, colours, marks, nothing raw."""

import pytest
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

from vibebox_tui.emulator import Emulator
from vibebox_tui.ui.widgets.terminal_paint import Mark, TerminalPaint, marked

BASE = Style.parse("white on black")


def test_a_row_has_the_width_asked_for() -> None:
    for text in ("", "short", "日本語", "x" * 30):
        strip = _painted(text, 12)
        assert strip.cell_length == sum(segment.cell_length for segment in strip) == 12


def test_equal_rows_are_the_same_strip() -> None:
    emulator = Emulator(3, 10)
    emulator.feed("same\r\nsame")
    paint = TerminalPaint(BASE)
    assert paint.strip(emulator.runs(0), 10) is paint.strip(emulator.runs(1), 10)


def test_colours_are_the_palettes_and_true_ones() -> None:
    strip = _painted("\x1b[31mr\x1b[38;2;1;2;3mt\x1b[38;5;208mp\x1b[0md", 4)
    colours = [segment.style.color for segment in strip if segment.style]
    assert colours[:3] == [Color.from_ansi(1), Color.from_rgb(1, 2, 3), Color.from_ansi(208)]
    assert colours[3] == BASE.color


def test_a_changed_palette_is_painted_as_changed() -> None:
    strip = _painted("\x1b]4;1;rgb:10/20/30\x07\x1b[31mr\x1b[0m\x1b]11;#ffffff\x07d", 2)
    first, second = strip
    assert first.style is not None
    assert first.style.color == Color.from_rgb(0x10, 0x20, 0x30)
    assert second.style is not None
    assert second.style.bgcolor == Color.from_rgb(255, 255, 255)


def test_a_hyperlink_is_no_business_of_the_users_terminal() -> None:
    strip = _painted("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", 4)
    assert all(segment.style is None or segment.style.link is None for segment in strip)


def test_a_mark_reverses_what_is_reversed_already() -> None:
    plain = marked(_painted("ab", 2), [Mark(0, 1)])
    assert [bool(segment.style and segment.style.reverse) for segment in plain] == [True, False]
    reversed_ = marked(_painted("\x1b[7mab", 2), [Mark(0, 1)])
    assert [bool(segment.style and segment.style.reverse) for segment in reversed_] == [False, True]


def test_marks_beyond_the_row_are_cut_off() -> None:
    strip = marked(_painted("ab", 2), [Mark(1, 9, Style.parse("on red")), Mark(5, 6)])
    assert strip.cell_length == 2
    assert strip.text == "ab"


@pytest.mark.parametrize("columns", [(0, 1), (1, 2), (0, 2)])
def test_a_wide_character_is_marked_as_a_whole(columns: tuple[int, int]) -> None:
    first, *rest = marked(_painted("日本", 6), [Mark(*columns)])
    assert first.text == "日"
    assert first.style is not None
    assert first.style.reverse
    assert "".join(segment.text for segment in rest) == "本  "


def _painted(text: str, width: int) -> Strip:
    emulator = Emulator(2, max(width, 30))
    emulator.feed(text)
    return TerminalPaint(BASE, emulator.palette).strip(emulator.runs(0), width)
