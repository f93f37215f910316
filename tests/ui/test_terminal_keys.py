"""Keys and mouse events on their way from the user's terminal to the remote one."""

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from vibebox_tui.emulator import Emulator
from vibebox_tui.ui.panes.terminals_keys import key_bytes, mouse_bytes


@pytest.mark.parametrize(
    "sent",
    [
        *(chr(code).encode() for code in range(0x20, 0x7F)),
        *(bytes([code]) for code in range(0x1B) if code != 0x08),
        b"\x1c",
        b"\x1d",
        b"\x1e",
        b"\x1f",
        b"\x7f",
        b"\x1b[A",
        b"\x1b[Z",
        b"\x1b[1;5C",
        b"\x1b[3~",
        b"\x1bOP",
        b"\x1b[15~",
        b"\x1bx",
        b"\x1bX",
        "é".encode(),
        "日".encode(),
    ],
)
def test_what_the_users_terminal_sends_is_what_the_remote_one_gets(sent: bytes) -> None:
    modes = Emulator(24, 80).modes
    keys = _parsed(sent.decode())
    assert b"".join(key_bytes(key.key, key.character, modes) for key in keys) == sent


def test_cursor_keys_follow_the_remote_sides_mode() -> None:
    emulator = Emulator(24, 80)
    emulator.feed(b"\x1b[?1h")
    assert key_bytes("up", None, emulator.modes) == b"\x1bOA"


def test_mouse_events_go_out_where_they_are_asked_for() -> None:
    emulator = Emulator(24, 80)
    press = _mouse(events.MouseDown, button=1)
    assert mouse_bytes(press, 2, 4, emulator.modes) == b""
    emulator.feed(b"\x1b[?1000h\x1b[?1006h")
    assert mouse_bytes(press, 2, 4, emulator.modes) == b"\x1b[<0;5;3M"
    release = _mouse(events.MouseUp, button=1)
    assert mouse_bytes(release, 2, 4, emulator.modes) == b"\x1b[<0;5;3m"
    wheel = _mouse(events.MouseScrollUp, button=0)
    assert mouse_bytes(wheel, 2, 4, emulator.modes) == b"\x1b[<64;5;3M"


def _parsed(text: str) -> list[events.Key]:
    parser = XTermParser()
    messages = [*parser.feed(text), *parser.feed("")]
    return [message for message in messages if isinstance(message, events.Key)]


def _mouse(kind: type[events.MouseEvent], *, button: int) -> events.MouseEvent:
    return kind(None, 4, 2, 0, 0, button, False, False, False)
