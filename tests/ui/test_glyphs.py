from dataclasses import fields

import pytest
from textual.content import Content

from vibebox_tui.ui.glyphs import ASCII, UNICODE, Glyphs, glyphs_for


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "linux", "LANG": "C.UTF-8"},
        {"LANG": "C"},
        {"LANG": "en_US"},
        {"LANG": "de_DE.ISO-8859-1"},
        {"LANG": "en_US.UTF-8", "LC_ALL": "C"},
        {"LANG": "en_US.UTF-8", "LC_CTYPE": "POSIX"},
        {"LANG": "C", "LC_CTYPE": "C.UTF-8"},
    ],
)
def test_ascii_where_glyphs_cannot_be_shown(environment: dict[str, str]) -> None:
    assert glyphs_for({"TERM": "xterm-256color"} | environment) is ASCII


@pytest.mark.parametrize(
    "environment",
    [{}, {"LANG": "en_US.UTF-8"}, {"LC_CTYPE": "UTF-8"}, {"LANG": "C", "LC_ALL": "C.utf8"}],
)
def test_unicode_where_glyphs_can_be_shown(environment: dict[str, str]) -> None:
    assert glyphs_for({"TERM": "tmux-256color"} | environment) is UNICODE


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_glyph_is_one_cell_wide(glyphs: Glyphs) -> None:
    for field in fields(glyphs):
        value = getattr(glyphs, field.name)
        if isinstance(value, str):
            assert Content(value).cell_length == len(value), field.name


def test_the_fallbacks_are_ascii() -> None:
    for field in fields(ASCII):
        assert str(getattr(ASCII, field.name)).isascii(), field.name


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_states_differ_by_glyph(glyphs: Glyphs) -> None:
    states = ["running", "stopped", "error", "starting", "unknown"]
    assert len({glyphs.state(state) for state in states}) == len(states)


def test_a_state_of_another_server_is_shown_as_unknown() -> None:
    assert UNICODE.state("paused") == UNICODE.unknown
