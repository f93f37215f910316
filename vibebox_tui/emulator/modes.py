"""What the remote side has switched on: terminal modes, as a view that others read."""

from enum import IntEnum, StrEnum


class CursorShape(StrEnum):
    """DECSCUSR's three shapes."""

    BLOCK = "block"
    UNDERLINE = "underline"
    BAR = "bar"


class MouseTracking(IntEnum):
    """Which mouse events the remote side asked for; the value is the mode's number."""

    NONE = 0
    X10 = 9
    """Presses only, without modifiers."""
    CLICKS = 1000
    DRAGS = 1002
    MOTION = 1003


class MouseEncoding(IntEnum):
    """How mouse events are written; the value is the mode's number, 0 the default bytes."""

    DEFAULT = 0
    UTF8 = 1005
    SGR = 1006
    URXVT = 1015
