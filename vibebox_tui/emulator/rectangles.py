"""DEC's rectangular area operations (VT420 manual, chapter 9).

A rectangle comes as top, left, bottom, right, from 1, the origin where origin mode has it; a
bottom or right of 0 is the last one. One that is empty, or outside, does nothing.
"""

from .editing import Editing
from .line import Line
from .style import Attributes, Style

Area = tuple[int, int, int, int]
"""Top, left, end row and end column of a rectangle: from 0, the ends excluded."""


class Rectangles(Editing):
    """A screen with rectangles."""

    def reset_rectangles(self) -> None:
        self.attribute_extent = 0
        """DECSACE: with 2, DECCARA and DECRARA change a rectangle, else from corner to corner."""

    def erase_rectangle(self, *corners: int) -> None:
        """DECERA."""
        self._fill(self._area(corners), " ", self.style.erased, self._spared(False))

    def erase_rectangle_selectively(self, *corners: int) -> None:
        """DECSERA."""
        self._fill(self._area(corners), " ", None, Attributes.PROTECTED)

    def fill_rectangle(self, code: int = 0, *corners: int) -> None:
        """DECFRA."""
        if 32 <= code <= 126 or 160 <= code <= 255:
            self._fill(self._area(corners), chr(code), self.style, 0)

    def copy_rectangle(self, *numbers: int) -> None:
        """DECCRA: top, left, bottom, right, page, then top, left and page of the target."""
        corners = [*numbers, *[0] * 8][:8]
        top, left, end_row, end_column = self._area(tuple(corners[:4]))
        target_top, target_left, *_ = self._area((corners[5], corners[6], 0, 0))
        end_column = min(end_column, left + self._last_column() - target_left)
        copies = [self._copied(line, left, end_column) for line in self.rows[top:end_row]]
        targets = self.rows[target_top : self._last_row()]
        for line, (cells, styles) in zip(targets, copies, strict=False):
            if cells:
                self._opened(line).put(target_left, cells, styles[0], self.columns)
                line.styles[target_left : target_left + len(styles)] = styles

    def change_attributes(self, *numbers: int) -> None:
        """DECCARA: set or reset bold, underline, blink, reverse."""
        self._change(numbers, _CHANGES)

    def reverse_attributes(self, *numbers: int) -> None:
        """DECRARA: turn the same ones over."""
        self._change(numbers, _REVERSALS)

    def select_attribute_extent(self, extent: int = 0) -> None:
        """DECSACE."""
        self.attribute_extent = extent

    def _fill(self, area: Area, character: str, style: Style | None, spared: int) -> None:
        """Put a character into the cells that aren't `spared`, in `style` or their own."""
        top, left, end_row, end_column = area
        for line in self.rows[top:end_row]:
            self._opened(line)
            for column in range(left, end_column):
                present = line.styles[column]
                if not present.attributes & spared:
                    line.put(column, character, style or present, self.columns)

    def _copied(self, line: Line, left: int, end: int) -> tuple[list[str], list[Style]]:
        """A stretch of a line; of a wide character that it would cut, blanks."""
        source = line.open(self.columns)
        cells, styles = source[left:end], line.styles[left:end]
        if cells and not cells[0]:
            cells[0] = " "
        if cells and end < len(source) and not source[end]:
            cells[-1] = " "
        return cells, styles

    def _change(self, numbers: tuple[int, ...], table: dict[int, tuple[int, int, int]]) -> None:
        area, changes = self._area(numbers[:4]), numbers[4:] or (0,)
        top, left, end_row, end_column = area
        for row in range(top, end_row):
            line = self._opened(self.rows[row])
            first, end = left, end_column
            if self.attribute_extent != 2:
                first = left if row == top else 0
                end = end_column if row == end_row - 1 else self.columns
            for column in range(first, end):
                line.styles[column] = _changed(line.styles[column], changes, table)

    def _area(self, corners: tuple[int, ...]) -> Area:
        top, left, bottom, right = [*corners, 0, 0, 0, 0][:4]
        above, before = (self.top, self.left) if self.modes.origin else (0, 0)
        end_row = above + bottom if bottom else self._last_row()
        end_column = before + right if right else self._last_column()
        return (
            above + max(top, 1) - 1,
            before + max(left, 1) - 1,
            min(end_row, self._last_row()),
            min(end_column, self._last_column()),
        )

    def _last_row(self) -> int:
        return self.bottom + 1 if self.modes.origin else self.lines

    def _last_column(self) -> int:
        return self.right + 1 if self.modes.origin else self.columns

    def _opened(self, line: Line) -> Line:
        line.open(self.columns)
        line.changed = True
        return line


_ALL = Attributes.BOLD | Attributes.BLINK | Attributes.REVERSE

_CHANGES: dict[int, tuple[int, int, int]] = {
    0: (~_ALL, 0, 0),
    1: (~0, Attributes.BOLD, -1),
    4: (~0, 0, 1),
    5: (~0, Attributes.BLINK, -1),
    7: (~0, Attributes.REVERSE, -1),
    22: (~Attributes.BOLD, 0, -1),
    24: (~0, 0, 0),
    25: (~Attributes.BLINK, 0, -1),
    27: (~Attributes.REVERSE, 0, -1),
}
"""By parameter: attributes kept, attributes turned over when missing, underline (-1: as it is)."""

_REVERSALS: dict[int, tuple[int, int, int]] = {
    0: (~0, _ALL, 2),
    1: (~0, Attributes.BOLD, -1),
    4: (~0, 0, 2),
    5: (~0, Attributes.BLINK, -1),
    7: (~0, Attributes.REVERSE, -1),
}
"""As above for DECRARA: attributes turned over; underline 2 means turned over too."""


def _changed(
    style: Style, changes: tuple[int, ...], table: dict[int, tuple[int, int, int]]
) -> Style:
    attributes, underline = style.attributes, style.underline
    for change in changes:
        if change not in table:
            continue
        kept, touched, line = table[change]
        attributes &= kept
        attributes = attributes ^ touched if table is _REVERSALS else attributes | touched
        if line >= 0:
            underline = int(not underline) if line == 2 else line
    return style.replaced(attributes=attributes, underline=underline)
