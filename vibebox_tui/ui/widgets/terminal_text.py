"""The text of an emulator, screen and scrollback, by lines that keep their numbers."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import split_graphemes

from vibebox_tui.emulator import Emulator, Run


class Cell(NamedTuple):
    """A place in a terminal's text: a line as `TerminalText` numbers it, a column from 0."""

    line: int
    column: int


class TerminalText:
    """What an emulator shows and keeps, by line numbers that stay while lines scroll.

    Line 0 is the oldest that there was at the start; `first` to `last` are those that there are
    now. A resize lets text flow anew, so that numbers from before it mean nothing after it.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.scrolled = emulator.scrollback_length
        """The number of the screen's row 0: how many lines have left it."""

    @property
    def first(self) -> int:
        return self.scrolled - self.emulator.scrollback_length

    @property
    def last(self) -> int:
        return self.scrolled + self.emulator.rows - 1

    @property
    def columns(self) -> int:
        return self.emulator.columns

    def has(self, line: int) -> bool:
        """Whether there is such a line (still, or already)."""
        return self.first <= line <= self.last

    def runs(self, line: int) -> Sequence[Run]:
        """The line as the emulator has it; nothing where there is no such line."""
        return self.emulator.runs(line - self.scrolled) if self.has(line) else ()

    def cells(self, line: int) -> list[str]:
        """The line by columns, as far as there is something in it: a character with what
        combines with it, or an empty string for the right half of a wide one."""
        text = "".join(text for text, _ in self.runs(line))
        return cells_of(text if self.is_wrapped(line) else text.rstrip())

    def is_wrapped(self, line: int) -> bool:
        """Whether the text of `line` goes on in the next one."""
        return self.has(line) and self.emulator.is_wrapped(line - self.scrolled)

    def prompts(self) -> list[int]:
        """The lines on which a shell's prompt begins, as far as the shell says so (OSC 133)."""
        marks, start = self.emulator.marks, self.scrolled
        return [line for line in range(self.first, self.last + 1) if "A" in marks(line - start)]

    def link_at(self, cell: Cell) -> str:
        """The address of the hyperlink (OSC 8) that a cell belongs to, or an empty string."""
        column = 0
        for text, style in self.runs(cell.line):
            column += len(cells_of(text))
            if cell.column < column:
                return style.link
        return ""

    def paragraphs(self, around: int | None = None) -> Iterator[tuple[list[Cell], str]]:
        """Lines, wrapped ones joined: the text, and the cell of each of its characters.

        All there are, or the one that the line `around` belongs to.
        """
        line = self.first if around is None else around
        while line <= self.last:
            rows = self.paragraph(line)
            yield self._joined(rows)
            if around is not None:
                return
            line = rows.stop

    def paragraph(self, line: int) -> range:
        """The lines of which `line` is one because the text of each goes on in the next one."""
        start = end = line
        while self.is_wrapped(start - 1):
            start -= 1
        while self.is_wrapped(end) and end < self.last:
            end += 1
        return range(start, end + 1)

    def _joined(self, lines: range) -> tuple[list[Cell], str]:
        places: list[Cell] = []
        parts: list[str] = []
        for line in lines:
            for column, text in enumerate(self.cells(line)):
                parts.append(text)
                places.extend([Cell(line, column)] * len(text))
        return places, "".join(parts)

    def between(self, start: Cell, end: Cell) -> str:
        """The text from `start` to `end`, both inclusive; wrapped lines come as one."""
        parts = []
        for line in range(max(start.line, self.first), min(end.line, self.last) + 1):
            cells = self.cells(line)
            begin = start.column if line == start.line else 0
            stop = end.column + 1 if line == end.line else len(cells)
            parts.append("".join(cells[begin:stop]))
            if line < end.line and not self.is_wrapped(line):
                parts.append("\n")
        return "".join(parts)


def cells_of(text: str) -> list[str]:
    """`text` by columns: a character with what combines with it, then an empty string for each
    further column that it takes."""
    if text.isascii():
        return list(text)
    cells = []
    for start, end, width in split_graphemes(text)[0]:
        if width:
            cells.append(text[start:end])
            cells.extend([""] * (width - 1))
    return cells
