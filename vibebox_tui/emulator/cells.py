"""Text as cells: grapheme clusters and their widths.

Widths and clusters are wcwidth's (Unicode's East Asian Width, UAX #29). Most text never gets as
far as asking: two regular expressions know the characters that always stand alone in one column
or in two. Whatever the text, cells don't depend on how it was split: each cluster depends on the
cell before it alone.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import wcwidth
from wcwidth.table_grapheme import (
    GRAPHEME_CONTROL,
    GRAPHEME_EXTEND,
    GRAPHEME_PREPEND,
    GRAPHEME_SPACINGMARK,
)

_NARROW: Final = (
    " -~\xa1-\xa8\xaa-\xac\xaf-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c"
    "\u038e-\u03a1\u03a3-\u0482\u048a-\u052f\u0531-\u0556\u0561-\u0587"
    "\u1e00-\u1f15\u2010-\u2027\u2030-\u203b\u20a0-\u20bf\u2190-\u2193\u219a-\u21a8\u21ab-\u21ff"
    "\u2200-\u22ff\u2500-\u25a9\u25ac-\u25b5\u25b7-\u25bf\u25c1-\u25fa\u2713\u2715-\u271c"
    "\u2800-\u28ff\ue0a0-\ue0d4"
)
"""Characters of one column that never join another: Latin, Greek, Cyrillic, punctuation, arrows,
mathematics, box drawing, Braille, powerline; without those that an emoji selector can change."""

_WIDE: Final = "\u3041-\u3094\u309d-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff60"
"""Characters of two columns that never join another: kana, bopomofo, Han, full-width forms."""


def _ranges(table: Iterable[tuple[int, int]]) -> str:
    """A table of first and last code points as the inside of a character class."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in table)


_STRETCHES = re.compile(f"([{_NARROW}]+)|([{_WIDE}]+)|([^{_NARROW}{_WIDE}]+)")
_CONTROLS = re.compile(f"[{_ranges(GRAPHEME_CONTROL)}]+")
_COMBINING = re.compile(f"[{_ranges(GRAPHEME_EXTEND)}{_ranges(GRAPHEME_SPACINGMARK)}\u200d]")
_PREPENDED = re.compile(f"[{_ranges(GRAPHEME_PREPEND)}]")
"""What would take the character behind it into its cluster: not here, where it stays alone unless
that is neither narrow nor wide."""

_UNUSUAL = re.compile(f"[{_ranges(GRAPHEME_CONTROL)}{_ranges(GRAPHEME_PREPEND)}]")
"""Those and the format characters that are no part of any cluster, and are left out."""

_is_separate = re.compile(f"[{_NARROW}{_WIDE}]*").fullmatch
_begins_separate = re.compile(f"[{_NARROW}{_WIDE}]").match
_is_narrow = re.compile(f"[{_NARROW}]*").fullmatch

LONGEST_CLUSTER = 32
"""Code points that a cell may hold; what a flood of combining characters adds is dropped."""


def is_narrow(text: str) -> bool:
    """Whether each character of `text` is a cell by itself, whatever stands before it."""
    return text.isascii() or _is_narrow(text) is not None


def stands_apart(text: str) -> bool:
    """Whether `text` begins with a character that never joins what stands before it."""
    return _begins_separate(text) is not None


def stretches(text: str) -> Iterator[tuple[str | list[str], bool]]:
    """`text` cut into stretches: cells to be placed as they are (False), or text whose clusters
    have to be found (True). A wide character in cells is followed by an empty string."""
    if not _is_separate(text):
        unusual = _UNUSUAL.search(text) is not None
        if unusual:
            text = _CONTROLS.sub("", text)
        if not unusual or not _PREPENDED.search(text):
            yield text, True  # narrow and wide characters are clusters of their own there too
            return
    for match in _STRETCHES.finditer(text):
        stretch = match[0]
        if match.lastindex == 1:
            yield stretch, False
        elif match.lastindex == 2:
            cells = [""] * (2 * len(stretch))
            cells[::2] = stretch
            yield cells, False
        else:
            yield stretch, True


