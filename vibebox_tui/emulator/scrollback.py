"""Lines that left the screen at the top, within a bound of lines and of memory."""

from collections import deque
from collections.abc import Collection
from itertools import islice

from .line import Line

_BYTES_PER_LINE = 800
"""Memory allowed for each line of the limit: ten thousand lines take at most 8 MiB."""

_LINE_COST = 200
"""Bytes that a closed line takes without its runs: the object, its list, its place here."""

_RUN_COST = 112
"""Bytes that a run takes without its characters: a tuple and the string's head."""

_SETTLE_EVERY = 256
"""Lines taken before their memory is counted: counting each by itself would cost more."""


class Scrollback:
    """The newest `limit` lines, or fewer where they would take more than their memory."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.lines: deque[Line] = deque(maxlen=limit)
        self.taken = 0
        """Lines ever taken; wrong only in that skipped floods count as what they could fill."""
        self._unsettled = 0
        self._blocks: deque[int] = deque([0], maxlen=limit // _SETTLE_EVERY + 2)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> Line:
        return self.lines[index]

    def push(self, line: Line) -> None:
        """Take a line that leaves the screen."""
        if line.cells is not None:
            line.close()
        self.lines.append(line)
        self.taken += 1
        self._unsettled += 1
        if self._unsettled >= _SETTLE_EVERY:
            self._settle()

    def extend(self, lines: list[Line]) -> None:
        """Take lines that leave the screen, oldest first."""
        self.taken += len(lines)
        for line in lines:
            if line.cells is not None:
                line.close()
        for start in range(0, len(lines), _SETTLE_EVERY):
            block = lines[start : start + _SETTLE_EVERY]
            self.lines.extend(block)
            self._unsettled += len(block)
            if self._unsettled >= _SETTLE_EVERY:
                self._settle()

    def clear(self) -> None:
        self.replace([])

    def replace(self, lines: list[Line]) -> None:
        """Hold other lines: those that were here, flowed anew."""
        self.lines = deque(lines, maxlen=self.limit)
        self._blocks.clear()
        self._unsettled = len(self.lines)
        self._settle()

    def newest(self, count: int) -> list[Line]:
        """Up to `count` of the newest lines, the newest first."""
        return list(islice(reversed(self.lines), count))

    def memory(self) -> int:
        """Bytes that the lines take, about."""
        return sum(self._blocks) + _cost(self.newest(self._unsettled))

    def _settle(self) -> None:
        """Count what came since the last time; shed lines where all together is too much."""
        self._blocks.append(_cost(self.newest(self._unsettled)))
        self._unsettled = 0
        if sum(self._blocks) > self.limit * _BYTES_PER_LINE:
            self._shed()

    def _shed(self) -> None:
        """Drop the oldest lines until an eighth of the memory is free."""
        free = self.limit * _BYTES_PER_LINE * 7 // 8
        kept: list[Line] = []
        for line in reversed(self.lines):
            free -= _cost([line])
            if free < 0:
                break
            kept.append(line)
        self.lines = deque(reversed(kept), maxlen=self.limit)
        self._blocks.clear()
        self._blocks.append(_cost(self.lines))


def _cost(lines: Collection[Line]) -> int:
    runs = sum([len(line.runs) for line in lines])
    columns = sum([line.length for line in lines])
    return _LINE_COST * len(lines) + _RUN_COST * runs + 2 * columns
