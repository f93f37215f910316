"""Which rows of which lines are on the screen: scrolling, following and the cursor, as arithmetic.

The place is kept as a line and not as a row number, so lines that come, go or are filtered above
it move nothing, and lines may have any number of rows without all of them being measured.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from vibebox_tui.logs.view import View

NEAR_ROWS: Final = 200
"""Lines above or below the screen that are few: a person who holds a key is there in seconds."""


class ScreenRow(NamedTuple):
    """One row of the screen: a line by its position in the log, and which of its rows it is."""

    position: int
    part: int


class Viewport:
    """A window of `height` rows on a view; `rows_of` says how many rows a line has (at least 1).

    It follows the end, or is paused: then it stays where it is until it is told to move. The
    cursor is on a line that is on the screen; while following, on the newest.
    """

    def __init__(self, view: View, rows_of: Callable[[int], int]) -> None:
        self.view = view
        self.rows_of = rows_of
        self.height = 0
        self.following = True
        self._top = ScreenRow(0, 0)
        self._cursor = 0
        self._paused_at = 0
        self._blank = 0
        """Rows that may stay empty below the last line: paused before the screen was full."""

    # --- what is on the screen -------------------------------------------------------------

    def rows(self) -> list[ScreenRow]:
        """The rows on the screen from the top down, at most `height`."""
        if self.following:
            return self._rows_up_to(len(self.view) - 1)
        rows = self._rows_from(self._top)
        if len(rows) < max(1, self.height - self._blank) and len(self.view):
            rows = self._rows_up_to(len(self.view) - 1)
            if rows and self.view.is_complete:
                self._top = rows[0]
        self._blank = min(self._blank, self.height - len(rows))
        return rows

    @property
    def cursor(self) -> int | None:
        """The position of the line that the cursor is on; None where there is no line."""
        if not len(self.view):
            return None
        last = len(self.view) - 1
        row = last if self.following else min(self.view.row(self._cursor), last)
        return self.view.position(row)

    @property
    def place(self) -> int:
        """The position that the cursor is kept at, whether or not there is a line yet."""
        return self._cursor

    @property
    def top_row(self) -> int:
        """The row of the view at the top of the screen."""
        rows = self.rows()
        return self.view.row(rows[0].position) if rows else 0

    @property
    def is_at_start(self) -> bool:
        """Whether the first line of the view is on the screen."""
        rows = self.rows()
        return not rows or (rows[0].part == 0 and self.view.row(rows[0].position) == 0)

    @property
    def is_near_start(self) -> bool:
        """Whether there are few lines above the screen."""
        return self.top_row < NEAR_ROWS

    @property
    def is_near_end(self) -> bool:
        """Whether there are few lines below the screen."""
        rows = self.rows()
        last = self.view.row(rows[-1].position) if rows else 0
        return len(self.view) - last <= NEAR_ROWS

    @property
    def new_lines(self) -> int:
        """How many lines of the view have come since it was paused.

        Of those that came and were dropped again it counts all only where every line is shown.
        """
        if self.following:
            return 0
        if self.view.sieve.passes_all:
            return max(0, self.view.ring.end - self._paused_at)
        return max(0, len(self.view) - self.view.row(self._paused_at))

    # --- moving ----------------------------------------------------------------------------

    def pause(self) -> None:
        """Stay here, whatever comes."""
        if not self.following:
            return
        rows = self.rows()
        self._top = rows[0] if rows else ScreenRow(self.view.ring.first, 0)
        self._cursor = rows[-1].position if rows else self.view.ring.first
        self._paused_at = self.view.ring.end
        self._blank = self.height - len(rows)
        self.following = False

    def count_anew(self) -> None:
        """What has come until now isn't new: it was there before, and has only been fetched."""
        self._paused_at = self.view.ring.end

    def shift(self, to: Callable[[int], int]) -> None:
        """Lines were put between others: `to` says where each stands now; nothing moves.

        What was put in while paused counts as new, wherever it stands.
        """
        self._top = ScreenRow(to(self._top.position), self._top.part)
        self._cursor = to(self._cursor)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True

    def scroll(self, rows: int) -> None:
        """Move the window by so many rows, down if positive; the cursor stays on the screen."""
        if self.following and rows >= 0:
            return
        self.pause()
        self._top = self._shifted(self._top, rows)
        shown = self.rows()
        if shown and not shown[0].position <= self._cursor <= shown[-1].position:
            self._cursor = (shown[0] if rows > 0 else shown[-1]).position

    def move(self, lines: int) -> None:
        """Move the cursor by so many lines, down if positive, and the window with it."""
        if self.following and lines >= 0:
            return
        self.pause()
        row = self.view.row(self._cursor) + lines
        self._go_to_row(row)

    def go_to(self, position: int, *, centred: bool = True) -> None:
        """Put the cursor on a line, and where that isn't on the screen, bring it there."""
        self.pause()
        self._cursor = position
        if position in {row.position for row in self.rows()}:
            self._reveal(position)
        elif centred:
            self._top = self._shifted(ScreenRow(position, 0), -(self.height // 3))
        else:
            self._top = self._shifted(ScreenRow(position, 0), 0)

    def fill(self) -> None:
        """Have no row stay empty that there is a line for."""
        self._blank = 0

    def go_to_start(self) -> None:
        """Put the cursor on the first line."""
        self.pause()
        self._go_to_row(0)

    # ---------------------------------------------------------------------------------------

    def _go_to_row(self, row: int) -> None:
        if not len(self.view):
            return
        self._cursor = self.view.position(min(max(row, 0), len(self.view) - 1))
        self._reveal(self._cursor)

    def _reveal(self, position: int) -> None:
        """Move the window as little as needed for all of a line to be in it, or its beginning."""
        rows = self.rows()
        shown = sum(row.position == position for row in rows)
        if rows and (position < rows[0].position or rows[0] == (position, rows[0].part)):
            self._top = ScreenRow(position, 0)
        elif shown < min(self.rows_of(position), self.height):
            rows = self._rows_up_to(self.view.row(position))
            self._top = rows[0] if rows else ScreenRow(position, 0)

    def _shifted(self, top: ScreenRow, rows: int) -> ScreenRow:
        """The row that is so many rows below `top`, or above; never past the last screenful."""
        row = self.view.row(top.position)
        part = top.part + rows
        while part < 0 and row > 0:
            row -= 1
            part += self.rows_of(self.view.position(row))
        part = max(part, 0)
        while row < len(self.view):
            own = self.rows_of(self.view.position(row))
            if part < own:
                break
            part -= own
            row += 1
        return self._at_most_last(row, part)

    def _at_most_last(self, row: int, part: int) -> ScreenRow:
        last = self._rows_up_to(len(self.view) - 1)
        if not last:
            return ScreenRow(self.view.ring.first, 0)
        limit = self.view.row(last[0].position)
        if (row, part) >= (limit, last[0].part):
            return last[0]
        return ScreenRow(self.view.position(row), part)

    def _rows_from(self, top: ScreenRow) -> list[ScreenRow]:
        rows: list[ScreenRow] = []
        row = self.view.row(top.position)
        skipped = top.part
        while row < len(self.view) and len(rows) < self.height:
            position = self.view.position(row)
            own = self.rows_of(position)
            first = min(skipped, own - 1) if position == top.position else 0
            rows.extend(ScreenRow(position, part) for part in range(first, own))
            row += 1
        return rows[: self.height]

    def _rows_up_to(self, row: int) -> list[ScreenRow]:
        """The rows of a screenful that ends with the line in `row`."""
        rows: list[ScreenRow] = []
        while row >= 0 and len(rows) < self.height:
            position = self.view.position(row)
            rows.extend(
                ScreenRow(position, part) for part in reversed(range(self.rows_of(position)))
            )
            row -= 1
        return rows[: self.height][::-1]
