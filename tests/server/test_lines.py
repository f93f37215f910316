"""Bytes to lines."""

from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.server.lines import CUT, MAX_LINE, LineSplitter


def test_gives_out_complete_lines_only() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == ["one"]
    assert splitter.position == 4
    assert splitter.feed(b"o\r\nthree\n") == ["two", "three"]
    assert not splitter.pending


def test_flushes_a_prompt_and_keeps_half_a_character() -> None:
    splitter = LineSplitter()
    splitter.feed("Name für".encode()[:7])
    assert splitter.flush() == ["Name f"]
    assert not splitter.pending, "half a character is nothing to flush again and again"
    assert splitter.feed("für".encode()[2:] + b"\n") == ["ür"]


def test_replaces_what_is_not_utf8() -> None:
    assert LineSplitter().feed(b"a\xffb\n") == ["a\ufffdb"]


def test_cuts_a_long_line_and_says_so() -> None:
    (line,) = LineSplitter().feed(b"x" * (MAX_LINE + 1) + b"\n")
    assert len(line) == MAX_LINE
    assert line.endswith(CUT)
    assert LineSplitter().feed(b"x" * MAX_LINE + b"\n") == ["x" * MAX_LINE]


def test_a_line_without_end_is_cut_once_and_its_rest_skipped() -> None:
    splitter = LineSplitter()
    lines = [line for _ in range(10) for line in splitter.feed(b"x" * 10_000)]
    assert len(lines) == 1
    assert splitter.cut
    again = LineSplitter(splitter.position, splitter.cut)
    assert again.feed(b"rest\nnext\n") == ["next"]
    assert again.position == 100_000 + 10


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))), st.data())
def test_any_cut_into_pieces_gives_the_same_lines(lines: list[str], data: st.DataObject) -> None:
    whole = "".join(line + "\n" for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    splitter = LineSplitter()
    given_out = [
        line
        for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)
        for line in splitter.feed(whole[start:end])
    ]
    assert given_out == lines
    assert splitter.position == len(whole)
