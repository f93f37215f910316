"""Erasing, inserting and deleting at the cursor, with protected cells spared."""

from .line import Line
from .motion import Motion
from .style import Attributes, Style


class Editing(Motion):
    """A screen that is edited by sequences."""

    def erase_in_display(self, how: int = 0, private: bool = False, **_: object) -> None:
        """ED (0 from the cursor, 1 up to it, 2 all, 3 the scrollback), DECSED where private."""
        y, bits = self.cursor.y, self._spared(private)
        if how == 0:
            self.erase_in_line(0, private)
            self._erase_rows(y + 1, self.lines, bits)
        elif how == 1:
            self.erase_in_line(1, private)
            self._erase_rows(0, y, bits)
        elif how == 2:
            self._erase_rows(0, self.lines, bits)
        elif how == 3 and not private:
            self.scrollback.clear()
            self.everything_changed = True

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        """EL (0 from the cursor, 1 up to it, 2 all), DECSEL where private."""
        x, line = self.cursor.x, self.rows[self.cursor.y]
        if how == 0:
            line.wrapped = False
            self._erase(line, x, self.columns, self._spared(private))
        elif how == 1:
            self._erase(line, 0, x + 1, self._spared(private))
        elif how == 2:
            line.wrapped = False
            self._erase(line, 0, self.columns, self._spared(private))
        self.cursor.pending = False

    def erase_characters(self, count: int | None = None) -> None:
        """ECH."""
        cursor = self.cursor
        end = min(cursor.x + (count or 1), self.columns)
        self._erase(self.rows[cursor.y], cursor.x, end, self._spared(False))
        cursor.pending = False

    def insert_characters(self, count: int | None = None) -> None:
        """ICH."""
        cursor = self.cursor
        cursor.pending = False
        if self._within_columns():
            line, end = self.rows[cursor.y], self.right + 1
            line.insert(cursor.x, count or 1, end, self.style.erased, self.columns)

    def delete_characters(self, count: int | None = None) -> None:
        """DCH."""
        cursor = self.cursor
        cursor.pending = False
        if self._within_columns():
            line, end = self.rows[cursor.y], self.right + 1
            line.delete(cursor.x, count or 1, end, self.style.erased, self.columns)

    def insert_lines(self, count: int | None = None) -> None:
        """IL."""
        if self._within_margins():
            self.scroll_down(count or 1, self.cursor.y)
            self.carriage_return()

    def delete_lines(self, count: int | None = None) -> None:
        """DL; what goes is gone, not scrolled back."""
        if self._within_margins():
            self.scroll_up(count or 1, self.cursor.y, keep=False)
            self.carriage_return()

    def scroll_display_up(self, count: int | None = None) -> None:
        """SU."""
        self.scroll_up(count or 1)

    def scroll_display_down(self, count: int | None = None) -> None:
        """SD."""
        self.scroll_down(count or 1)

    def insert_columns(self, count: int | None = None) -> None:
        """DECIC."""
        if self._within_margins():
            self._shift_columns(self.cursor.x, count or 1)

    def delete_columns(self, count: int | None = None) -> None:
        """DECDC."""
        if self._within_margins():
            self._shift_columns(self.cursor.x, -(count or 1))

    def forward_index(self) -> None:
        """DECFI: a column right; at the right margin the columns move left instead."""
        cursor = self.cursor
        if cursor.x != self.right:
            cursor.x = min(cursor.x + 1, self.columns - 1)
        elif self.top <= cursor.y <= self.bottom:
            self._shift_columns(self.left, -1)
        cursor.pending = False

    def back_index(self) -> None:
        """DECBI: a column left; at the left margin the columns move right instead."""
        cursor = self.cursor
        if cursor.x != self.left:
            cursor.x = max(cursor.x - 1, 0)
        elif self.top <= cursor.y <= self.bottom:
            self._shift_columns(self.left, 1)
        cursor.pending = False

    def alignment_display(self) -> None:
        """DECALN: the screen full of E, no margins, the cursor at home."""
        self.modes.origin = False
        self.reset_margins()
        self.cursor_position()
        for line in self.rows:
            line.wrapped = False
            line.put(0, "E" * self.columns, self.style.erased, self.columns)

    def start_protecting(self, attribute: int) -> None:
        """DECSCA 1, SPA: cells written from now on are spared by erasing."""
        self.guarded = True
        self.style = self.style.replaced(attributes=self.style.attributes | attribute)

    def stop_protecting(self, attribute: int) -> None:
        """DECSCA 0 and 2, EPA."""
        self.style = self.style.replaced(attributes=self.style.attributes & ~attribute)

    def start_guarding(self) -> None:
        """SPA."""
        self.start_protecting(Attributes.GUARDED)

    def stop_guarding(self) -> None:
        """EPA."""
        self.stop_protecting(Attributes.GUARDED)

    def erase_selectively_in_display(self, how: int = 0) -> None:
        """DECSED."""
        self.erase_in_display(how, private=True)

    def erase_selectively_in_line(self, how: int = 0) -> None:
        """DECSEL."""
        self.erase_in_line(how, private=True)

    def select_protection(self, how: int = 0) -> None:
        """DECSCA."""
        if how == 1:
            self.start_protecting(Attributes.PROTECTED)
        elif how in (0, 2):
            self.stop_protecting(Attributes.PROTECTED)

    def _erase_rows(self, first: int, end: int, spared: int) -> None:
        if spared:
            for line in self.rows[first:end]:
                self._erase(line, 0, self.columns, spared)
            return
        columns, style = self.columns, self.style.erased
        for y in range(first, end):
            self.rows[y] = Line.blank(columns, style)

    def _erase(self, line: Line, x: int, end: int, spared: int) -> None:
        if not spared:
            line.erase(x, end, self.style.erased, self.columns)
            return
        blank = self.style.erased
        line.open(self.columns)
        for column in range(x, end):
            if not line.styles[column].attributes & spared:
                line.put(column, " ", blank, self.columns)

    def _spared(self, selective: bool) -> int:
        """The attributes that protect a cell from this kind of erasing; 0 where none can."""
        if not self.guarded:
            return 0
        spared = Attributes.PROTECTED | Attributes.GUARDED if selective else Attributes.GUARDED
        return int(spared)

    def _shift_columns(self, x: int, count: int) -> None:
        """Move what is right of `x` within the margins right by `count`, or left."""
        style: Style = self.style.erased
        for line in self.rows[self.top : self.bottom + 1]:
            shift = line.insert if count > 0 else line.delete
            shift(x, abs(count), self.right + 1, style, self.columns)

    def _within_columns(self) -> bool:
        return self.left <= self.cursor.x <= self.right

    def _within_margins(self) -> bool:
        return self.top <= self.cursor.y <= self.bottom and self._within_columns()
