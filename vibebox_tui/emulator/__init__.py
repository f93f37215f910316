"""The terminal: bytes in, cells out. It knows neither Textual nor asyncio."""

from .changes import Changes
from .emulator import Cursor, Emulator
from .line import Run
from .modes import CursorShape, Modes, MouseEncoding, MouseTracking
from .style import DEFAULT_COLOUR, PLAIN, TRUE_COLOUR, Attributes, Style, colour_triplet
from .system import Copied

__all__ = [
    "DEFAULT_COLOUR",
    "PLAIN",
    "TRUE_COLOUR",
    "Attributes",
    "Changes",
    "Copied",
    "Cursor",
    "CursorShape",
    "Emulator",
    "Modes",
    "MouseEncoding",
    "MouseTracking",
    "Run",
    "Style",
    "colour_triplet",
]
