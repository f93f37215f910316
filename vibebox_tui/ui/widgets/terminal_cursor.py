"""A terminal's cursor as it is drawn: its shape, and whether it can be seen just now."""

from collections.abc import Callable
from time import monotonic

from rich.style import Style as RichStyle

from vibebox_tui.emulator import Cursor, CursorShape
from vibebox_tui.ui.widgets.terminal_paint import Mark

BLINK_SECONDS = 0.5
"""Seconds that a blinking cursor is seen, and then isn't."""

STEADY_AFTER = 10.0
"""Seconds without a change after which it blinks no more: nobody types, and every blink is a write
to the user's terminal."""

_UNDERLINED = RichStyle(underline=True)
_DOUBLY_UNDERLINED = RichStyle(underline2=True)


class Blinking:
    """Whether a cursor is lit; its owner says when a period is over and when something moved."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._moved_at = clock()
        self.is_lit = True

    def moved(self) -> None:
        """The cursor is somewhere else, or there was output: it is seen from now on."""
        self._moved_at = self._clock()
        self.is_lit = True

    def pass_period(self, *, blinks: bool) -> bool:
        """A period is over; whether the cursor looks different now. It stays lit unless it
        `blinks`, right after it moved, and when it hasn't for long."""
        still = self._clock() - self._moved_at
        was_lit = self.is_lit
        self.is_lit = not blinks or not BLINK_SECONDS <= still < STEADY_AFTER or not was_lit
        return self.is_lit is not was_lit


def cursor_mark(cursor: Cursor, *, bar: str, over: RichStyle) -> Mark:
    """The mark of a cursor in its row, as DECSCUSR wants it.

    `bar` is what a bar looks like on a blank cell; where there is a character, which a bar can't
    stand beside, the cell looks like `over`.
    """
    column = cursor.column
    match cursor.shape:
        case CursorShape.UNDERLINE:
            return Mark(column, column + 1, _UNDERLINED, underlined=_DOUBLY_UNDERLINED)
        case CursorShape.BAR:
            return Mark(column, column + 1, over, blank=bar)
        case _:
            return Mark(column, column + 1)
