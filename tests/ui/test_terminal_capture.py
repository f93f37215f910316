"""Whose a key is while a terminal captures."""

import pytest

from vibebox_tui.ui.panes.terminals_capture import (
    Capture,
    Command,
    Elsewhere,
    Prefixed,
    Typed,
    Unknown,
    key_name,
    prefix_help,
)

ESCAPE = "ctrl+right_square_bracket"


@pytest.mark.parametrize("key", ["a", "ctrl+c", "escape", "tab", "f1", "ctrl+q", "colon"])
def test_every_key_but_the_escape_key_is_typed(key: str) -> None:
    assert Capture(ESCAPE).press(key, None) == Typed(key, None)


@pytest.mark.parametrize("escape", [ESCAPE, "f12"])
@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("d", Command.LEAVE),
        ("q", Command.LEAVE),
        ("escape", Command.LEAVE),
        ("n", Command.NEXT),
        ("p", Command.PREVIOUS),
        ("c", Command.NEW),
        ("left_square_bracket", Command.COPY_MODE),
        ("pageup", Command.COPY_MODE),
        ("slash", Command.SEARCH),
        ("v", Command.PASTE),
        ("b", Command.BROADCAST),
        ("r", Command.READ_ONLY),
        ("k", Command.RECONNECT),
        ("question_mark", Command.HELP),
    ],
)
def test_after_the_escape_key_a_key_is_a_command(escape: str, key: str, command: Command) -> None:
    capture = Capture(ESCAPE)
    assert capture.press(escape, None) == Prefixed()
    assert capture.prefixed
    assert capture.press(key, None) is command
    assert not capture.prefixed


def test_the_escape_key_itself_can_be_typed() -> None:
    capture = Capture(ESCAPE)
    for second in (ESCAPE, "right_square_bracket"):
        capture.press(ESCAPE, "\x1d")
        assert capture.press(second, None) == Typed(ESCAPE, "\x1d")
    capture.press(ESCAPE, "\x1d")
    assert capture.press("f12", None) == Typed("f12", None)


@pytest.mark.parametrize("key", ["1", "9", "0", "minus", "apostrophe", "plus", "z"])
def test_the_dashboards_keys_work_after_the_escape_key(key: str) -> None:
    capture = Capture(ESCAPE)
    capture.press(ESCAPE, None)
    assert capture.press(key, None) == Elsewhere(key)


def test_a_key_that_means_nothing_goes_nowhere_and_ends_the_prefix() -> None:
    capture = Capture(ESCAPE)
    capture.press(ESCAPE, None)
    assert capture.press("ctrl+y", None) == Unknown("ctrl+y")
    assert capture.press("ctrl+y", None) == Typed("ctrl+y", None)


@pytest.mark.parametrize(("key", "name"), [(ESCAPE, "^]"), ("f12", "F12"), ("ctrl+t", "^T")])
def test_names_the_escape_key_as_borders_write_it(key: str, name: str) -> None:
    assert key_name(key) == name


def test_helps_with_every_command() -> None:
    helped = {what for _, what in prefix_help(ESCAPE)}
    assert {command.value for command in Command} <= helped
