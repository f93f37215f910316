"""Copy mode: a cursor of one's own in a terminal's text, moved and extended as in vi."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from vibebox_tui.ui.widgets.terminal_text import Cell, TerminalText


class Span(NamedTuple):
    """The first and the last cell of what is selected, in the order of the text."""

    start: Cell
    end: Cell


class Wish(Enum):
    """What a key asks for that copy mode can't do by itself."""

    LEAVE = "leave copy mode"
    COPY = "copy what is selected, and leave"
    OPEN = "open the link under the cursor"
    SEARCH = "ask for something to search for, towards the end"
    SEARCH_BACK = "ask for something to search for, towards the start"
    NEXT = "the next hit in the direction of the search"
    PREVIOUS = "the next hit against it"
    PROMPT_BEFORE = "the prompt before"
    PROMPT_AFTER = "the next prompt"


_WISHES = {
    "q": Wish.LEAVE,
    "escape": Wish.LEAVE,
    "ctrl+c": Wish.LEAVE,
    "y": Wish.COPY,
    "enter": Wish.COPY,
    "o": Wish.OPEN,
    "slash": Wish.SEARCH,
    "question_mark": Wish.SEARCH_BACK,
    "n": Wish.NEXT,
    "N": Wish.PREVIOUS,
    "left_curly_bracket": Wish.PROMPT_BEFORE,
    "right_curly_bracket": Wish.PROMPT_AFTER,
}


COPY_KEYS = (
    ("h j k l", "left, down, up, right; arrows too"),
    ("w b e", "next word, word before, end of a word"),
    ("0 ^ $", "start of the row, its first character, its end"),
    ("g G", "oldest line, newest line"),
    ("^d ^u", "half a page down, up"),
    ("^f ^b", "a page down, up; PgDn and PgUp too"),
    ("/ ?", "search towards the end, towards the start"),
    ("n N", "next hit, the one before"),
    ("{ }", "prompt before, next prompt"),
    ("v V", "select characters, lines"),
    ("y Enter", "copy and leave; without a selection the link"),
    ("o", "open the link"),
    ("q Esc", "select no more; leave"),
)
"""Copy mode's keys, each with what it does, for the help."""


@dataclass(frozen=True, slots=True)
class Selection:
    """From `anchor` to wherever the point is: by characters, or by whole lines, each with all the
    rows that it takes."""

    anchor: Cell
    by_line: bool = False


