"""The screen's cells: two buffers, margins, and what scrolls between them."""

from collections.abc import Iterator

import pyte

from .line import Line
from .modes import Modes
from .scrollback import Scrollback
from .style import PLAIN


class Caret(pyte.screens.Cursor):
    """Where text goes next. At the right margin it waits (`pending`) and wraps with the next
    character, as DEC's terminals do, not before."""

    __slots__ = ("pending",)

    def __init__(self) -> None:
        super().__init__(0, 0)
        self.pending = False


class Grid(pyte.Screen):
    """Lines, margins and scrolling: pyte's screen on lists of `Line`.

    pyte's sparse `buffer` and `dirty` set aren't kept; `rows` and `Line.changed` are their places.
    Rows and columns count from 0; `top`, `bottom`, `left` and `right` are the first and the last
    row and column within the margins.
    """

    cursor: Caret
    rows: list[Line]

    def __init__(self, columns: int, lines: int, scrollback_lines: int) -> None:
        self.scrollback = Scrollback(scrollback_lines)
        self.modes = Modes()
        self.everything_changed = True
        """Nothing drawn before holds any more, whatever the lines say."""
        super().__init__(columns, lines)

    def reset_grid(self) -> None:
        """Both buffers blank, no margins, the cursor at home."""
        self.cursor = Caret()
        self.style = PLAIN
        """The pen: how the next character will look."""
        self.guarded = False
        """Whether any cell may have been protected since the last reset."""
        self.primary = [Line() for _ in range(self.lines)]
        self.alternate = [Line() for _ in range(self.lines)]
        self.rows = self.primary
        self.prompt: Line | None = None
        """The line with the newest prompt: the command that ends next is that one's."""
        self.everything_changed = True
        self.reset_margins()

    def reset_margins(self) -> None:
        self.top, self.bottom = 0, self.lines - 1
        self.left, self.right = 0, self.columns - 1
        self.margins_changed()

    def margins_changed(self) -> None:
        """Work out what the hot paths ask about margins."""
        self.full_width = self.left == 0 and self.right == self.columns - 1
        self.keeps_scrollback = self.rows is self.primary and self.top == 0 and self.full_width
        self.whole_screen = self.full_width and self.top == 0 and self.bottom == self.lines - 1

    @property
    def display(self) -> list[str]:
        """The screen as text, a string per row; a wide character stands in it once."""
        columns = self.columns
        return [line.text + " " * (columns - line.covered) for line in self.rows]

    def line_at(self, row: int) -> Line:
        """A row of the screen, or (negative) of the scrollback, -1 the newest."""
        return self.rows[row] if row >= 0 else self.scrollback[row]

    def scroll_up(self, count: int, top: int | None = None, *, keep: bool = True) -> None:
        """Move what is between `top` (or the top margin) and the bottom margin up."""
        top = self.top if top is None else top
        count = min(count, self.bottom - top + 1)
        if not self.full_width:
            self._move_block(top, count)
            return
        rows, style, columns = self.rows, self.style.erased, self.columns
        for _ in range(count):
            line = rows.pop(top)
            if keep and top == 0 and self.keeps_scrollback:
                self.scrollback.push(line)
            rows.insert(self.bottom, Line() if style is PLAIN else Line.blank(columns, style))

    def scroll_up_far(self, count: int) -> None:
        """As `scroll_up` between the margins (full width) for any count: what is scrolled in is
        scrolled out again, into the scrollback too."""
        height, style = self.bottom - self.top + 1, self.style.erased
        if self.keeps_scrollback:
            count = min(count, height + self.scrollback.limit)
        else:
            count = min(count, height)
        self.replace_region([Line.blank(self.columns, style) for _ in range(count)])

    def replace_region(self, lines: list[Line]) -> None:
        """Let lines come in at the bottom margin (full width); as many leave at the top."""
        rows, top, end = self.rows, self.top, self.bottom + 1
        lines = rows[top:end] + lines
        stay = len(lines) - (end - top)
        rows[top:end] = lines[stay:]
        if self.keeps_scrollback:
            self.scrollback.extend(lines[:stay])

    def scroll_down(self, count: int, top: int | None = None) -> None:
        """Move what is between `top` (or the top margin) and the bottom margin down."""
        top = self.top if top is None else top
        count = min(count, self.bottom - top + 1)
        if not self.full_width:
            self._move_block(top, -count)
            return
        for _ in range(count):
            del self.rows[self.bottom]
            self.rows.insert(top, Line.blank(self.columns, self.style.erased))

    def opened(self, top: int, bottom: int) -> Iterator[Line]:
        """The rows from `top` to `bottom`, open and marked as changed."""
        for line in self.rows[top : bottom + 1]:
            line.open(self.columns)
            line.changed = True
            yield line

    def _move_block(self, top: int, count: int) -> None:
        """Move the cells between the left and right margins up by `count`, or down."""
        left, end = self.left, self.right + 1
        lines = list(self.opened(top, self.bottom))
        for line in lines:
            if line.wide:
                line.separate(left)
                line.separate(end)
        columns = self.columns
        blocks = [
            (line.open(columns)[left:end], line.styles[left:end], line.wide) for line in lines
        ]
        blank = [" "] * (end - left), [self.style.erased] * (end - left), False
        blanks = [blank] * abs(count)
        moved = blocks[count:] + blanks if count > 0 else blanks + blocks[: len(blocks) + count]
        for line, (cells, styles, wide) in zip(lines, moved, strict=True):
            line.open(columns)[left:end] = cells
            line.styles[left:end] = styles
            line.wide = line.wide or wide
