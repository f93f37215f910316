"""What the emulator promises, feature by feature: bytes in, screen and answers out."""

import pytest

from vibebox_tui.emulator import (
    DEFAULT_COLOUR,
    PLAIN,
    TRUE_COLOUR,
    Attributes,
    Copied,
    CursorShape,
    Emulator,
    MouseEncoding,
    MouseTracking,
    Style,
)


def terminal(*data: str, rows: int = 5, columns: int = 20, **options: int) -> Emulator:
    """A terminal that has been fed some text."""
    emulator = Emulator(rows, columns, **options)  # type: ignore[arg-type]
    for text in data:
        emulator.feed(text)
    return emulator


def rows(emulator: Emulator) -> list[str]:
    """The screen without blanks at the right and below."""
    lines = [row.rstrip() for row in emulator.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def style_of(sequence: str) -> Style:
    return terminal(f"\x1b[{sequence}mx").runs(0)[0][1]


def place(emulator: Emulator) -> tuple[int, int]:
    return emulator.cursor.row, emulator.cursor.column


@pytest.mark.parametrize(
    ("sequence", "style"),
    [
        ("31", Style.of(foreground=1)),
        ("97;104", Style.of(foreground=15, background=12)),
        ("38;5;208", Style.of(foreground=208)),
        ("48:5:208", Style.of(background=208)),
        ("38;2;1;2;3", Style.of(foreground=TRUE_COLOUR | 0x010203)),
        ("38:2:1:2:3", Style.of(foreground=TRUE_COLOUR | 0x010203)),
        ("38:2::1:2:3", Style.of(foreground=TRUE_COLOUR | 0x010203)),
        ("58;5;9;4:3", Style.of(underline=3, underline_colour=9)),
        ("1;2;3;9;53", Style.of(attributes=0b110000111 & ~0b1000 & ~0b10000000 | 0x180)),
        ("4", Style.of(underline=1)),
        ("21", Style.of(underline=2)),
        ("4:0", PLAIN),
        ("1;22;8;28;7;27", PLAIN),
        ("31;999;1", Style.of(foreground=1, attributes=Attributes.BOLD)),
        ("31;39;41;49", PLAIN),
        ("38;5", PLAIN),
    ],
)
def test_sgr(sequence: str, style: Style) -> None:
    assert style_of(sequence) is style


@pytest.mark.parametrize("sequence", ["\x1b[>4;2m", "\x1b[?4m", "\x1b[<1m", "\x1b[=1m"])
def test_private_forms_are_no_sgr(sequence: str) -> None:
    assert terminal(sequence, "x").runs(0) == [("x", PLAIN)]


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1bPsomething\x1b\\",
        "\x1b_apc\x1b\\",
        "\x1b^pm\x1b\\",
        "\x1bXsos\x1b\\",
        "\x1b]777;unknown\x07",
        "\x1b]2;title\x1b\\",
        "\x1b[12;34;56;78;90y",
        "\x1b[1;2\x18",
        "\x1b(\x1b[m",
        "\x90dcs\x9c",
        "\x1b[99999999999999999999m",
        "\x1b[1 2m",
    ],
)
def test_what_is_not_known_is_swallowed_and_the_text_behind_it_stays(sequence: str) -> None:
    assert rows(terminal(f"a{sequence}b")) == ["ab"]


@pytest.mark.parametrize("split", range(1, 12))
def test_a_prompt_is_seen_behind_a_sequence_that_an_interrupt_has_cut_off(split: int) -> None:
    data = "INFO \x1b^C\r\nready$ "
    assert rows(terminal(data[:split], data[split:])) == ["INFO", "ready$"]


def test_the_cursor_waits_at_the_margin_and_wraps_with_the_next_character() -> None:
    emulator = terminal("12345", columns=5)
    assert place(emulator) == (0, 4)
    emulator.feed("6")
    assert rows(emulator) == ["12345", "6"]
    assert emulator.is_wrapped(0)
    assert rows(terminal("12345\r\n6", columns=5)) == ["12345", "6"]
    assert rows(terminal("\x1b[?7l1234567", columns=5)) == ["12347"]


def test_wide_characters_stand_once_and_take_two_columns() -> None:
    emulator = terminal("a漢b")
    assert emulator.display[0] == "a漢b" + " " * 16
    assert place(emulator) == (0, 4)
    assert rows(terminal("漢字", columns=3)) == ["漢", "字"]


@pytest.mark.parametrize(("column", "text"), [(1, "x 字"), (2, " x字"), (3, "漢x"), (4, "漢 x")])
def test_a_wide_character_half_overwritten_is_gone(column: int, text: str) -> None:
    assert rows(terminal(f"漢字\x1b[1;{column}Hx")) == [text]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("e\u0301", 1), ("👩\u200d🚀", 2), ("🇪🇺", 2), ("❤\ufe0f", 2), ("한", 2), ("👍🏽", 2)],
)
def test_a_cluster_is_one_cell(text: str, columns: int) -> None:
    emulator = terminal(*text)
    assert place(emulator) == (0, columns)
    assert rows(emulator) == [text]


