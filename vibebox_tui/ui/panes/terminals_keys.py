"""Keys and mouse events as Textual names them, into what the emulator's tables take."""

from textual import events
from textual.keys import key_to_character

from vibebox_tui.emulator import Modes
from vibebox_tui.emulator.keys import encode_key
from vibebox_tui.emulator.mouse import MouseAction, MouseButton, encode_mouse

_BUTTONS = {1: MouseButton.LEFT, 2: MouseButton.MIDDLE, 3: MouseButton.RIGHT}

_WHEEL: dict[type[events.MouseEvent], MouseButton] = {
    events.MouseScrollUp: MouseButton.WHEEL_UP,
    events.MouseScrollDown: MouseButton.WHEEL_DOWN,
    events.MouseScrollLeft: MouseButton.WHEEL_LEFT,
    events.MouseScrollRight: MouseButton.WHEEL_RIGHT,
}

_ACTIONS: dict[type[events.MouseEvent], MouseAction] = {
    events.MouseDown: MouseAction.PRESS,
    events.MouseUp: MouseAction.RELEASE,
    events.MouseMove: MouseAction.MOVE,
}

_NAMED_BY_TEXTUAL = {
    "at": "@",
    "backslash": "\\",
    "minus": "-",
    "plus": "+",
    "slash": "/",
    "underscore": "_",
}
"""Characters whose keys have names other than Unicode's."""

_KEEP_THEIR_NAMES = frozenset({"space", "tab", "enter", "escape", "backspace", "delete"})
"""Keys that type a character but aren't meant as one."""


def key_bytes(key: str, character: str | None, modes: Modes) -> bytes:
    """What a key sends to the remote side."""
    prefix, _, base = key.rpartition("+")
    base = _character_of(base) or base
    return encode_key(f"{prefix}+{base}" if prefix else base, modes, character)


def mouse_bytes(event: events.MouseEvent, row: int, column: int, modes: Modes) -> bytes:
    """What a mouse event at a cell of the screen sends; nothing where it isn't asked for."""
    if (wheel := _WHEEL.get(type(event))) is not None:
        action, button = MouseAction.PRESS, wheel
    elif (known := _ACTIONS.get(type(event))) is not None:
        action, button = known, _BUTTONS.get(event.button, MouseButton.NONE)
    else:
        return b""
    return encode_mouse(
        action, button, row, column, modes, shift=event.shift, alt=event.meta, ctrl=event.ctrl
    )


def _character_of(name: str) -> str | None:
    """The printable character whose key has this name, None for a key that is none."""
    if len(name) == 1 or name in _KEEP_THEIR_NAMES:
        return None
    character = _NAMED_BY_TEXTUAL.get(name) or key_to_character(name)
    return character if character is not None and character.isprintable() else None
