"""Text and regular expressions to look for in many lines at once, with smart case."""

import re
from itertools import compress
from typing import Final

from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.batch import Batch, Indices

MAX_PATTERN: Final = 1000
"""Characters of an expression; longer ones are pasted by mistake."""

_PLAIN = re.compile(r"[^\\.^$*+?{}\[\]|()]*")
_CAPITAL = re.compile(r"(?<!\\)[A-Z]")


class PatternError(VibeBoxError):
    """An expression is wrong; `position` is the index of the character where."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class Pattern:
    """What a person looks for: a regular expression, in which plain text means itself.

    Smart case: capitals count as soon as there is one in the expression, else they don't.
    """

    def __init__(self, source: str) -> None:
        """Compile `source`.

        Raises:
            PatternError: it is no regular expression, or too long.
        """
        if len(source) > MAX_PATTERN:
            raise PatternError(f"longer than {MAX_PATTERN} characters", MAX_PATTERN)
        self.source = source
        self.heeds_case = _CAPITAL.search(source) is not None
        self._literal = source if _PLAIN.fullmatch(source) else None
        try:
            self._in_lines = re.compile(source)
            self.regex = self._in_lines if self.heeds_case else re.compile(source, re.IGNORECASE)
        except re.error as error:
            raise PatternError(error.msg, error.pos or 0) from None
        except (RecursionError, OverflowError):
            raise PatternError("too deeply nested", 0) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Pattern({self.source!r})"

    def matches(self, text: str) -> bool:
        """Whether it is found in `text`."""
        return self.regex.search(text) is not None

    def hits(self, text: str) -> list[tuple[int, int]]:
        """Start and end of every place in `text` where it is found; empty matches don't count."""
        return [found.span() for found in self.regex.finditer(text) if found.end() > found.start()]

    def select(self, batch: Batch) -> Indices:
        """The indices of the lines that it is found in."""
        if not len(batch) or not self.source:
            return list(range(len(batch)))
        if self._literal is not None:
            text = batch.text if self.heeds_case else batch.lowered
            return _lines_with(self._literal, text)
        lines = batch.lines if self.heeds_case else batch.lowered_lines
        return list(compress(range(len(lines)), map(self._in_lines.search, lines)))


def _lines_with(literal: str, text: str) -> Indices:
    """Indices of the lines of `text` that contain `literal`, which has no line feed."""
    hits: Indices = []
    line = 0
    at, counted = text.find(literal), 0
    while at >= 0:
        line += text.count("\n", counted, at)
        hits.append(line)
        counted = text.find("\n", at)
        if counted < 0:
            break
        at = text.find(literal, counted)
    return hits
