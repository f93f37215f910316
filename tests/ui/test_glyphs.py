from dataclasses import fields

import pytest
from textual.content import Content

from vibebox_tui.ui.glyphs import ASCII, UNICODE, Glyphs, glyphs_for


@pytest.mark.parametrize(
    ("environment", "encoding"),
    [
        ({"TERM": "linux"}, "UTF-8"),
        ({"TERM": "xterm-256color"}, "ANSI_X3.4-1968"),
        ({"TERM": "xterm-256color"}, "ISO-8859-1"),
    ],
)
def test_ascii_where_glyphs_cannot_be_shown(environment: dict[str, str], encoding: str) -> None:
    assert glyphs_for(environment, encoding) is ASCII


@pytest.mark.parametrize("encoding", ["UTF-8", "utf8"])
def test_unicode_where_glyphs_can_be_shown(encoding: str) -> None:
    assert glyphs_for({"TERM": "tmux-256color"}, encoding) is UNICODE


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
