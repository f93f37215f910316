"""Lines that left the screen at the top, within a bound of lines and of memory.

What most lines are, runs and nothing else, is kept without the `Line` around it, which goes back
to the screen as the next blank one: to keep a line then costs the garbage collector nothing (text
in `PLAIN`) or one object (any other).
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from sys import getsizeof
from typing import Any, cast

from .line import Line
from .style import PLAIN, Style

Kept = str | tuple[str | Style, ...] | Line
"""A line in `PLAIN` as its text; one of other runs as text, style, text, style…; or, where it is
wrapped, marked, or has wide characters, as it is."""

_BYTES_PER_LINE = 800
"""Memory allowed for each line of the limit: ten thousand lines take at most 8 MiB."""

_LINE_COST = 200
"""Bytes that a closed line takes without its runs: the object, its list, its place here."""

_RUN_COST = 112
"""Bytes that a run takes without its characters: a tuple and the string's head."""

_TEXT_COST = 64
"""Bytes that a text takes without its characters: the string's head, its place here."""

_TUPLE_COST = 64
"""Bytes that a tuple takes without its places: the object, its place here."""

_PLACE_COST = 8
"""Bytes that a place in a tuple takes."""

_FEW_RUNS = 12
"""Runs of a line up to which adding up their tuples is the fastest way to join them."""

_BLOCK = 256
"""Lines whose memory is counted together: counting each by itself would cost more."""

_MOST_FOR_A_LINE = _LINE_COST
_MOST_FOR_A_RUN = _RUN_COST
_WIDEST = 4
"""Bytes that a line, a run and a character take at most, in whichever form the line is kept."""


