"""Mouse events as xterm sends them: an event and the modes in force become bytes.

Source: xterm's ctlseqs, "Mouse Tracking".
"""

from enum import IntEnum, StrEnum
from typing import Protocol

from .modes import MouseEncoding, MouseTracking


class MouseAction(StrEnum):
    """What the mouse did."""

    PRESS = "press"
    RELEASE = "release"
    MOVE = "move"


class MouseButton(IntEnum):
    """The button as the protocol numbers it; a wheel turns by presses without a release."""

    LEFT = 0
    MIDDLE = 1
    RIGHT = 2
    NONE = 3
    WHEEL_UP = 64
    WHEEL_DOWN = 65
    WHEEL_LEFT = 66
    WHEEL_RIGHT = 67
    BACK = 128
    FORWARD = 129


class MouseModes(Protocol):
    """The modes that decide whether and how the mouse is reported; an emulator's has them."""

    @property
    def mouse(self) -> MouseTracking: ...
    @property
    def mouse_encoding(self) -> MouseEncoding: ...


_SHIFT, _ALT, _CTRL, _MOTION = 4, 8, 16, 32

_LARGEST_BYTE_COORDINATE = 223
"""Cells that one byte can name: 32 is added to a number that starts at 1 (255 - 32)."""

_LARGEST_UTF8_COORDINATE = 2015
"""Cells that a two-byte UTF-8 character can name (0x7FF - 32)."""


def encode_mouse(
    action: MouseAction,
    button: MouseButton,
    row: int,
    column: int,
    modes: MouseModes,
    *,
    shift: bool = False,
    alt: bool = False,
    ctrl: bool = False,
) -> bytes:
    """The bytes that xterm sends for an event at `row` and `column` (from 0).

    Empty where the modes don't ask for it, or where the encoding cannot say the place. For a
    move, `button` is the one that is held down, or NONE.
    """
    if not _is_asked_for(action, button, modes.mouse):
        return b""
    code = int(button)
    if modes.mouse is not MouseTracking.X10:
        code += _SHIFT * shift + _ALT * alt + _CTRL * ctrl
    if action is MouseAction.MOVE:
        code += _MOTION
    released = action is MouseAction.RELEASE
    return _ENCODERS[modes.mouse_encoding](code, released, row + 1, column + 1)


def _is_asked_for(action: MouseAction, button: MouseButton, tracking: MouseTracking) -> bool:
    if action is MouseAction.PRESS:
        return tracking is not MouseTracking.NONE
    if action is MouseAction.RELEASE:
        return tracking >= MouseTracking.CLICKS and button < MouseButton.WHEEL_UP
    if button is MouseButton.NONE:
        return tracking is MouseTracking.MOTION
    return tracking >= MouseTracking.DRAGS


def _encode_default(code: int, released: bool, row: int, column: int) -> bytes:
    if max(row, column) > _LARGEST_BYTE_COORDINATE:
        return b""
    return b"\x1b[M" + bytes((_released(code, released) + 32, column + 32, row + 32))


def _encode_utf8(code: int, released: bool, row: int, column: int) -> bytes:
    if max(row, column) > _LARGEST_UTF8_COORDINATE:
        return b""
    text = "".join(map(chr, (_released(code, released) + 32, column + 32, row + 32)))
    return b"\x1b[M" + text.encode()


def _encode_sgr(code: int, released: bool, row: int, column: int) -> bytes:
    return f"\x1b[<{code};{column};{row}{'m' if released else 'M'}".encode()


def _encode_urxvt(code: int, released: bool, row: int, column: int) -> bytes:
    return f"\x1b[{_released(code, released) + 32};{column};{row}M".encode()


def _released(code: int, released: bool) -> int:
    """Without an event of its own, a release is button 3, whichever button it was."""
    return code & ~3 | MouseButton.NONE if released else code


_ENCODERS = {
    MouseEncoding.DEFAULT: _encode_default,
    MouseEncoding.UTF8: _encode_utf8,
    MouseEncoding.SGR: _encode_sgr,
    MouseEncoding.URXVT: _encode_urxvt,
}
