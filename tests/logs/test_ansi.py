"""Whatever a line contains, what is drawn of it has no control characters and a known width."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.logs.ansi import Ink, Span, spans, strip_sequences, visible

anything = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b[]m;\x07\x9b\t\r\x00\u202e\u200d0123")),
    max_size=80,
)


@given(anything)
def test_nothing_that_is_drawn_is_a_control(text: str):
    for character in visible(text):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(character)
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200d"


@given(anything)
def test_printable_text_is_kept(text: str):
    plain = "".join(c for c in text if c.isascii() and c.isprintable())
    assert visible(plain) == plain


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("\x1b[31mred\x1b[0m", [Span("red", Ink(1))]),
        ("\x1b[1;38;5;200mx\x1b[22my", [Span("x", Ink(200, bold=True)), Span("y", Ink(200))]),
        ("\x1b[48;2;1;2;300mx", [Span("x", Ink(None, (1, 2, 44)))]),
        ("\x1b[38:2:1:2:3mx", [Span("x", Ink((1, 2, 3)))]),
        ("\x1b[97;41mx\x1b[39my", [Span("x", Ink(15, 1)), Span("y", Ink(None, 1))]),
        ("\x1b[3;4;7mx", [Span("x", Ink(italic=True, underline=True, reverse=True))]),
        ("\x1b[2;9mx", [Span("x", Ink(dim=True, strike=True))]),
        ("\x1b[1mx\x1b[my", [Span("x", Ink(bold=True)), Span("y", Ink())]),
        ("\x1b[38mx", [Span("x", Ink())]),
        ("\x1b[>4;1mx", [Span("x", Ink())]),
    ],
)  # fmt: skip
def test_colours_are_kept(text: str, drawn: list[Span]):
    assert spans(text) == drawn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2K\x1b[1G50%", "50%"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;c2VjcmV0\x1b\\text", "text"),
        ("\x1b]52;c;cut off", "52;c;cut off"),
        ("a\x00b\x07c\x7f", "a␀b␇c␡"),
        ("50%\r100%", "50%␍100%"),
        ("end\x1b", "end␛"),
        ("\x1b(0x\x1b(B", "x"),
        ("abc\u202edef", "abc\ufffddef"),
        ("a\tb", "a       b"),
        ("12345678\tb", "12345678        b"),
        ("\x1b[31ma\x1b[0m\tb", "a       b"),
        ("\t\t", " " * 16),
        ("👨\u200d👩\u200d👧 ❤\ufe0f 🇩🇪", "👨👩👧 ❤ DE"),
        ("", ""),
    ],
)
def test_other_controls_are_dropped_or_made_visible(text: str, shown: str):
    assert visible(text) == shown


def test_filters_see_no_sequences_and_lines_stay_lines():
    text = "a\x1b[1mb\nc\x1b]0;no end\nd\x1b[0m"
    assert strip_sequences(text).count("\n") == text.count("\n")
    assert strip_sequences(text).startswith("ab\n")
