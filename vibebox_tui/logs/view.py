"""Which lines of a log are shown, in order: an index that keeps up with the log it is of."""

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol, runtime_checkable

from vibebox_tui.logs.batch import Batch, Indices
from vibebox_tui.logs.chunk import Chunk, Line
from vibebox_tui.logs.ring import Ring


class Sieve(Protocol):
    """Decides which lines are shown; a line's fate depends on its own record alone."""

    @property
    def passes_all(self) -> bool:
        """Whether nothing is left out, so that nothing needs to be scanned."""

    def select(self, batch: Batch) -> Indices:
        """The indices of the lines in `batch` that pass."""


@runtime_checkable
class RunSieve(Sieve, Protocol):
    """A sieve that shows one line for several; its lines depend on the run that they are in."""

    def runs(self, batch: Batch) -> tuple[Indices, list[int]]:
        """The indices of the lines that are shown, and how many each of them stands for."""


class Part(NamedTuple):
    """A chunk, and the indices of those of its lines that are shown."""

    chunk: Chunk
    hits: "range | array[int]"


class View:
    """The lines of `ring` that pass `sieve`, as rows 0, 1, 2 …

    Scanning is done in slices by `scan`, nearest to a given line first, so that what is looked at
    is right at once; until it is done, rows are missing. Positions are those of the ring. The
    ring may grow, shrink and be put lines in front of: `scan` takes note of all that.
    """

    def __init__(self, ring: Ring, sieve: Sieve) -> None:
        self.ring = ring
        self.sieve = sieve
        self.counts = isinstance(sieve, RunSieve)
        """Whether a line may stand for several."""
        self._segments: list[_Segment] = []
        self._version = -1
        self._totals: list[int] | None = None

    # --- scanning --------------------------------------------------------------------------

    def scan(
        self,
        budget: float,
        near: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> bool:
        """Scan for at most `budget` seconds (at least one chunk); return whether all is done.

        Chunks are taken outward from the line `near`, from the newest backward unless told.
        """
        deadline = clock() + budget
        self._sync()
        for index in self._outward(near):
            if self._segments[index].scan(self.sieve):
                self._totals = None
            if clock() >= deadline:
                break
        return self.is_complete

    @property
    def is_complete(self) -> bool:
        """Whether every line that is in the log has been scanned."""
        self._sync()
        return not any(segment.lags for segment in self._segments)

    @property
    def progress(self) -> float:
        """How much of the log has been scanned, 0.0 to 1.0."""
        self._sync()
        if not self._segments:
            return 1.0
        return sum(not segment.lags for segment in self._segments) / len(self._segments)

    def _outward(self, near: int | None) -> Iterator[int]:
        """The indices of segments that lag behind, nearest first."""
        lagging = [index for index, segment in enumerate(self._segments) if segment.lags]
        if near is None or not lagging:
            return reversed(lagging)
        centre = self._segment_at(near)
        return iter(sorted(lagging, key=lambda index: abs(index - centre)))

    def _sync(self) -> None:
        """Have one segment for each chunk that the ring has now."""
        if self._version == self.ring.version:
            return
        known = {id(segment.chunk): segment for segment in self._segments}
        self._segments = [
            known.get(id(chunk)) or _Segment(chunk, self.sieve) for chunk in self.ring.chunks
        ]
        self._version = self.ring.version
        self._totals = None

    # --- rows ------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._ends()[-1] if self._segments else 0

    def position(self, row: int) -> int:
        """The position of the line in `row`; raises IndexError where there is no such row."""
        ends = self._ends()
        if not ends or not 0 <= row < ends[-1]:
            raise IndexError(f"there is no row {row}")
        index = bisect_right(ends, row)
        segment = self._segments[index]
        before = ends[index] - len(segment.hits)
        return self.ring.start_of(index) + segment.hits[row - before]

    def row(self, position: int) -> int:
        """The row of the line at `position`, or where it would be among those that are shown."""
        ends = self._ends()
        if not ends or position <= self.ring.first:
            return 0
        if position >= self.ring.end:
            return ends[-1]
        index = self._segment_at(position)
        hits = self._segments[index].hits
        before = ends[index] - len(hits)
        return before + bisect_left(hits, position - self.ring.start_of(index))

    def shows(self, position: int) -> bool:
        """Whether the line at `position` is among those that are shown."""
        row = self.row(position)
        return row < len(self) and self.position(row) == position

    def count(self, row: int) -> int:
        """How many lines the one in `row` stands for."""
        ends = self._ends()
        index = bisect_right(ends, row)
        segment = self._segments[index]
        return segment.counts[row - ends[index] + len(segment.hits)] if segment.counts else 1

    def parts(self) -> list[Part]:
        """All that is shown, chunk by chunk; the indices change with the view."""
        self._sync()
        return [Part(segment.chunk, segment.hits) for segment in self._segments]

    def snapshot(self, folded: bytes) -> tuple[int, Iterator[Line]]:
        """How many lines are shown now, and these one by one; whatever happens to the log.

        With them come the lines behind them that are folded, as `folded` tells for each of the
        256 values of flags.
        """
        parts = [
            (each.chunk, _with_folded(each.chunk, each.hits, folded), self.ring.start_of(index))
            for index, each in enumerate(self._segments)
        ]
        lines = (chunk.line(hit, start + hit) for chunk, hits, start in parts for hit in hits)
        return sum(len(hits) for _, hits, _ in parts), lines

    def look_again(self, position: int) -> None:
        """The flags of the line at `position` are others: scan its chunk anew."""
        self._sync()
        index = self._segment_at(position)
        self._segments[index] = _Segment(self._segments[index].chunk, self.sieve)
        self._totals = None

    def positions(self, row: int, count: int) -> list[int]:
        """The positions in at most `count` rows from `row` on."""
        end = min(row + count, len(self))
        return [self.position(each) for each in range(max(row, 0), end)]

    def find(self, start: int, passing: bytes, step: int) -> int | None:
        """The nearest shown line after `start` (before it, with a `step` of -1) by its flags.

        `passing` tells by 1 or 0 for each of the 256 values of flags whether such a line is looked
        for.
        """
        if not self._segments:
            return None
        index = self._segment_at(min(max(start, self.ring.first), self.ring.end - 1))
        while 0 <= index < len(self._segments):
            base = self.ring.start_of(index)
            hit = self._segments[index].find(start - base, passing, step)
            if hit is not None:
                return base + hit
            index += step
        return None

    # ---------------------------------------------------------------------------------------

    def _ends(self) -> list[int]:
        """Behind each segment, how many rows there are up to its end."""
        self._sync()
        if self._totals is None:
            self._totals = list(accumulate(len(segment.hits) for segment in self._segments))
        return self._totals

    def _segment_at(self, position: int) -> int:
        if position >= self.ring.end:
            return len(self._segments) - 1
        return self.ring.locate(max(position, self.ring.first))[0]


def _with_folded(chunk: Chunk, hits: Sequence[int], folded: bytes) -> Sequence[int]:
    """The hits, and behind each of them the lines that are folded into it."""
    hidden = chunk.flags.translate(folded)
    if not any(hidden):
        return hits[:]
    whole = array("I")
    for hit in hits:
        end = hit + 1
        while end < len(hidden) and hidden[end]:
            end += 1
        whole.extend(range(hit, end))
    return whole


class _Segment:
    """The hits in one chunk, as far as it has been scanned."""

    __slots__ = ("_passes_all", "_scanned", "chunk", "counts", "hits")

    def __init__(self, chunk: Chunk, sieve: Sieve) -> None:
        self.chunk = chunk
        self._passes_all = sieve.passes_all
        self._scanned = 0
        self.hits: range | array[int] = range(0) if self._passes_all else array("I")
        self.counts: array[int] | None = array("I") if isinstance(sieve, RunSieve) else None

    @property
    def lags(self) -> bool:
        """Whether the chunk has lines that weren't scanned."""
        return self._scanned < len(self.chunk)

    def scan(self, sieve: Sieve) -> bool:
        """Scan what is new in the chunk; return whether there is another hit."""
        before = len(self.hits)
        if self._passes_all:
            self.hits = range(len(self.chunk))
        else:
            self._add_hits(sieve)
        self._scanned = len(self.chunk)
        return len(self.hits) != before

    def _add_hits(self, sieve: Sieve) -> None:
        """Scan from the last record on, to which new lines may belong, or from its run."""
        assert isinstance(self.hits, array)
        start = self.chunk.record_start(self._scanned) if self.lags else self._scanned
        if isinstance(sieve, RunSieve):
            start = self._run_start()
        kept = bisect_left(self.hits, start)
        del self.hits[kept:]
        batch = Batch(self.chunk, start)
        if isinstance(sieve, RunSieve) and self.counts is not None:
            hits, counts = sieve.runs(batch)
            self.counts[kept:] = array("I", counts)
        else:
            hits = sieve.select(batch)
        self.hits.extend([start + hit for hit in hits])

    def _run_start(self) -> int:
        """The line that the run begins with to which new lines may belong."""
        if not self.hits:
            return 0
        return self.chunk.record_start(self.hits[-1])

    def find(self, start: int, passing: bytes, step: int) -> int | None:
        """The nearest hit after `start`, or before it with a `step` of -1, by its flags."""
        passes = self.chunk.flags.translate(passing)
        if 1 not in passes:  # by far the most chunks, where few lines are looked for
            return None
        if step > 0:
            following = self.hits[bisect_right(self.hits, start) :]
            return next((hit for hit in following if passes[hit]), None)
        preceding = self.hits[: bisect_left(self.hits, max(start, 0))]
        return next((hit for hit in reversed(preceding) if passes[hit]), None)
