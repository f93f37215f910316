"""Levels of any line at all: one of those there are, whatever colours it has."""

from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.logs.levels import BY_WORD, HEAD_CHARACTERS, Level, recognise

lines = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["INFO", "[warn]", "level=error", '"level":30', "{", "<11>", "E/", "x: ", " "]
        )
    ).map("".join),
)
"""Any text, and such as logs have."""

words = st.sampled_from(sorted(BY_WORD))


@given(lines)
def test_any_line_has_a_level(line: str):
    assert recognise(line) in Level


@given(lines, st.integers(0, 20))
def test_colours_do_not_change_it(line: str, at: int):
    plain = line.replace("\x1b", "")[:HEAD_CHARACTERS]
    coloured = f"{plain[:at]}\x1b[1;31m{plain[at:]}\x1b[0m"
    assert recognise(coloured) is recognise(plain)


@given(words, st.sampled_from(['{{"level":"{}"}}', "level={} msg=x", "12:00:00 [{}] said"]))
def test_every_word_is_known_in_every_form(word: str, form: str):
    assert recognise(form.format(word)) is BY_WORD[word]
