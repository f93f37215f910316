"""What is asked before a paste, and in which pieces it goes."""

import pytest

from vibebox_tui.ui.panes.terminals_paste import PIECE, is_worth_asking, pieces, question


@pytest.mark.parametrize("text", ["ls -l", "with\ttab", "日本", ""])
def test_a_line_is_pasted_without_a_question(text: str) -> None:
    assert not is_worth_asking(text)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\nb", "rm -rf /\n", "a\x1b[201~b", "a\x03"])
def test_lines_and_control_characters_are_worth_a_question(text: str) -> None:
    assert is_worth_asking(text)


def test_the_question_says_how_much_and_where_to_and_shows_it() -> None:
    asked = question("one\r\ntwo\x1b\n", "api/shell")
    assert "2 lines" in asked
    assert "9 characters" in asked
    assert "1 control character among them" in asked
    assert "into api/shell?" in asked
    assert "  one\n  two·" in asked


def test_the_question_shows_the_beginning_of_much() -> None:
    asked = question("\n".join(f"line {number}" for number in range(20)), "x")
    assert "line 4" in asked
    assert "line 5" not in asked
    assert "15 more lines" in asked


def test_pieces_are_the_whole() -> None:
    text = "x" * (PIECE * 2 + 1)
    assert [len(piece) for piece in pieces(text)] == [PIECE, PIECE, 1]
