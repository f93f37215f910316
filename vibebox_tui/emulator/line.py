"""One line of cells, in one of two forms.

Closed, a line is the list of its runs, as text arrives and as the scrollback keeps it: to append
to it, to cut it short or to scroll it away touches no cell. Open, it is two parallel lists, one
string and one style per column: what is written into the middle is a slice assignment. A line
opens when something needs its cells and closes when it leaves the screen.

A cell's string is one grapheme cluster; a wide character's right half is the empty string.
"""

from itertools import accumulate, pairwise
from typing import TypeVar

from .style import PLAIN, Style

_T = TypeVar("_T")

Run = tuple[str, Style]
"""Text whose cells all have one style; a wide character is in it once."""


class Line:
    """A line; where it ends, blanks in `PLAIN` follow."""

    __slots__ = (
        "cells",
        "changed",
        "exit_status",
        "length",
        "lengths",
        "mark",
        "runs",
        "styles",
        "wide",
        "wrapped",
    )

    cells: list[str] | None
    """The columns' clusters while the line is open, as many as the screen has columns."""
    styles: list[Style]
    """The columns' styles; meaningful while the line is open."""
    wide: bool
    """Whether `cells` may hold halves of wide characters; meaningful while the line is open."""
    runs: list[Run]
    """The content while the line is closed."""
    length: int
    """Columns that `runs` cover."""
    lengths: bytes | None
    """Code points in each column of `runs`, unless that is one everywhere."""
    changed: bool
    """Written to since somebody last looked."""
    wrapped: bool
    """The text goes on in the next line: the right margin, not the remote side, broke it."""
    mark: str
    """The shell's mark on this line (OSC 133: A prompt, B command, C output, D end), or empty."""
    exit_status: int | None
    """What the command of the prompt on this line ended with, as far as the shell has said."""

    def __init__(self) -> None:
        self.cells = None
        self.runs = []
        self.length = 0
        self.lengths = None
        self.changed = True
        self.wrapped = False
        self.mark = ""
        self.exit_status = None

    @classmethod
    def blank(cls, columns: int, style: Style) -> "Line":
        """A line of erased cells."""
        line = cls()
        if style is not PLAIN:
            line.runs.append((" " * columns, style))
            line.length = columns
        return line

    @classmethod
    def of_cells(cls, cells: list[str], styles: list[Style]) -> "Line":
        """A closed line of these columns."""
        line = cls()
        line.cells, line.styles, line.wide = cells, styles, True
        line.close()
        return line

    @classmethod
    def of_runs(cls, runs: list[Run]) -> "Line":
        """A closed line of these runs, each character of which takes one column."""
        line = cls()
        line.runs = runs
        line.length = sum([len(text) for text, _ in runs])
        return line

    def open(self, columns: int) -> list[str]:
        """Make the line open, `columns` wide, and return its cells."""
        cells = self.cells
        if cells is None:
            cells = self._spread()
            self.styles = [style for count, style in self._column_runs() for _ in range(count)]
            _fit(cells, " ", columns)
            _fit(self.styles, PLAIN, columns)
            self.cells = cells
            self.wide = self.lengths is not None
            self.lengths = None
            self.runs = []
        return cells

    def close(self) -> None:
        """Make the line closed; trailing blanks in `PLAIN` are left off."""
        if self.cells is None:
            return
        self.runs, self.length, self.lengths = self._collected(self.cells)
        self.cells = None
        self.styles = []

    def collected_runs(self) -> list[Run]:
        """The runs of the line in whichever form it is; not to be changed."""
        if self.cells is None:
            return self.runs
        return self._collected(self.cells)[0]

    def content_length(self) -> int:
        """Columns up to the last that is not a blank in `PLAIN`."""
        if self.cells is None:
            runs = self.runs
            if runs and runs[-1][1] is PLAIN and runs[-1][0].endswith(" "):
                trailing = len(runs[-1][0]) - len(runs[-1][0].rstrip(" "))
                return self.length - trailing
            return self.length
        length = len(self.cells)
        while length and self.styles[length - 1] is PLAIN and self.cells[length - 1] == " ":
            length -= 1
        return length

    @property
    def text(self) -> str:
        """What stands in the line, a wide character once; trailing blanks may be missing."""
        if self.cells is None:
            runs = self.runs
            return runs[0][0] if len(runs) == 1 else "".join([text for text, _ in runs])
        return "".join(self.cells)

    @property
    def covered(self) -> int:
        """Columns that `text` stands for."""
        return self.length if self.cells is None else len(self.cells)

    def put(self, x: int, cells: str | list[str], style: Style, columns: int) -> None:
        """Write cells at column `x`; they fit. A string has one character for each column."""
        end = x + len(cells)
        self.changed = True
        if self.cells is None and self._put_closed(x, cells, style):
            return
        target = self.open(columns)
        if self.wide:
            self.separate(x)
            self.separate(end)
        elif not isinstance(cells, str):
            self.wide = True
        target[x:end] = cells
        self.styles[x:end] = [style] * (end - x)

    def present_cells(self) -> list[str]:
        """The cells of the line in whichever form it is; not to be changed."""
        return self._spread() if self.cells is None else self.cells

    def cell(self, x: int, columns: int) -> str:
        """The cluster in column `x`, or whose right half is there."""
        if self.cells is None and x == self.length - 1 and self.runs[-1][0]:
            points = 1 if self.lengths is None else self.lengths[x] or self.lengths[x - 1]
            return self.runs[-1][0][-points:]
        cells = self.open(columns)
        return cells[x] or cells[x - 1]

    def separate(self, x: int) -> None:
        """Blank both halves of a wide character that reaches from column x - 1 into x (open)."""
        cells = self.cells
        assert cells is not None
        if 0 < x < len(cells) and not cells[x]:
            cells[x - 1] = cells[x] = " "

    def erase(self, x: int, end: int, style: Style, columns: int) -> None:
        """Blank the columns from `x` up to `end`."""
        self.changed = True
        if self.cells is None:
            if end >= columns:
                self.cut(x)
                if style is not PLAIN:
                    self.pad(x)
                    self._append(" " * (columns - x), style)
                return
            if x >= self.length and style is PLAIN:
                return
        self.put(x, " " * (end - x), style, columns)

    def insert(self, x: int, count: int, end: int, style: Style, columns: int) -> None:
        """Blank `count` columns at `x` and move what stood there right, up to column `end`."""
        cells = self.open(columns)
        count = min(count, end - x)
        self._separate_ends(x, end - count, end)
        cells[x:end] = [" "] * count + cells[x : end - count]
        self.styles[x:end] = [style] * count + self.styles[x : end - count]
        self.changed = True

    def delete(self, x: int, count: int, end: int, style: Style, columns: int) -> None:
        """Take `count` columns out at `x`, move left what follows up to `end`, blank the rest."""
        cells = self.open(columns)
        count = min(count, end - x)
        self._separate_ends(x, x + count, end)
        cells[x:end] = cells[x + count : end] + [" "] * count
        self.styles[x:end] = self.styles[x + count : end] + [style] * count
        self.changed = True

    def fit(self, columns: int) -> None:
        """Cut to a new width, or fill up to it."""
        if self.cells is None:
            if self.length <= columns:
                return
            self.open(self.length)
        cells = self.open(columns)
        if columns < len(cells):
            self.separate(columns)
        _fit(cells, " ", columns)
        _fit(self.styles, PLAIN, columns)
        self.changed = True

    def cut(self, x: int) -> None:
        """Drop the columns from `x` on (closed)."""
        if self.length <= x:
            return
        if x == 0:
            self.runs = []
            self.length = 0
            self.lengths = None
            return
        if self.lengths is not None:
            self._cut_complex(x)
            return
        runs, length = self.runs, self.length
        while length > x:
            text, style = runs.pop()
            length -= len(text)
        if length < x:
            runs.append((text[: x - length], style))
        self.length = x

    def pad(self, x: int) -> None:
        """Fill up with blanks to column `x` (closed)."""
        gap = x - self.length
        if gap > 0:
            self._append(" " * gap, PLAIN)

    def _put_closed(self, x: int, cells: str | list[str], style: Style) -> bool:
        """Write into the closed line where that needs no cells: at its end, or over all of it."""
        end = x + len(cells)
        if x < self.length:
            if end < self.length or (x and self.lengths is not None):
                return False
            self.cut(x)
        self.pad(x)
        self._append(cells, style)
        return True

    def _append(self, cells: str | list[str], style: Style) -> None:
        """Write at the end of the closed line."""
        if isinstance(cells, str):
            text = cells
            if self.lengths is not None:
                self.lengths += b"\x01" * len(text)
        else:
            text = "".join(cells)
            self.lengths = (self.lengths or b"\x01" * self.length) + bytes(map(len, cells))
        self.length += len(cells)
        runs = self.runs
        if runs and runs[-1][1] is style:
            text = runs.pop()[0] + text
        runs.append((text, style))

    def _spread(self) -> list[str]:
        """The closed line's cells."""
        text = self.text
        if self.lengths is None:
            return list(text)
        ends = accumulate(self.lengths, initial=0)
        return [text[start:end] for start, end in pairwise(ends)]

    def _column_runs(self) -> list[tuple[int, Style]]:
        """Columns and style of each run."""
        if self.lengths is None:
            return [(len(text), style) for text, style in self.runs]
        result, column, lengths = [], 0, self.lengths
        for text, style in self.runs:
            start, points = column, len(text)
            while points > 0:
                points -= lengths[column]
                column += 1
            while column < len(lengths) and not lengths[column]:
                column += 1
            result.append((column - start, style))
        return result

    def _collected(self, cells: list[str]) -> tuple[list[Run], int, bytes | None]:
        styles = self.styles
        length = self.content_length()
        if not length:
            return [], 0, None
        first = styles[0]
        if styles.count(first) == len(styles):
            text = "".join(cells) if length == len(cells) else "".join(cells[:length])
            runs = [(text, first)]
        else:
            runs = list(_runs(cells, styles, length))
        if not self.wide:
            return runs, length, None
        lengths = bytes(map(len, cells[:length]))
        return runs, length, None if lengths == b"\x01" * length else lengths

    def _separate_ends(self, *columns: int) -> None:
        if self.wide:
            for x in columns:
                self.separate(x)

    def _cut_complex(self, x: int) -> None:
        width = self.length
        cells = self.open(width)
        self.separate(x)
        del cells[x:], self.styles[x:]
        self.close()
        self.pad(x)


def _runs(cells: list[str], styles: list[Style], length: int) -> list[Run]:
    runs, start, style = [], 0, styles[0]
    for column in range(1, length):
        if styles[column] is not style:
            runs.append(("".join(cells[start:column]), style))
            start, style = column, styles[column]
    runs.append(("".join(cells[start:length]), style))
    return runs


def _fit(items: list[_T], filler: _T, count: int) -> None:
    if len(items) > count:
        del items[count:]
    elif len(items) < count:
        items.extend([filler] * (count - len(items)))
