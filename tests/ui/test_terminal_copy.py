"""Copy mode's motions and selections, and search, on the text of a real emulator."""

import pytest

from vibebox_tui.emulator import Emulator
from vibebox_tui.ui.panes.terminals_copy import COPY_KEYS, CopyMode, Wish
from vibebox_tui.ui.panes.terminals_links import address_at
from vibebox_tui.ui.panes.terminals_search import Search
from vibebox_tui.ui.widgets.terminal_text import Cell, TerminalText


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ("l", (0, 1)),
        ("h", (0, 0)),
        ("j", (1, 0)),
        ("jk", (0, 0)),
        ("$", (0, 10)),
        ("$0", (0, 0)),
        ("w", (0, 4)),
        ("ww", (0, 8)),
        ("www", (1, 2)),
        ("wwb", (0, 4)),
        ("wwwb", (0, 8)),
        ("e", (0, 2)),
        ("ee", (0, 6)),
        ("G", (3, 0)),
        ("Gg", (0, 0)),
        ("j^", (1, 2)),
    ],
)
def test_moves_as_vi_does(keys: str, place: tuple[int, int]) -> None:
    mode = _mode("one two six\r\n  indented\r\n\r\nlast")
    _press(mode, keys)
    assert mode.point == Cell(*place)


def test_passes_a_wide_character_in_one_step() -> None:
    mode = _mode("日本x")
    _press(mode, "ll")
    assert mode.point == Cell(0, 4)
    _press(mode, "h")
    assert mode.point == Cell(0, 2)


def test_selects_by_characters_over_lines() -> None:
    mode = _mode("first line\r\nsecond line")
    _press(mode, "wvj")
    assert mode.selected_text() == "line\nsecond "


def test_selects_by_lines() -> None:
    mode = _mode("first\r\nsecond\r\nthird")
    _press(mode, "jV")
    assert mode.selected_text() == "second\n"
    _press(mode, "k")
    assert mode.selected_text() == "first\nsecond\n"


def test_a_line_is_selected_with_all_the_rows_that_it_takes() -> None:
    for keys in ("V", "jV"):
        mode = _mode("x" * 50 + "\r\nnext")
        _press(mode, keys)
        assert mode.selected_text() == "x" * 50 + "\n"


def test_a_selection_backwards_is_the_same_text() -> None:
    mode = _mode("abcdef")
    _press(mode, "$vhh")
    assert mode.selected_text() == "def"


def test_selecting_twice_selects_nothing() -> None:
    mode = _mode("abc")
    _press(mode, "vv")
    assert mode.span is None
    _press(mode, "vV")
    assert mode.selected_text() == "abc\n"


@pytest.mark.parametrize(
    ("key", "wish"), [("q", Wish.LEAVE), ("escape", Wish.LEAVE), ("y", Wish.COPY), ("n", Wish.NEXT)]
)
def test_says_what_it_cannot_do_itself(key: str, wish: Wish) -> None:
    assert _mode("abc").press(key) is wish


@pytest.mark.parametrize(
    "key", [key for keys, _ in COPY_KEYS for key in keys.split() if not key[1:] or key[0] == "^"]
)
def test_the_help_names_keys_that_mean_something(key: str) -> None:
    mode = CopyMode(_text("one two\r\n" * 30), Cell(20, 5), page=4)
    name = f"ctrl+{key[1:]}" if key[1:] else _NAMES.get(key, key)
    wish = mode.press(name)
    assert wish or mode.point != Cell(20, 5) or mode.span


def test_goes_from_prompt_to_prompt() -> None:
    mode = _mode("\x1b]133;A\x07$ one\r\nout\r\n\x1b]133;A\x07$ two\r\nout")
    _press(mode, "jjj")
    assert mode.go_to_prompt(-1)
    assert mode.point == Cell(2, 0)
    assert mode.go_to_prompt(-1)
    assert mode.point == Cell(0, 0)
    assert not mode.go_to_prompt(-1)
    assert mode.go_to_prompt(1)
    assert mode.point == Cell(2, 0)


# --- search --------------------------------------------------------------------------------


def test_finds_every_hit_in_the_order_of_the_text() -> None:
    search = Search("err", _text("error one\r\nfine\r\nno err, err"))
    assert [tuple(hit.start) for hit in search.hits] == [(0, 0), (2, 3), (2, 8)]
    assert [tuple(hit.end) for hit in search.hits] == [(0, 2), (2, 5), (2, 10)]


def test_goes_round_at_both_ends() -> None:
    search = Search("x", _text("x\r\n.x"))
    first, last = search.hits
    assert search.after(first.start) == last
    assert search.after(last.start) == first
    assert search.before(first.start) == last
    assert search.before(Cell(1, 0)) == first


def test_small_letters_find_capital_ones_but_not_the_other_way_round() -> None:
    text = _text("Error error")
    assert len(Search("error", text).hits) == 2
    assert len(Search("Error", text).hits) == 1


def test_a_pattern_is_no_expression() -> None:
    assert len(Search("a.c", _text("abc a.c")).hits) == 1


def test_what_was_written_over_is_no_hit_and_what_has_come_is_found_again() -> None:
    text = _text("err one\r\nfine")
    search = Search("err", text)
    assert len(search.in_line(0)) == 1
    text.emulator.feed("\x1b[Hok \r\nan err")
    assert search.in_line(0) == []
    assert [tuple(hit.start) for hit in search.again().hits] == [(1, 3)]


def test_a_hit_behind_wide_characters_has_its_column() -> None:
    assert Search("x", _text("日本x")).hits[0].start == Cell(0, 4)


def test_nothing_is_found_for_nothing() -> None:
    search = Search("", _text("abc"))
    assert search.hits == []
    assert search.after(Cell(0, 0)) is None


# --- links ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://example.org/a?b=c#d.", "https://example.org/a?b=c#d"),
        ("(https://example.org/a_(b))", "https://example.org/a_(b)"),
        ("<http://example.org>", "http://example.org"),
        ("file:///etc/passwd", ""),
        ("nothing", ""),
    ],
)
def test_reads_addresses_as_people_do(text: str, address: str) -> None:
    assert address_at(_text(text), Cell(0, 6)) == address


def _text(content: str) -> TerminalText:
    emulator = Emulator(4, 40)
    emulator.feed(content)
    return TerminalText(emulator)


def _mode(content: str) -> CopyMode:
    return CopyMode(_text(content), Cell(0, 0), page=4)


_NAMES = {
    "$": "dollar_sign",
    "^": "circumflex_accent",
    "/": "slash",
    "?": "question_mark",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
}


def _press(mode: CopyMode, keys: str) -> None:
    for key in keys:
        mode.press(_NAMES.get(key, key))