def test_without_mode_2027_each_code_point_has_its_cell() -> None:
    assert place(terminal("\x1b[?2027l👩\u200d🚀")) == (0, 4)


def test_utf8_may_be_split_anywhere() -> None:
    emulator = Emulator(2, 10)
    for byte in "é漢🚀".encode():
        emulator.feed(bytes([byte]))
    emulator.feed(b"\xff\xc3x")
    assert rows(emulator) == ["é漢🚀\ufffd\ufffdx"]


def test_line_drawing_and_shifts() -> None:
    assert rows(terminal("\x1b(0lqk\x1b(Bq")) == ["┌─┐q"]
    assert rows(terminal("\x1b)0q\x0eq\x0fq")) == ["q─q"]
    assert rows(terminal("\x1b*0\x1bNqq")) == ["─q"]


def test_the_alternate_screen_and_back() -> None:
    emulator = terminal("one\x1b[?1049h")
    assert rows(emulator) == []
    assert emulator.modes.alternate_screen
    emulator.feed("\x1b[Htwo\x1b[?1049l")
    assert rows(emulator) == ["one"]
    assert place(emulator) == (0, 3)


def test_erasing_leaves_the_pens_background() -> None:
    emulator = terminal("abc\x1b[44m\x1b[2K", columns=4)
    assert emulator.runs(0) == [("    ", Style.of(background=4))]


def test_scrolling_keeps_lines_in_order() -> None:
    emulator = terminal("".join(f"{n}\r\n" for n in range(10)), rows=3)
    assert rows(emulator) == ["8", "9"]
    kept = [emulator.runs(-n)[0][0] for n in range(1, emulator.scrollback_length + 1)]
    assert kept == [str(n) for n in range(7, -1, -1)]


def test_a_region_scrolls_by_itself() -> None:
    emulator = terminal("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3H\n", rows=4)
    assert rows(emulator) == ["a", "c", "", "d"]
    assert emulator.scrollback_length == 0


def test_left_and_right_margins() -> None:
    emulator = terminal("abcdef\r\nghijkl\x1b[?69h\x1b[2;4s\x1b[1;2H\x1b[M", rows=2, columns=6)
    assert rows(emulator) == ["ahijef", "g   kl"]


def test_lines_flow_anew_when_the_width_changes() -> None:
    emulator = terminal("abcdefgh\r\n漢字漢字\r\n$ ", columns=8)
    emulator.resize(5, 5)
    assert rows(emulator) == ["abcde", "fgh", "漢字", "漢字", "$"]
    assert place(emulator) == (4, 2)
    emulator.resize(5, 8)
    assert rows(emulator) == ["abcdefgh", "漢字漢字", "$"]
    assert place(emulator)[1] == 2


def test_the_alternate_screen_is_cut_and_not_reflowed() -> None:
    emulator = terminal("\x1b[?1049h\x1b[Habcdefgh\r\nij", columns=8)
    emulator.resize(5, 4)
    assert rows(emulator) == ["abcd", "ij"]


def test_growing_brings_lines_back() -> None:
    emulator = terminal("1\r\n2\r\n3\r\n4", rows=2)
    emulator.resize(4, 20)
    assert rows(emulator) == ["1", "2", "3", "4"]
    assert place(emulator) == (3, 1)


def test_links_titles_directory_and_marks() -> None:
    emulator = terminal(
        "\x1b]8;id=1;http://example.org/\x07link\x1b]8;;\x07 no",
        "\x1b]0;a\x07\x1b[22t\x1b]2;b\u202e\x1b\\",
        "\x1b]7;file://box/home/dev%20x\x07\x1b]133;A\x07",
    )
    assert emulator.runs(0) == [("link", Style.of(link="http://example.org/")), (" no", PLAIN)]
    assert (emulator.title, emulator.directory, emulator.marks(0)) == ("b", "/home/dev x", "A")
    emulator.feed("\x1b[23t")
    assert emulator.title == "a"


def test_the_clipboard_is_written_only_where_allowed_and_never_read() -> None:
    copy = "\x1b]52;c;aGVsbG8=\x07\x1b]52;c;?\x07"
    refused, allowed = terminal(copy), terminal(copy, clipboard=True)
    assert (refused.take_copied(), allowed.take_copied()) == (None, Copied("hello"))
    assert allowed.take_copied() is None
    assert refused.take_replies() == allowed.take_replies() == b""


