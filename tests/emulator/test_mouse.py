"""Mouse events go out as xterm encodes them, where the remote side asked for them."""

import pytest

from vibebox_tui.emulator.mouse import MouseAction, MouseButton, encode_mouse

from .test_keys import modes

PRESS, RELEASE, MOVE = MouseAction.PRESS, MouseAction.RELEASE, MouseAction.MOVE
LEFT, NONE = MouseButton.LEFT, MouseButton.NONE


@pytest.mark.parametrize(
    ("encoding", "press", "release"),
    [
        ("", b"\x1b[M \x24\x23", b"\x1b[M#\x24\x23"),
        ("\x1b[?1006h", b"\x1b[<0;4;3M", b"\x1b[<0;4;3m"),
        ("\x1b[?1015h", b"\x1b[32;4;3M", b"\x1b[35;4;3M"),
        ("\x1b[?1005h", b"\x1b[M \x24\x23", b"\x1b[M#\x24\x23"),
    ],
)
def test_clicks_in_each_encoding(encoding: str, press: bytes, release: bytes) -> None:
    asked = modes("\x1b[?1000h", encoding)
    assert encode_mouse(PRESS, LEFT, 2, 3, asked) == press
    assert encode_mouse(RELEASE, LEFT, 2, 3, asked) == release


@pytest.mark.parametrize(
    ("mode", "action", "button", "told"),
    [
        ("", PRESS, LEFT, False),
        ("\x1b[?9h", PRESS, LEFT, True),
        ("\x1b[?9h", RELEASE, LEFT, False),
        ("\x1b[?1000h", RELEASE, LEFT, True),
        ("\x1b[?1000h", MOVE, LEFT, False),
        ("\x1b[?1000h", RELEASE, MouseButton.WHEEL_UP, False),
        ("\x1b[?1002h", MOVE, LEFT, True),
        ("\x1b[?1002h", MOVE, NONE, False),
        ("\x1b[?1003h", MOVE, NONE, True),
        ("\x1b[?1003h\x1b[?1003l", PRESS, LEFT, False),
    ],
)
def test_only_what_was_asked_for_is_told(
    mode: str, action: MouseAction, button: MouseButton, told: bool
) -> None:
    assert bool(encode_mouse(action, button, 0, 0, modes(mode))) is told


def test_modifiers_and_buttons_are_added_up() -> None:
    asked = modes("\x1b[?1003h\x1b[?1006h")
    wheel = encode_mouse(PRESS, MouseButton.WHEEL_DOWN, 0, 0, asked, ctrl=True)
    assert wheel == b"\x1b[<81;1;1M"
    assert encode_mouse(MOVE, LEFT, 0, 0, asked, shift=True, alt=True) == b"\x1b[<44;1;1M"


def test_places_that_an_encoding_cannot_say_are_not_told() -> None:
    assert encode_mouse(PRESS, LEFT, 0, 223, modes("\x1b[?1000h")) == b""
    assert encode_mouse(PRESS, LEFT, 0, 223, modes("\x1b[?1000h\x1b[?1005h")) != b""
    assert encode_mouse(PRESS, LEFT, 0, 223, modes("\x1b[?1000h\x1b[?1006h")) == b"\x1b[<0;224;1M"
