"""Text onto the grid: wrapping, inserting, character sets, clusters, line feeds and tabs."""

from .cells import (
    LONGEST_CLUSTER,
    any_overlong,
    cells_of,
    cells_of_words,
    clusters,
    code_points,
    columns_of,
    is_narrow,
    stands_apart,
    stretches,
)
from .charsets import ASCII, CHARSETS, Charset
from .grid import Grid
from .line import Line
from .style import PLAIN


class Drawing(Grid):
    """A grid that is written to at its cursor."""

    def reset_drawing(self) -> None:
        self.designated: list[str] = ["B", "B", "B", "B"]
        """Final bytes of what is designated as G0 to G3."""
        self.shifted = 0
        """Which of G0 to G3 is in use."""
        self.single_shift: int | None = None
        self.last_drawn = ""
        """Ends in the character that REP repeats."""
        self.tabstops = set(range(8, self.columns, 8))
        self.drawing_changed()

    def drawing_changed(self) -> None:
        """Work out what the hot path asks: whether text may be laid down as it is."""
        self.charset_in_use = CHARSETS[self.designated[self.shifted]]
        self.draws_plainly = (
            not self.modes.insert
            and self.single_shift is None
            and self.charset_in_use is ASCII
            and self.full_width
        )

    def margins_changed(self) -> None:
        super().margins_changed()
        if hasattr(self, "designated"):
            self.drawing_changed()

    def draw(self, data: str) -> None:
        """Write printable text at the cursor with the pen."""
        self.last_drawn = data
        cursor = self.cursor
        x = cursor.x
        end = x + len(data)
        if (
            not self.draws_plainly
            or cursor.pending
            or end > self.columns
            or not (data.isascii() or is_narrow(data))
        ):
            self._draw_with_care(data)
            return
        line, style = self.rows[cursor.y], self.style
        cells = line.cells
        if cells is None:
            if x == line.length and line.lengths is None:
                runs = line.runs
                if runs and runs[-1][1] is style:
                    data = runs.pop()[0] + data
                runs.append((data, style))
                line.length = end
            else:
                line.put(x, data, style, self.columns)
        elif line.wide:
            line.put(x, data, style, self.columns)
        elif end - x == 1:
            cells[x] = data
            line.styles[x] = style
        else:
            cells[x:end] = data
            line.styles[x:end] = [style] * (end - x)
        line.changed = True
        if end < self.columns:
            cursor.x = end
        else:
            cursor.x = end - 1
            cursor.pending = True

    def draw_lines(self, texts: list[str]) -> None:
        """Draw lines of printable ASCII, each with a CR LF behind it; the cursor is at the left."""
        below = self.bottom - self.cursor.y
        first = len(texts)
        if below >= 0 and self.draws_plainly and self.style.erased is PLAIN:
            first = below + 1  # from then on the cursor is in a bottom row that is blank
        for text in texts[:first]:
            if text:
                self.draw(text)
            self.new_line()
        self._draw_at_the_bottom(texts[first:])

    def repeat(self, count: int | None = None) -> None:
        """REP: draw the last character again, `count` times."""
        if self.last_drawn:
            self.draw(self.last_drawn[-1] * min(count or 1, self.columns * self.lines))

    def linefeed(self) -> None:
        """LF, VT, FF."""
        self.index()
        if self.modes.newline:
            self.carriage_return()

    def index(self) -> None:
        """Move down a row; at the bottom margin scroll instead."""
        cursor = self.cursor
        cursor.pending = False
        y = cursor.y
        if y != self.bottom:
            if y < self.lines - 1:
                cursor.y = y + 1
        elif self.full_width and self.style.erased is PLAIN:
            rows = self.rows
            line = rows.pop(self.top)
            rows.insert(y, self.scrollback.push(line) if self.keeps_scrollback else Line())
        elif self.full_width or self.left <= cursor.x <= self.right:
            self.scroll_up(1)

    def reverse_index(self) -> None:
        """Move up a row; at the top margin scroll instead."""
        cursor = self.cursor
        cursor.pending = False
        if cursor.y != self.top:
            cursor.y = max(0, cursor.y - 1)
        elif self.full_width or self.left <= cursor.x <= self.right:
            self.scroll_down(1)

    def carriage_return(self) -> None:
        cursor = self.cursor
        cursor.pending = False
        cursor.x = self.left if self.modes.origin or cursor.x >= self.left else 0

    def next_line(self) -> None:
        """NEL."""
        self.index()
        self.carriage_return()

    def new_line(self) -> None:
        """CR LF."""
        cursor = self.cursor
        cursor.x = self.left if self.modes.origin or cursor.x >= self.left else 0
        self.index()

    def new_lines(self, count: int) -> None:
        """CR LF, some times."""
        self.carriage_return()
        self.line_feeds(count)

    def line_feeds(self, count: int) -> None:
        """LF, some times."""
        cursor = self.cursor
        cursor.pending = False
        below = self.bottom - cursor.y
        if below < 0 or count <= below or not self.full_width or self.modes.newline:
            for _ in range(count):
                self.linefeed()
        else:
            cursor.y = self.bottom
            self.scroll_up_far(count - below)

    def tab(self, count: int = 1) -> None:
        """HT, CHT: to the next tab stop, or to the last column that text may use."""
        cursor = self.cursor
        if cursor.pending and self.modes.more_fix:
            self._wrap()
        last = self.right if cursor.x <= self.right else self.columns - 1
        for _ in range(min(count, self.columns)):
            cursor.x = min((stop for stop in self.tabstops if stop > cursor.x), default=last)
            cursor.x = min(cursor.x, last)

    def designate(self, number: int, code: str) -> None:
        """SCS: have the set of final byte `code` as one of G0 to G3. ncurses says with each plain
        pen that G0 is ASCII."""
        if self.designated[number] != code and code in CHARSETS:
            self.designated[number] = code
            self.drawing_changed()

    def shift(self, number: int) -> None:
        """Make G0 to G3 the set in use, until the next shift."""
        self.shifted = number
        self.drawing_changed()

    def shift_once(self, number: int) -> None:
        """SS2, SS3: take the next character from G2 or G3."""
        self.single_shift = number
        self.drawing_changed()

    def shift_out(self) -> None:
        self.shift(1)

    def shift_in(self) -> None:
        self.shift(0)

    def _draw_at_the_bottom(self, texts: list[str]) -> None:
        """Draw lines from the left of the blank bottom row on."""
        style, columns = self.style, self.columns
        if len(texts) > self.bottom - self.top and max(map(len, texts)) < columns:
            self._pass_through(texts)
            return
        lines: list[Line] = []
        for text in texts:
            count = len(text)
            if count >= columns:
                self._scroll_in(lines)
                lines.clear()
                self.draw(text)
                self.new_line()
                continue
            line = Line()
            if count:
                line.runs.append((text, style))
                line.length = count
                self.last_drawn = text
            lines.append(line)
        self._scroll_in(lines)

    def _pass_through(self, texts: list[str]) -> None:
        """Let more lines come in above the blank bottom row than have room there: most of them
        leave at the top as soon."""
        rows, top, bottom, style = self.rows, self.top, self.bottom, self.style
        through = len(texts) - (bottom - top)
        if self.keeps_scrollback:
            self.scrollback.extend(rows[top:bottom])
            self.scrollback.extend_texts(texts[:through], style)
        rows[top:bottom] = [
            Line.of_runs([(text, style)] if text else []) for text in texts[through:]
        ]
        self.last_drawn = next(filter(None, reversed(texts)), self.last_drawn)

    def _scroll_in(self, lines: list[Line]) -> None:
        """Let written lines come in above the blank bottom row."""
        if lines:
            bottom = self.rows.pop(self.bottom)
            self.rows.insert(self.bottom, lines[0])
            self.replace_region([*lines[1:], bottom])

    def _draw_with_care(self, data: str) -> None:
        if self.single_shift is not None:
            shifted, data = data[0], data[1:]
            charset = CHARSETS[self.designated[self.single_shift]]
            self.single_shift = None
            self._draw_translated(shifted, charset)
            self.drawing_changed()
        self._draw_translated(data, self.charset_in_use)

    def _draw_translated(self, data: str, charset: Charset) -> None:
        if charset:
            data = data.translate(charset)
        if is_narrow(data):
            self._place(data)
            return
        found = self._remembered_cells(data)
        if found is not None:
            self._place(found)
            return
        cells: list[str] = []
        for stretch, joins in stretches(data):
            if joins:
                self._join(cells, str(stretch))
            else:
                cells += stretch
        self._place(cells)

    def _remembered_cells(self, text: str) -> list[str] | None:
        """The cells of text whose words are known, where what stands before can't matter."""
        cursor, modes = self.cursor, self.modes
        if not modes.grapheme_clusters or not modes.autowrap or self.left == self.right:
            return None
        if (cursor.x or cursor.pending) and not stands_apart(text):
            return None
        return cells_of_words(text)

    def _join(self, cells: list[str], text: str) -> None:
        """Add the clusters of `text` to cells that are to be placed; the first one may belong to
        the last of them, or to what stands before the cursor."""
        if not self.modes.autowrap or self.left == self.right:
            self._join_one_by_one(cells, text)  # not every cell may find a place
            return
        before = (cells[-1] or cells[-2]) if cells else self._cell_before()
        split = clusters if self.modes.grapheme_clusters else code_points
        extended, others = split(before, text)
        if len(extended) > len(before):
            self._extend_last(cells, before, extended)
        added = cells_of(others)
        if any_overlong(others):
            self._join_one_by_one(cells, "".join(others))
        else:
            cells += added

    def _join_one_by_one(self, cells: list[str], text: str) -> None:
        """Place the cells, then the code points of `text`, each as if it came by itself."""
        self._place(cells)
        cells.clear()
        split = clusters if self.modes.grapheme_clusters else code_points
        for character in text:
            before = self._cell_before()
            extended, others = split(before, character)
            if others:
                self._place(cells_of(others))
            elif before:
                self._extend(extended, len(before))

    def _extend_last(self, cells: list[str], before: str, cluster: str) -> None:
        """Let the last cell, which is to be placed or stands before the cursor, be `cluster`."""
        if cells and columns_of(cluster) == columns_of(before) and len(cluster) <= LONGEST_CLUSTER:
            cells[-1 if cells[-1] else -2] = cluster
        else:
            self._place(cells)
            cells.clear()
            self._extend(cluster, len(before))

    def _cell_before(self) -> str:
        """The cluster that the cursor stands behind, or nothing at the left edge."""
        cursor = self.cursor
        x = cursor.x if cursor.pending else cursor.x - 1
        return self.rows[cursor.y].cell(x, self.columns) if x >= 0 else ""

    def _extend(self, cluster: str, length: int) -> None:
        """Let the cell before the cursor, `length` code points now, hold `cluster`; that may
        take a second column."""
        cluster = cluster[: max(length, LONGEST_CLUSTER)]
        cursor, line = self.cursor, self.rows[self.cursor.y]
        cells = line.open(self.columns)
        x = cursor.x if cursor.pending else cursor.x - 1
        was_wide = not cells[x]
        x -= was_wide
        line.wide = line.changed = True
        if columns_of(cluster) == 1 or was_wide:
            cells[x] = cluster
        elif not cursor.pending:
            self._widen(line, x, cluster)
        elif self.modes.autowrap and self.limit() - self.left >= 2:
            self._move_to_next_row(line, x, cluster)

    def _widen(self, line: Line, x: int, cluster: str) -> None:
        """Give a cluster the column of the cursor as its second one."""
        cursor, style, limit = self.cursor, line.styles[x], self.limit()
        if self.modes.insert:
            line.insert(cursor.x, 1, limit, style, self.columns)
        line.put(cursor.x, " ", style, self.columns)
        line.open(self.columns)[x : x + 2] = [cluster, ""]
        self._advance(cursor.x + 1, limit)

    def _move_to_next_row(self, line: Line, x: int, cluster: str) -> None:
        """A cluster in the last column has become wide: as if it had been so from the start."""
        style, pen = line.styles[x], self.style
        line.open(self.columns)[x] = " "
        self.style = style
        self._place([cluster, ""])
        self.style = pen

    def _place(self, cells: str | list[str]) -> None:
        """Write cells from the cursor on, over as many rows as it takes."""
        cursor, count, start = self.cursor, len(cells), 0
        while start < count:
            if cursor.pending and self.modes.autowrap:
                self._wrap()
            x, limit = cursor.x, self.limit()
            end = min(count, start + limit - x)
            if end < count and not cells[end]:
                end -= 1
            if end > start:
                self._put(cells[start:end])
            if end < count and not self.modes.autowrap:
                self._overwrite(cells[end:])
                return
            if end < count and not cursor.pending:
                end += self._leave_column(limit)
            start = end

    def _put(self, cells: str | list[str]) -> None:
        """Write cells that fit where the cursor is, and move it behind them."""
        cursor, columns = self.cursor, self.columns
        x, limit, line = cursor.x, self.limit(), self.rows[cursor.y]
        if self.modes.insert:
            line.insert(x, len(cells), limit, self.style.erased, columns)
        line.put(x, cells, self.style, columns)
        self._advance(x + len(cells), limit)

    def _leave_column(self, limit: int) -> int:
        """Leave the last column blank, for a wide character that goes to the next row; where
        that has no room either, it is dropped. Cells that this has used up."""
        if limit - self.left < 2:
            return 2
        self._put(" ")
        return 0

    def _overwrite(self, cells: str | list[str]) -> None:
        """Without autowrap: the last column takes what has one column, one after the other."""
        if isinstance(cells, str):
            self._put(cells[-1])
            return
        for cell, right in zip(cells, [*cells[1:], " "], strict=True):
            if cell and right:
                self._put([cell])

    def limit(self) -> int:
        """The column that text from the cursor on cannot reach."""
        return self.right + 1 if self.cursor.x <= self.right else self.columns

    def _advance(self, x: int, limit: int) -> None:
        cursor = self.cursor
        if x >= limit:
            cursor.x = limit - 1
            cursor.pending = True
        else:
            cursor.x = x

    def _wrap(self) -> None:
        cursor = self.cursor
        self.rows[cursor.y].wrapped = True
        self.index()
        cursor.x = self.left
