"""The cursor's ways over the grid, within margins, as xterm has them.

Parameters are as they came: counts from 1, positions from 1, 0 or none for the default.
"""

from dataclasses import dataclass

from .drawing import Drawing
from .style import PLAIN, Style


@dataclass(frozen=True, slots=True)
class SavedCursor:
    """What DECSC saves and DECRC brings back."""

    x: int = 0
    y: int = 0
    pending: bool = False
    style: Style = PLAIN
    designated: tuple[str, ...] = ("B", "B", "B", "B")
    shifted: int = 0
    origin: bool = False


class Motion(Drawing):
    """A screen whose cursor is moved by sequences."""

    def reset_motion(self) -> None:
        self.saved = {True: SavedCursor(), False: SavedCursor()}
        """By whether it belongs to the alternate screen."""

    def cursor_up(self, count: int | None = None) -> None:
        cursor = self.cursor
        cursor.pending = False
        cursor.y = max(self.top if cursor.y >= self.top else 0, cursor.y - (count or 1))

    def cursor_down(self, count: int | None = None) -> None:
        cursor = self.cursor
        cursor.pending = False
        last = self.bottom if cursor.y <= self.bottom else self.lines - 1
        cursor.y = min(last, cursor.y + (count or 1))

    def cursor_forward(self, count: int | None = None) -> None:
        cursor = self.cursor
        cursor.pending = False
        last = self.right if cursor.x <= self.right else self.columns - 1
        cursor.x = min(last, cursor.x + (count or 1))

    def cursor_back(self, count: int | None = None) -> None:
        modes, cursor = self.modes, self.cursor
        if modes.autowrap and (modes.reverse_wrap or modes.extended_reverse_wrap):
            self._cursor_back_wrapping(count or 1)
        else:
            cursor.x = max(self.left if cursor.x >= self.left else 0, cursor.x - (count or 1))
        cursor.pending = False

    def backspace(self) -> None:
        self.cursor_back(1)

    def cursor_down1(self, count: int | None = None) -> None:
        """CNL."""
        self.cursor_down(count)
        self.carriage_return()

    def cursor_up1(self, count: int | None = None) -> None:
        """CPL."""
        self.cursor_up(count)
        self.carriage_return()

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        """CUP, HVP: to a place counted from the screen's corner, or the margins' in origin mode."""
        cursor = self.cursor
        cursor.pending = False
        y, x = (line or 1) - 1, (column or 1) - 1
        if self.modes.origin:
            cursor.y = min(y + self.top, self.bottom)
            cursor.x = min(x + self.left, self.right)
        else:
            cursor.y = y if y < self.lines else self.lines - 1
            cursor.x = x if x < self.columns else self.columns - 1

    def cursor_to_column(self, column: int | None = None) -> None:
        """CHA, HPA."""
        self.cursor_position(self._row_number(), column)

    def cursor_to_line(self, line: int | None = None) -> None:
        """VPA."""
        self.cursor_position(line, self._column_number())

    def cursor_right_by(self, count: int | None = None) -> None:
        """HPR."""
        self.cursor_to_column(self._column_number() + (count or 1))

    def cursor_down_by(self, count: int | None = None) -> None:
        """VPR."""
        self.cursor_to_line(self._row_number() + (count or 1))

    def forward_tab(self, count: int | None = None) -> None:
        """CHT."""
        self.tab(count or 1)

    def backward_tab(self, count: int | None = None) -> None:
        """CBT."""
        cursor = self.cursor
        first = self.left if self.modes.origin else 0
        stops = sorted((stop for stop in self.tabstops if stop < cursor.x), reverse=True)
        passed = stops[: count or 1]
        cursor.x = max(first, passed[-1] if len(passed) == (count or 1) else 0)
        cursor.pending = False

    def set_tab_stop(self) -> None:
        """HTS."""
        self.tabstops.add(self.cursor.x)

    def clear_tab_stop(self, how: int | None = None) -> None:
        """TBC."""
        if not how:
            self.tabstops.discard(self.cursor.x)
        elif how == 3:
            self.tabstops.clear()

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """DECSTBM."""
        first, last = (top or 1) - 1, min(bottom or self.lines, self.lines) - 1
        if first < last:
            self.top, self.bottom = first, last
            self.margins_changed()
            self.cursor_position()

    def set_left_right_margins(self, left: int = 1, right: int = 0) -> None:
        """DECSLRM."""
        first, last = (left or 1) - 1, min(right or self.columns, self.columns) - 1
        if first < last:
            self.left, self.right = first, last
            self.margins_changed()
            self.cursor_position()

    def save_cursor(self) -> None:
        """DECSC, SCOSC."""
        cursor = self.cursor
        self.saved[self.modes.alternate_screen] = SavedCursor(
            cursor.x,
            cursor.y,
            cursor.pending,
            self.style,
            tuple(self.designated),
            self.shifted,
            self.modes.origin,
        )

    def restore_cursor(self) -> None:
        """DECRC, SCORC."""
        saved, cursor = self.saved[self.modes.alternate_screen], self.cursor
        self.style = saved.style
        self.designated = list(saved.designated)
        self.shifted = saved.shifted
        self.modes.origin = saved.origin
        cursor.x = min(saved.x, self.columns - 1)
        cursor.y = min(saved.y, self.lines - 1)
        if saved.origin:
            cursor.x = max(self.left, min(cursor.x, self.right))
            cursor.y = max(self.top, min(cursor.y, self.bottom))
        cursor.pending = saved.pending and cursor.x == saved.x
        self.drawing_changed()

    def _row_number(self) -> int:
        return self.cursor.y + 1 - (self.top if self.modes.origin else 0)

    def _column_number(self) -> int:
        return self.cursor.x + 1 - (self.left if self.modes.origin else 0)

    def _cursor_back_wrapping(self, count: int) -> None:
        """Back over the left margin into the row above; only where that row wrapped into this
        one, or anywhere, and around the screen, with the extended mode."""
        cursor, everywhere = self.cursor, self.modes.extended_reverse_wrap
        left = self.left if cursor.x >= self.left else 0
        count = min(count, self.columns * self.lines)
        if cursor.pending:
            count -= 1
        while count > 0:
            count -= 1
            if cursor.x > left:
                cursor.x -= 1
                continue
            above = self.bottom if everywhere and cursor.y == self.top else cursor.y - 1
            if above < 0 or not (everywhere or self.rows[above].wrapped):
                return
            cursor.y, cursor.x = above, self.right
