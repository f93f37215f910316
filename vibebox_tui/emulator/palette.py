"""The colours behind the palette's numbers, as far as the remote side has changed them.

Source: xterm's ctlseqs (OSC 4, 10 to 19, 104, 110 to 119), XParseColor for what names a colour.
"""

import re
from collections.abc import Iterable

RGB = tuple[int, int, int]
"""Red, green and blue, 16 bits each."""

FOREGROUND, BACKGROUND, CURSOR = 10, 11, 12
"""The dynamic colours by the number of the OSC that sets them."""

_LAST_DYNAMIC = 19

_DYNAMIC_DEFAULTS: dict[int, RGB] = {
    10: (0xE5E5, 0xE5E5, 0xE5E5),
    11: (0, 0, 0),
    12: (0xE5E5, 0xE5E5, 0xE5E5),
    13: (0, 0, 0),
    14: (0xFFFF, 0xFFFF, 0xFFFF),
    15: (0, 0, 0),
    16: (0xFFFF, 0xFFFF, 0xFFFF),
    17: (0x3A3A, 0x3A3A, 0x3A3A),
    18: (0, 0, 0),
    19: (0xE5E5, 0xE5E5, 0xE5E5),
}

_SYSTEM_COLOURS = (
    *("000000", "cd0000", "00cd00", "cdcd00", "0000ee", "cd00cd", "00cdcd", "e5e5e5"),
    *("7f7f7f", "ff0000", "00ff00", "ffff00", "5c5cff", "ff00ff", "00ffff", "ffffff"),
)
"""xterm's first sixteen."""

_CUBE_LEVELS = (0, 95, 135, 175, 215, 255)

_SPECIAL_COLOURS = 5
"""Colours for bold, underline, blink, reverse and italic (OSC 5), after the palette's 256."""


class Palette:
    """Colours by number: 0 to 255, the five special ones after them, and the dynamic ones."""

    def __init__(self) -> None:
        self.changed: dict[int, RGB] = {}
        """Palette entries that aren't the default."""
        self.dynamic: dict[int, RGB] = {}
        """Dynamic colours that aren't the default."""

    def colour(self, index: int) -> RGB:
        return self.changed.get(index) or _default(index)

    def dynamic_colour(self, number: int) -> RGB:
        return self.dynamic.get(number) or _DYNAMIC_DEFAULTS[number]

    def set(self, index: int, colour: RGB) -> None:
        self.changed[index] = colour

    def reset(self, index: int | None = None) -> None:
        """Make an entry the default again, or all of the palette."""
        if index is None:
            self.changed = {key: value for key, value in self.changed.items() if key > 255}
        else:
            self.changed.pop(index, None)

    def reset_special(self) -> None:
        self.changed = {key: value for key, value in self.changed.items() if key <= 255}

    def set_dynamic(self, number: int, colour: RGB) -> None:
        self.dynamic[number] = colour

    def reset_dynamic(self, number: int) -> None:
        self.dynamic.pop(number, None)


def is_palette_index(index: int) -> bool:
    return 0 <= index < 256 + _SPECIAL_COLOURS


def is_dynamic_colour(number: int) -> bool:
    return FOREGROUND <= number <= _LAST_DYNAMIC


def parse_colour(text: str) -> RGB | None:
    """The colour that `#rgb` to `#rrrrggggbbbb`, `rgb:r/g/b`, `rgbi:r/g/b` or a name says."""
    if match := re.fullmatch("#([0-9a-fA-F]{3,12})", text):
        digits = match[1]
        if len(digits) % 3:
            return None
        size = len(digits) // 3
        parts = (digits[i : i + size].ljust(2, "0")[:2] for i in range(0, 3 * size, size))
        return _rgb(int(part, 16) * 257 for part in parts)
    if match := re.fullmatch("rgb:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})", text):
        return _rgb(
            round(int(part, 16) * 0xFFFF / (16 ** len(part) - 1)) for part in match.groups()
        )
    if match := re.fullmatch(r"rgbi:([\d.]{1,9})/([\d.]{1,9})/([\d.]{1,9})", text):
        try:
            intensities = [float(part) for part in match.groups()]
        except ValueError:
            return None
        return _rgb(round(part * 0xFFFF) for part in intensities) if max(intensities) <= 1 else None
    return _NAMES.get(text.replace(" ", "").lower())


def colour_specification(colour: RGB, digits: int = 4) -> str:
    """`colour` as replies have it: `rgb:rrrr/gggg/bbbb`."""
    return "rgb:" + "/".join(f"{part:04x}"[:digits] for part in colour)


def _rgb(parts: Iterable[int]) -> RGB:
    red, green, blue = parts
    return red, green, blue


def _default(index: int) -> RGB:
    if index < 16:
        code = _SYSTEM_COLOURS[index]
        return _rgb(int(code[i : i + 2], 16) * 257 for i in (0, 2, 4))
    if index < 232:
        cube = index - 16
        return _rgb(_CUBE_LEVELS[cube // power % 6] * 257 for power in (36, 6, 1))
    if index < 256:
        grey = (8 + 10 * (index - 232)) * 257
        return grey, grey, grey
    return _DYNAMIC_DEFAULTS[FOREGROUND]


_NAMES: dict[str, RGB] = {
    name: _rgb(int(code[i : i + 2], 16) * 257 for i in (0, 2, 4))
    for name, code in {
        "black": "000000",
        "red": "ff0000",
        "green": "00ff00",
        "yellow": "ffff00",
        "blue": "0000ff",
        "magenta": "ff00ff",
        "cyan": "00ffff",
        "white": "ffffff",
        "gray": "bebebe",
        "grey": "bebebe",
        "orange": "ffa500",
        "brown": "a52a2a",
        "pink": "ffc0cb",
        "purple": "a020f0",
    }.items()
}
"""X11's names that programs use."""
