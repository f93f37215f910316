"""Keys as xterm sends them: a key's name and the modes in force become bytes.

A name is the key with its modifiers before it, joined by `+`: `a`, `ctrl+c`, `alt+x`,
`shift+tab`, `ctrl+shift+up`, `f5`. Modifiers are `shift`, `alt`, `ctrl`, `meta` in any order.
Source: xterm's ctlseqs, "PC-Style Function Keys" and "Alt and Meta Keys".
"""

from typing import Protocol


class KeyModes(Protocol):
    """The modes that decide how keys and pastes are written; an emulator's `modes` has them."""

    @property
    def application_cursor(self) -> bool: ...
    @property
    def application_keypad(self) -> bool: ...
    @property
    def bracketed_paste(self) -> bool: ...
    @property
    def newline(self) -> bool: ...
    @property
    def backarrow_sends_backspace(self) -> bool: ...


_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4, "meta": 8}

_CURSOR_KEYS = {
    "up": "A",
    "down": "B",
    "right": "C",
    "left": "D",
    "home": "H",
    "end": "F",
}
"""Final byte of `CSI X`, or `SS3 X` while DECCKM is set."""

_SS3_KEYS = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
"""Final byte of `SS3 X`; with modifiers `CSI 1 ; m X`."""

_TILDE_KEYS = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    "f5": 15,
    "f6": 17,
    "f7": 18,
    "f8": 19,
    "f9": 20,
    "f10": 21,
    "f11": 23,
    "f12": 24,
    "f13": 25,
    "f14": 26,
    "f15": 28,
    "f16": 29,
    "f17": 31,
    "f18": 32,
    "f19": 33,
    "f20": 34,
}
"""Number of `CSI n ~`; with modifiers `CSI n ; m ~`."""

_PLAIN_KEYS = {
    "tab": "\t",
    "escape": "\x1b",
    "space": " ",
    "return": "\r",
}

_CONTROL_CHARACTERS = {
    **{chr(letter): chr(letter & 31) for letter in range(ord("a"), ord("z") + 1)},
    **{chr(letter): chr(letter & 31) for letter in range(ord("@"), ord("_") + 1)},
    " ": "\x00",
    "2": "\x00",
    "3": "\x1b",
    "4": "\x1c",
    "5": "\x1d",
    "6": "\x1e",
    "7": "\x1f",
    "8": "\x7f",
    "/": "\x1f",
    "?": "\x7f",
    "`": "\x00",
    "~": "\x1e",
}
"""What Ctrl makes of a character, as xterm and the VT220 keyboard do; others stay as they are."""

_KEYPAD_KEYS = {
    "kp_0": "p",
    "kp_1": "q",
    "kp_2": "r",
    "kp_3": "s",
    "kp_4": "t",
    "kp_5": "u",
    "kp_6": "v",
    "kp_7": "w",
    "kp_8": "x",
    "kp_9": "y",
    "kp_multiply": "j",
    "kp_add": "k",
    "kp_separator": "l",
    "kp_subtract": "m",
    "kp_decimal": "n",
    "kp_divide": "o",
    "kp_equal": "X",
    "kp_enter": "M",
}
"""Final byte of `SS3 X` while DECKPAM is set; otherwise the key is its character."""

_KEYPAD_CHARACTERS = {
    **{f"kp_{digit}": str(digit) for digit in range(10)},
    "kp_multiply": "*",
    "kp_add": "+",
    "kp_separator": ",",
    "kp_subtract": "-",
    "kp_decimal": ".",
    "kp_divide": "/",
    "kp_equal": "=",
    "kp_enter": "\r",
}

_PASTE_START, _PASTE_END = "\x1b[200~", "\x1b[201~"


def encode_key(key: str, modes: KeyModes, character: str | None = None) -> bytes:
    """The bytes that xterm sends for `key`; empty for a key that sends nothing.

    `character` is what the key types where its name is not that character itself
    (`exclamation_mark` with `!`).
    """
    *names, base = _split(key)
    modifiers = sum(_MODIFIERS.get(name, 0) for name in set(names))
    special = _special_key(base, modifiers, modes)
    if special is not None:
        return special.encode()
    typed = base if len(base) == 1 else _printable(character)
    if not typed:
        return b""
    if modifiers & _MODIFIERS["ctrl"]:
        typed = _CONTROL_CHARACTERS.get(typed, typed)
    elif modifiers & _MODIFIERS["shift"] and len(base) == 1:
        typed = typed.upper()
    return _with_alt(typed, modifiers).encode("utf-8", "replace")


def encode_paste(text: str, modes: KeyModes) -> bytes:
    """Pasted text as the remote side is to get it: lines end in CR, and where it asked for
    brackets they are there, and neither of them can be within the text."""
    text = text.replace("\r\n", "\r").replace("\n", "\r")
    if not modes.bracketed_paste:
        return text.encode("utf-8", "replace")
    inner = _without_markers(text)
    return f"{_PASTE_START}{inner}{_PASTE_END}".encode("utf-8", "replace")


def encode_focus(focused: bool) -> bytes:
    """The report of focus gained or lost, for who has set mode 1004."""
    return b"\x1b[I" if focused else b"\x1b[O"


def _split(key: str) -> list[str]:
    if key.endswith("+"):
        return [*filter(None, key[:-1].split("+")), "+"]
    return key.split("+")


def _special_key(base: str, modifiers: int, modes: KeyModes) -> str | None:
    """What a key that has a name sends, or None for one that types a character."""
    if final := _CURSOR_KEYS.get(base):
        if modifiers:
            return f"\x1b[1;{modifiers + 1}{final}"
        return f"\x1bO{final}" if modes.application_cursor else f"\x1b[{final}"
    if final := _SS3_KEYS.get(base):
        return f"\x1b[1;{modifiers + 1}{final}" if modifiers else f"\x1bO{final}"
    if number := _TILDE_KEYS.get(base):
        return f"\x1b[{number};{modifiers + 1}~" if modifiers else f"\x1b[{number}~"
    if base in _KEYPAD_KEYS:
        if modes.application_keypad:
            return f"\x1bO{_KEYPAD_KEYS[base]}"
        return _with_alt(_KEYPAD_CHARACTERS[base], modifiers)
    return _editing_key(base, modifiers, modes)


def _editing_key(base: str, modifiers: int, modes: KeyModes) -> str | None:
    ctrl, shift = modifiers & _MODIFIERS["ctrl"], modifiers & _MODIFIERS["shift"]
    if base == "backspace":
        backspace = modes.backarrow_sends_backspace != bool(ctrl)
        return _with_alt("\b" if backspace else "\x7f", modifiers)
    if base == "tab" and shift:
        return "\x1b[Z"
    if base in ("enter", "return"):
        return _with_alt("\r\n" if modes.newline else "\r", modifiers)
    if base == "space" and ctrl:
        return _with_alt("\x00", modifiers)
    if base in _PLAIN_KEYS:
        return _with_alt(_PLAIN_KEYS[base], modifiers)
    return None


def _with_alt(text: str, modifiers: int) -> str:
    return f"\x1b{text}" if modifiers & (_MODIFIERS["alt"] | _MODIFIERS["meta"]) else text


def _printable(character: str | None) -> str:
    return character if character and character.isprintable() else ""


def _without_markers(text: str) -> str:
    """`text` without the bracket markers, also those that taking one out would put together."""
    while _PASTE_END in text or _PASTE_START in text:
        text = text.replace(_PASTE_END, "").replace(_PASTE_START, "")
    return text