def clusters(before: str, text: str) -> tuple[str, list[str]]:
    """What a cell that holds `before` becomes by `text` behind it, and the clusters after it."""
    found = list(wcwidth.iter_graphemes(before + text))
    return (found[0], found[1:]) if before else ("", found)


def code_points(before: str, text: str) -> tuple[str, list[str]]:
    """As `clusters` where each code point that has a width is a cell (mode 2027 off)."""
    cells = [before]
    for character in text:
        if columns_of(character):
            cells.append(character)
        elif cells[-1]:
            cells[-1] += character
    return cells[0], cells[1:]


_MOST_CLUSTERS = 16_384
"""Clusters remembered: more than any text has, unless it is meant to fill memory."""

_memory: dict[str, tuple[str, ...]] = {}
"""Cells of clusters."""

_overlong: set[str] = set()
"""Of those, the ones with more code points than a cell may hold."""


def cells_of(found: list[str]) -> list[str]:
    """Clusters as cells: a wide one is followed by an empty string, one that is nothing but
    combining characters is left out."""
    try:
        return list(chain.from_iterable(map(_memory.get, found)))  # type: ignore[arg-type]
    except TypeError:  # one of them is not remembered
        return list(chain.from_iterable([_cells(cluster) for cluster in found]))


def _cells(cluster: str) -> tuple[str, ...]:
    cells = _memory.get(cluster)
    if cells is None:
        if len(_memory) >= _MOST_CLUSTERS:
            _memory.clear()
            _overlong.clear()
        columns = _width(cluster)
        cells = _memory[cluster] = (cluster, "")[:columns]
        if len(cluster) > LONGEST_CLUSTER:
            _overlong.add(cluster)
    return cells


_MOST_WORDS = 16_384
"""Words remembered, about."""

_MOST_WORDS_AT_ONCE = 512
"""Words of one text that are learnt: no line has more, and the memory stays bounded."""

_LONGEST_WORD = 64
"""Characters of a word worth remembering."""

_words: dict[str, tuple[str, ...]] = {}
"""Cells of words (mode 2027 on), the space behind them included."""


def cells_of_words(text: str) -> list[str] | None:
    """The cells of `text`, which joins nothing before it; or nothing, where some word's depend on
    the space before it, have to be looked at closely, or are found faster than learnt."""
    words = text.split(" ")
    try:
        cells = list(chain.from_iterable(map(_words.get, words)))  # type: ignore[arg-type]
    except TypeError:  # one of them is not remembered
        if len(words) > _MOST_WORDS_AT_ONCE or _is_separate(text):
            return None
        if len(_words) >= _MOST_WORDS:
            _words.clear()
        if not all(map(_learnt, words)):
            return None
        cells = list(chain.from_iterable([_words[word] for word in words]))
    del cells[-1]
    return cells


def _learnt(word: str) -> bool:
    """Whether the word is remembered, from now on if it wasn't."""
    if word in _words:
        return True
    if len(word) > _LONGEST_WORD or _UNUSUAL.search(word):
        return False
    first, found = clusters(" ", word)
    cells = cells_of(found)
    if first != " " or any_overlong(found):
        return False
    _words[word] = (*cells, " ")
    return True


def columns_of(cluster: str) -> int:
    """Columns of a cluster: 0, 1 or 2. Adding to a cluster never makes it narrower."""
    return len(_cells(cluster))


def any_overlong(found: list[str]) -> bool:
    """Whether one of the clusters is too long for a cell. Ask after `cells_of`."""
    return bool(_overlong) and not _overlong.isdisjoint(found)


def _width(cluster: str) -> int:
    if not cluster or _COMBINING.match(cluster):
        return 0
    widths = (wcwidth.wcswidth(cluster[:end]) for end in range(1, len(cluster) + 1))
    return max(1, min(2, max(widths)))