@pytest.mark.parametrize("size", [1 << 21, 4096])
def test_a_copy_that_is_too_long_is_told_of(size: int) -> None:
    emulator = Emulator(2, 20, clipboard=True)
    data = b"\x1b]52;c;" + b"YWFh" * (1 << 18) + b"\x07after"
    for start in range(0, len(data), size):
        emulator.feed(data[start : start + size])
    assert emulator.take_copied() == Copied(is_too_long=True)
    assert rows(emulator) == ["after"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("\x1b[5n", b"\x1b[0n"),
        ("ab\x1b[6n", b"\x1b[1;3R"),
        ("\x1b[>c", b"\x1b[>64;390;0c"),
        ("\x1b[=c", b"\x1bP!|00000000\x1b\\"),
        ("\x1b[?25$p", b"\x1b[?25;1$y"),
        ("\x1b[?2026$p", b"\x1b[?2026;2$y"),
        ("\x1b[?9999$p", b"\x1b[?9999;0$y"),
        ("\x1b[1;31m\x1bP$qm\x1b\\", b"\x1bP1$r0;1;31m\x1b\\"),
        ("\x1bP$qr\x1b\\", b"\x1bP1$r1;5r\x1b\\"),
        ("\x1b[18t", b"\x1b[8;5;20t"),
        ("\x1b]11;rgb:12/34/56\x07\x1b]11;?\x07", b"\x1b]11;rgb:1212/3434/5656\x07"),
        ("\x1b]4;1;#f00;1;?\x07", b"\x1b]4;1;rgb:f0f0/0000/0000\x07"),
        ("\x1b]10;?\x1b\\", b"\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\"),
        ("\x1b]2;secret\x07\x1b[21t", b"\x1b]l\x1b\\"),
        ("\x1b[?u", b""),
    ],
)
def test_questions_are_answered_as_by_xterm(question: str, answer: bytes) -> None:
    emulator = terminal(question)
    assert emulator.take_replies() == answer
    assert emulator.take_replies() == b""


def test_replies_are_bounded() -> None:
    assert len(terminal("\x1b[c" * 100_000).take_replies()) <= 65_536


def test_modes_can_be_read() -> None:
    emulator = terminal("\x1b[?1;2004;1004;1002;1006;2026h\x1b[5 q\x1b[?25l")
    modes = emulator.modes
    assert modes.application_cursor
    assert modes.bracketed_paste
    assert modes.focus_reports
    assert modes.synchronized_output
    assert modes.mouse is MouseTracking.DRAGS
    assert modes.mouse_encoding is MouseEncoding.SGR
    assert emulator.cursor.shape is CursorShape.BAR
    assert not emulator.cursor.visible
    emulator.feed("\x1bc")
    assert not modes.bracketed_paste


def test_changes_are_told_once() -> None:
    emulator = terminal("a")
    assert emulator.take_changes().everything
    assert not emulator.take_changes()
    emulator.feed("b\x1b[3;1Hc")
    assert list(emulator.take_changes().rows) == [0, 2]
    emulator.feed("\x1b[4;1H")
    changes = emulator.take_changes()
    assert changes.cursor
    assert not changes.rows
    emulator.feed("\r\n" * 3)
    assert emulator.take_changes().scrolled == 2


def test_raw_c1_bytes_are_controls_only_after_s8c1t() -> None:
    plain, eight = Emulator(2, 20), Emulator(2, 20)
    plain.feed(b"\x9b31mx")
    eight.feed(b"\x1b G\x9b31mx")
    assert plain.runs(0) == [("\ufffd31mx", PLAIN)]
    assert eight.runs(0) == [("x", Style.of(foreground=1))]
    assert DEFAULT_COLOUR == -1


@pytest.mark.parametrize(
    "line", ["y\r\n", "y\n", "\x1b[32mlog\x1b[0m line\r\n", "ab\n", "\x1b[1mé\r\n"]
)
@pytest.mark.parametrize("before", ["", "x" * 30, "\x1b[31m\x1b[?1049h", "\x1b[2;4r", "\x1b]0;"])
@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_flood_leaves_what_drawing_it_all_would_leave(
    line: str, before: str, in_pieces: bool
) -> None:
    flood = before + line * 400 + "end\x1b[Kx"
    skipped, drawn = (Emulator(5, 20, scrollback_lines=30) for _ in range(2))
    if in_pieces:
        begun = skipped.skip(flood)
        assert "\x1b" in before or begun > len(line) * 200
        _feed_in_pieces(skipped, flood[begun:])
    else:
        skipped.feed(flood)
    _feed_in_pieces(drawn, flood)
    assert skipped.cursor == drawn.cursor
    assert skipped.scrollback_length == drawn.scrollback_length
    for row in range(-skipped.scrollback_length, 5):
        assert list(skipped.runs(row)) == list(drawn.runs(row))


def _feed_in_pieces(emulator: Emulator, text: str) -> None:
    for start in range(0, len(text), 11):
        emulator.feed(text[start : start + 11])


def test_scrollback_is_bounded_in_lines_and_memory() -> None:
    emulator = terminal(rows=3, columns=80, scrollback_lines=1000)
    for number in range(3000):
        emulator.feed(f"line {number}\r\n")
    assert emulator.scrollback_length == 1000
    cells = "".join(f"\x1b[38;5;{16 + n}m{n % 10}" for n in range(79))
    for _ in range(3000):
        emulator.feed(f"{cells}\r\n")
    assert 50 < emulator.scrollback_length < 1000


def test_the_remote_side_changes_the_size_only_where_it_may() -> None:
    fixed, free = Emulator(5, 20), Emulator(5, 20, resizable=True)
    for emulator in (fixed, free):
        emulator.feed("\x1b[8;7;30t")
    assert (fixed.rows, fixed.columns, free.rows, free.columns) == (5, 20, 7, 30)