class CopyMode:
    """A point in `text` and what is selected from it; `page` is how many rows one sees at once."""

    def __init__(self, text: TerminalText, point: Cell, *, page: int) -> None:
        self.text = text
        self.point = point
        self.selection: Selection | None = None
        self._page = page
        self._moves: Mapping[str, Callable[[], Cell]] = {
            "h": lambda: self._aside(-1),
            "left": lambda: self._aside(-1),
            "l": lambda: self._aside(1),
            "right": lambda: self._aside(1),
            "j": lambda: self._down(1),
            "down": lambda: self._down(1),
            "k": lambda: self._down(-1),
            "up": lambda: self._down(-1),
            "w": self._next_word,
            "b": self._previous_word,
            "e": self._word_end,
            "0": lambda: Cell(self.point.line, 0),
            "home": lambda: Cell(self.point.line, 0),
            "circumflex_accent": self._first_character,
            "dollar_sign": lambda: Cell(self.point.line, self._last_column(self.point.line)),
            "end": lambda: Cell(self.point.line, self._last_column(self.point.line)),
            "g": lambda: Cell(self.text.first, 0),
            "G": lambda: Cell(self._last_line(), 0),
            "ctrl+d": lambda: self._down(self._page // 2),
            "ctrl+u": lambda: self._down(-(self._page // 2)),
            "ctrl+f": lambda: self._down(self._page),
            "pagedown": lambda: self._down(self._page),
            "ctrl+b": lambda: self._down(-self._page),
            "pageup": lambda: self._down(-self._page),
        }

    def press(self, key: str) -> Wish | None:
        """Move, select, or say what is wished for; a key that means nothing does nothing."""
        if move := self._moves.get(key):
            self.point = move()
        elif key in ("v", "space"):
            self._select(by_line=False)
        elif key == "V":
            self._select(by_line=True)
        else:
            return _WISHES.get(key)
        return None

    def move(self, cell: Cell) -> None:
        """Put the point somewhere, within the text."""
        line = min(max(cell.line, self.text.first), self.text.last)
        self.point = Cell(line, min(max(cell.column, 0), self.text.columns - 1))

    def go_to_prompt(self, step: int) -> bool:
        """Go to the next prompt below the point, or above it where `step` is negative; was there
        one?
        """
        prompts = self.text.prompts()
        below = [line for line in prompts if line > self.point.line]
        above = [line for line in prompts if line < self.point.line]
        found = below[:1] if step > 0 else above[-1:]
        self.point = Cell(found[0], 0) if found else self.point
        return bool(found)

    @property
    def span(self) -> Span | None:
        """What is selected, or None."""
        if self.selection is None:
            return None
        start, end = sorted((self.selection.anchor, self.point))
        if self.selection.by_line:
            first, last = self.text.paragraph(start.line)[0], self.text.paragraph(end.line)[-1]
            return Span(Cell(first, 0), Cell(last, self.text.columns - 1))
        return Span(start, end)

    def selected_text(self) -> str:
        """The text of what is selected; a selection by lines ends in a newline."""
        if self.selection is None or (span := self.span) is None:
            return ""
        text = self.text.between(*span)
        return f"{text}\n" if self.selection.by_line else text

    # ---------------------------------------------------------------------------------------

    def _select(self, *, by_line: bool) -> None:
        """Begin to select, change between characters and lines, or select no more."""
        selection = self.selection
        if selection is None:
            self.selection = Selection(self.point, by_line)
        elif selection.by_line == by_line:
            self.selection = None
        else:
            self.selection = Selection(selection.anchor, by_line)

    def _aside(self, step: int) -> Cell:
        """The next character in the row; a wide one is passed in one step."""
        cells = self.text.cells(self.point.line)
        column = self.point.column + step
        while 0 < column < len(cells) and not cells[column]:
            column += step
        return Cell(self.point.line, min(max(column, 0), self.text.columns - 1))

    def _down(self, lines: int) -> Cell:
        line = min(max(self.point.line + lines, self.text.first), self._last_line())
        return Cell(line, self.point.column)

    def _last_line(self) -> int:
        """The last line with something in it, or that of the point where that is below."""
        line = self.text.last
        while line > self.text.first and not self.text.cells(line):
            line -= 1
        return max(line, self.point.line)

    def _last_column(self, line: int) -> int:
        return max(0, len(self.text.cells(line)) - 1)

    def _first_character(self) -> Cell:
        cells = self.text.cells(self.point.line)
        column = next((at for at, text in enumerate(cells) if text != " "), 0)
        return Cell(self.point.line, column)

    def _next_word(self) -> Cell:
        line, column = self.point
        kinds = self._kinds(line)
        here = kinds[column] if column < len(kinds) else _Kind.BLANK
        while column < len(kinds) and kinds[column] is here is not _Kind.BLANK:
            column += 1
        while True:
            while column < len(kinds) and kinds[column] is _Kind.BLANK:
                column += 1
            if column < len(kinds):
                return Cell(line, column)
            if line >= self._last_line():
                return Cell(line, self._last_column(line))
            line, column = line + 1, 0
            kinds = self._kinds(line)

    def _word_end(self) -> Cell:
        line, column = self.point
        column += 1
        kinds = self._kinds(line)
        while column >= len(kinds) or all(kind is _Kind.BLANK for kind in kinds[column:]):
            if line >= self._last_line():
                return Cell(line, self._last_column(line))
            line, column = line + 1, 0
            kinds = self._kinds(line)
        while kinds[column] is _Kind.BLANK:
            column += 1
        while column + 1 < len(kinds) and kinds[column + 1] is kinds[column]:
            column += 1
        return Cell(line, column)

    def _previous_word(self) -> Cell:
        line, column = self.point
        kinds = self._kinds(line)
        column = min(column, len(kinds)) - 1
        while column < 0 or all(kind is _Kind.BLANK for kind in kinds[: column + 1]):
            if line <= self.text.first:
                return Cell(line, 0)
            line -= 1
            kinds = self._kinds(line)
            column = len(kinds) - 1
        while kinds[column] is _Kind.BLANK:
            column -= 1
        while column > 0 and kinds[column - 1] is kinds[column]:
            column -= 1
        return Cell(line, column)

    def _kinds(self, line: int) -> list["_Kind"]:
        """The kind of each column; the right half of a wide character is of its left one's."""
        kinds: list[_Kind] = []
        for text in self.text.cells(line):
            kinds.append(_kind_of(text) if text or not kinds else kinds[-1])
        return kinds


class _Kind(Enum):
    BLANK = 0
    WORD = 1
    SIGN = 2


def _kind_of(text: str) -> _Kind:
    if text.isspace() or not text:
        return _Kind.BLANK
    return _Kind.WORD if text[0].isalnum() or text[0] == "_" else _Kind.SIGN
