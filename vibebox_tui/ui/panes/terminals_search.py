"""Search in a terminal's text: every hit, also those that go over the end of a row."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vibebox_tui.ui.widgets.terminal_text import Cell, TerminalText

MOST_HITS = 10_000
"""Hits that are kept, the newest: more of them tell nobody anything."""


class Hit(NamedTuple):
    """The first and the last cell of a hit."""

    start: Cell
    end: Cell


class Search:
    """All hits of `pattern` in `text` as it was when this was made, in the order of the text.

    The pattern is taken literally; small letters in it match capital ones too, as long as it has
    no capital one itself. `again` finds what has come since.
    """

    def __init__(self, pattern: str, text: TerminalText) -> None:
        self.pattern = pattern
        self._text = text
        self.hits = list(_hits(pattern, text))[-MOST_HITS:] if pattern else []
        self._starts = [hit.start for hit in self.hits]
        self._by_line: dict[int, list[Hit]] = {}
        for hit in self.hits:
            for line in range(hit.start.line, hit.end.line + 1):
                self._by_line.setdefault(line, []).append(hit)

    def after(self, cell: Cell) -> Hit | None:
        """The first hit that begins behind `cell`; behind the last one comes the first."""
        if not self.hits:
            return None
        return self.hits[bisect_right(self._starts, cell) % len(self.hits)]

    def before(self, cell: Cell) -> Hit | None:
        """The last hit that begins ahead of `cell`; ahead of the first one comes the last."""
        return self.hits[bisect_left(self._starts, cell) - 1] if self.hits else None

    def in_line(self, line: int) -> Sequence[Hit]:
        """The hits of which at least a part is in `line`, but for those that were written over."""
        return [hit for hit in self._by_line.get(line, ()) if self._is_there(hit)]

    def again(self) -> "Search":
        """The same in the text as it is now."""
        return Search(self.pattern, self._text)

    def position(self, hit: Hit) -> int:
        """Which of the hits `hit` is, counted from 1."""
        return bisect_left(self._starts, hit.start) + 1

    def _is_there(self, hit: Hit) -> bool:
        text = self._text.between(*hit)
        return (_folded(text) if _folds(self.pattern) else text) == self.pattern


def _hits(pattern: str, text: TerminalText) -> Iterator[Hit]:
    folds = _folds(pattern)
    for places, paragraph in text.paragraphs():
        searched = _folded(paragraph) if folds else paragraph
        at = searched.find(pattern)
        while at >= 0:
            end = at + len(pattern)
            yield Hit(places[at], places[end - 1])
            at = searched.find(pattern, end)


def _folds(pattern: str) -> bool:
    return pattern == pattern.lower()


def _folded(text: str) -> str:
    """`text` in small letters, character by character: some have none of the same length."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)