class Scrollback:
    """The newest `limit` lines, or fewer where they would take more than their memory.

    Memory is counted by blocks of lines: at first as what they take at most, which costs next to
    nothing, and exactly where that comes to more than is allowed.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._allowed = limit * _BYTES_PER_LINE
        self._kept: deque[Kept] = deque(maxlen=limit)
        self._settled = 0
        """Lines ever taken, but for the unsettled ones."""
        self._unsettled = 0
        """The newest lines, less than a block."""
        self._unsettled_bytes = 0
        self._blocks: deque[int] = deque([0], maxlen=limit // _BLOCK + 2)
        """Bytes of each block of lines; those of the first may be any number of lines."""
        self._estimated = 0
        """The newest blocks whose bytes are the most that they can be."""

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> Line:
        """A line, -1 the newest; perhaps one made just now, which to change changes nothing."""
        return _unpacked(self._kept[index])

    @property
    def taken(self) -> int:
        """Lines ever taken; wrong only in that skipped floods count as what they could fill."""
        return self._settled + self._unsettled

    def set_wrapped(self, index: int) -> None:
        """Have the text of a line go on in the next one."""
        line = self[index]
        line.wrapped = True
        self._kept[index] = line

    def __iter__(self) -> Iterator[Line]:
        """The lines from the oldest to the newest, each as by its number."""
        return map(_unpacked, self._kept)

    def stretches(self) -> Iterator[list[str] | Line]:
        """The lines from the oldest to the newest, those of nothing but ASCII in `PLAIN` together,
        as texts."""
        for kind, group in groupby(self._kept, type):
            kept = list(group)
            if kind is str and "".join(texts := cast("list[str]", kept)).isascii():
                yield texts
            else:
                yield from map(_unpacked, kept)

    def numbered_lines(self) -> list[tuple[int, Line]]:
        """The lines that are kept as they are, each with its number."""
        numbered = enumerate(self._kept, -len(self._kept))
        return [(number, kept) for number, kept in numbered if isinstance(kept, Line)]

    def push(self, line: Line) -> Line:
        """Take a line that leaves the screen, and return a blank one for its bottom."""
        kept = _packed(line)
        self._kept.append(kept)
        self._unsettled += 1
        self._unsettled_bytes += _MOST_FOR_A_RUN * len(line.runs) + _WIDEST * line.length
        if self._unsettled >= _BLOCK:
            self._settle()
        if kept is line:
            return Line()
        line.runs.clear()
        line.length = 0
        line.changed = True
        return line

    def skip(self, lines: int) -> None:
        """Count lines as taken that came and went in a skipped flood."""
        self._settled += lines

    def extend(self, lines: list[Line]) -> None:
        """Take lines that leave the screen, oldest first."""
        self._extend(list(map(_packed, lines)))

    def extend_texts(self, texts: list[str], style: Style) -> None:
        """Take lines of one style, a column for each character, as `extend` would."""
        self._extend(texts if style is PLAIN else [(text, style) if text else "" for text in texts])

    def _extend(self, lines: Sequence[Kept]) -> None:
        start = 0
        while start < len(lines):
            added = lines[start : start + _BLOCK - self._unsettled]
            start += len(added)
            self._kept.extend(added)
            self._unsettled += len(added)
            self._unsettled_bytes += _cost(added)
            if self._unsettled >= _BLOCK:
                self._settle()

    def clear(self) -> None:
        self.replace([])

    def replace(self, lines: list[Line]) -> None:
        """Hold other lines: those that were here, flowed anew."""
        self._settled += self._unsettled
        self._unsettled = self._unsettled_bytes = 0
        self._hold(map(_packed, lines))
        if self._blocks[0] > self._allowed:
            self._shed()

    def _hold(self, lines: Iterable[Kept]) -> None:
        """Hold these lines as one block."""
        self._kept = deque(lines, maxlen=self.limit)
        self._blocks.clear()
        self._blocks.append(_cost(self._kept))
        self._estimated = 0

    def _newest(self, count: int) -> list[Kept]:
        return list(islice(reversed(self._kept), count))

    def _settle(self) -> None:
        """Close a block; shed lines where all together take too much."""
        self._blocks.append(self._unsettled_bytes + _MOST_FOR_A_LINE * self._unsettled)
        self._settled += self._unsettled
        self._unsettled = self._unsettled_bytes = 0
        self._estimated = min(self._estimated + 1, len(self._blocks))
        if sum(self._blocks) > self._allowed:
            self._count_exactly()
            if sum(self._blocks) > self._allowed:
                self._shed()

    def _count_exactly(self) -> None:
        """Have the exact bytes of every block."""
        lines = self._newest(self._unsettled + self._estimated * _BLOCK)[self._unsettled :]
        for number in range(self._estimated):
            block = lines[number * _BLOCK : (number + 1) * _BLOCK]
            self._blocks[-1 - number] = _cost(block)
        self._estimated = 0

    def _shed(self) -> None:
        """Drop the oldest lines until an eighth of the memory is free."""
        free = self._allowed * 7 // 8
        shed: list[Kept] = []
        for kept in reversed(self._kept):
            free -= _cost([kept])
            if free < 0:
                break
            shed.append(kept)
        self._hold(reversed(shed))


def _packed(line: Line) -> Kept:
    """What is kept of a line, which is closed for it."""
    if line.cells is not None:
        line.close()
    if line.wrapped or line.lengths is not None or line.mark:
        return line
    runs = line.runs
    if not runs:
        return ""
    if len(runs) == 1:
        return runs[0][0] if runs[0][1] is PLAIN else runs[0]
    if len(runs) <= _FEW_RUNS:
        return cast("tuple[str | Style, ...]", sum(runs, ()))
    return tuple(chain.from_iterable(runs))


def _unpacked(kept: Kept) -> Line:
    if isinstance(kept, Line):
        return kept
    if isinstance(kept, str):
        return Line.of_runs([(kept, PLAIN)] if kept else [])
    parts: tuple[Any, ...] = kept
    return Line.of_runs(list(zip(parts[::2], parts[1::2], strict=True)))


def _cost(lines: Collection[Kept]) -> int:
    """Bytes that lines take, at most; joining their texts tells fastest how long they are."""
    try:
        return _TEXT_COST * len(lines) + getsizeof("".join(cast("Collection[str]", lines)))
    except TypeError:
        return _cost_of_any(lines)


def _cost_of_any(lines: Collection[Kept]) -> int:
    texts = [kept for kept in lines if kept.__class__ is str]
    tuples = [kept for kept in lines if kept.__class__ is tuple]
    parts = list(chain.from_iterable(cast("list[tuple[str]]", tuples)))
    others = []
    if len(texts) + len(tuples) < len(lines):
        others = [kept for kept in lines if isinstance(kept, Line)]
    texts += parts[::2]
    return (
        _cost(cast("list[Kept]", texts))
        + _TUPLE_COST * len(tuples)
        + _PLACE_COST * len(parts)
        + _LINE_COST * len(others)
        + _RUN_COST * sum([len(line.runs) for line in others])
        + 2 * sum([line.length for line in others])
    )
