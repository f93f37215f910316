"""Keys, pastes and focus go out as xterm encodes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.emulator import Emulator, Modes
from vibebox_tui.emulator.keys import encode_focus, encode_key, encode_paste


def modes(*sequences: str) -> Modes:
    """The modes of a terminal that has been sent these sequences."""
    emulator = Emulator(5, 20)
    emulator.feed("".join(sequences))
    return emulator.modes


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("a", b"a"),
        ("é", "é".encode()),
        ("enter", b"\r"),
        ("escape", b"\x1b"),
        ("tab", b"\t"),
        ("shift+tab", b"\x1b[Z"),
        ("backspace", b"\x7f"),
        ("ctrl+backspace", b"\b"),
        ("alt+backspace", b"\x1b\x7f"),
        ("space", b" "),
        ("ctrl+space", b"\x00"),
        ("ctrl+c", b"\x03"),
        ("ctrl+[", b"\x1b"),
        ("ctrl+_", b"\x1f"),
        ("alt+x", b"\x1bx"),
        ("alt+ctrl+x", b"\x1b\x18"),
        ("up", b"\x1b[A"),
        ("home", b"\x1b[H"),
        ("shift+up", b"\x1b[1;2A"),
        ("ctrl+right", b"\x1b[1;5C"),
        ("ctrl+shift+alt+left", b"\x1b[1;8D"),
        ("f1", b"\x1bOP"),
        ("shift+f1", b"\x1b[1;2P"),
        ("f5", b"\x1b[15~"),
        ("ctrl+f12", b"\x1b[24;5~"),
        ("delete", b"\x1b[3~"),
        ("alt+pageup", b"\x1b[5;3~"),
        ("kp_5", b"5"),
        ("unheard_of", b""),
    ],
)
def test_keys_are_encoded_as_xterm_does(key: str, sent: bytes) -> None:
    assert encode_key(key, modes()) == sent


@pytest.mark.parametrize(
    ("mode", "key", "sent"),
    [
        ("\x1b[?1h", "up", b"\x1bOA"),
        ("\x1b[?1h", "end", b"\x1bOF"),
        ("\x1b[?1h", "shift+up", b"\x1b[1;2A"),
        ("\x1b=", "kp_5", b"\x1bOu"),
        ("\x1b=", "kp_enter", b"\x1bOM"),
        ("\x1b[20h", "enter", b"\r\n"),
        ("\x1b[?67h", "backspace", b"\b"),
    ],
)
def test_modes_change_what_keys_send(mode: str, key: str, sent: bytes) -> None:
    assert encode_key(key, modes(mode)) == sent


def test_a_key_with_a_name_types_its_character() -> None:
    assert encode_key("exclamation_mark", modes(), "!") == b"!"
    assert encode_key("alt+exclamation_mark", modes(), "!") == b"\x1b!"


def test_lines_of_a_paste_end_in_carriage_returns() -> None:
    assert encode_paste("a\r\nb\nc", modes()) == b"a\rb\rc"


@given(st.lists(st.sampled_from(["\x1b[201~", "\x1b[2", "01~", "\x1b[200~", "rm -rf", "\n"])))
def test_a_bracketed_paste_cannot_end_early(parts: list[str]) -> None:
    sent = encode_paste("".join(parts), modes("\x1b[?2004h"))
    assert sent.startswith(b"\x1b[200~")
    assert sent.endswith(b"\x1b[201~")
    assert sent.count(b"\x1b[201~") == 1


def test_focus_is_told_by_its_own_sequences() -> None:
    assert (encode_focus(True), encode_focus(False)) == (b"\x1b[I", b"\x1b[O")
