"""A log as somebody reads it: its lines, what is shown of them, and what is searched for."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, takewhile
from operator import not_
from typing import Final

from vibebox_tui.logs.chunk import IS_MARKED
from vibebox_tui.logs.filters import Found, Selection
from vibebox_tui.logs.folds import Folded, hidden_flags
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.lost_marks import Record
from vibebox_tui.logs.merge import NOTHING, Merge, Shift
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.logs.repeats import Collapsed
from vibebox_tui.logs.ring import DEFAULT_BYTES, Line, Ring, note_line
from vibebox_tui.logs.times import UNKNOWN_TIME
from vibebox_tui.logs.view import View
from vibebox_tui.protocol.messages import LogEntry

_ANY: Final = bytes([1]) * 256


class Document:
    """The lines in memory, the view of those that the selection lets pass, and a search in it.

    Changing what is shown is done at once for what is near the reader, and for the rest by
    `scan`, in slices; `is_complete` says when it is done.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES, *, merges: bool = False) -> None:
        """With `merges` it is the log of several sources, sorted by time."""
        self.ring = Ring(max_bytes)
        self.merge = Merge(self.ring) if merges else None
        self.selection = Selection()
        self.collapses = False
        self.folds = False
        """Whether records are folded to their first lines, but for those that were turned."""
        self._has_turned = False
        self.view = View(self.ring, self.selection)
        self.pattern: Pattern | None = None
        self.found: View | None = None

    def append(
        self,
        entries: Sequence[LogEntry],
        source: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Add new lines of a source, at the end; where several are merged, `settle` does so."""
        if self.merge is not None:
            self.merge.take(source, entries, clock())
        else:
            self.ring.append(entries)

    def prepend(
        self, older: Iterable[tuple[int, Sequence[LogEntry]]], read: range = NOTHING
    ) -> Shift:
        """Put lines from before those that are there in their places; say what that moved.

        `read` are the positions of lines that nothing may move apart.
        """
        if self.merge is not None:
            return self.merge.put_older(older, read)
        for _, entries in older:
            self.ring.prepend(entries)
        return Shift()

    def drop_newest(self) -> int:
        """Drop the newest lines, behind which lines can be appended again, and return how many
        bytes that made free.
        """
        freed = self.ring.drop_newest()
        if freed and self.merge is not None:
            self.merge.go_on_from_end()
        return freed

    def note(
        self,
        text: str,
        at: float,
        *,
        level: Level = Level.UNKNOWN,
        source: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Add a line of our own at the end; `at` is in seconds since the epoch."""
        if self.merge is not None:
            self.merge.take_note(note_line(text, round(at * 1000), level, source), clock())
        else:
            self.ring.append_note(text, round(at * 1000), level=level)

    def note_start(self, text: str) -> None:
        """Say before the oldest line why there is none before it."""
        time = self.ring.times[0] if self.ring.times else UNKNOWN_TIME
        self.ring.prepend_lines([note_line(text, time)])

    def settle(self, read: range = NOTHING, clock: Callable[[], float] = time.monotonic) -> Shift:
        """Put the lines of several sources that have waited for others; say what that moved.

        `read` are the positions of lines that nothing may move apart.
        """
        return self.merge.settle(clock(), read) if self.merge is not None else Shift()

    @property
    def waits(self) -> bool:
        """Whether there are lines that have to be settled."""
        return self.merge is not None and self.merge.waits

    @property
    def parked(self) -> int:
        """How many lines wait until those are no longer read between which they belong."""
        return self.merge.parked if self.merge is not None else 0

    def select(self, selection: Selection) -> None:
        """Show something else of the log."""
        if selection != self.selection:
            self.selection = selection
            self._show_anew()
            self._search_again()

    def collapse(self, collapses: bool) -> None:
        """Show records that say the same again and again once, with a count; or all of them."""
        self.collapses = collapses
        self._show_anew()

    def fold(self, folds: bool) -> None:
        """Show of each record only the first line, or all of them."""
        self.folds, self._has_turned = folds, False
        self.ring.turn_none()
        self._show_anew()

    def turn(self, position: int) -> None:
        """Fold the record of a line where it is open, or open it."""
        self.ring.turn(position)
        if self.folds or self._has_turned:
            self.view.look_again(position)
        else:
            self._has_turned = True
            self._show_anew()

    def folded_lines(self, position: int) -> int:
        """How many lines are folded into the one at `position`."""
        record = self.ring.record(position)
        is_folded = len(record) > 1 and self.hidden[self.ring.line(record[1]).flags]
        return len(record) - 1 if is_folded and position == record.start else 0

    def is_hidden(self, position: int) -> bool:
        """Whether the line at `position` is folded into another one."""
        return bool(self.hidden[self.ring.line(position).flags])

    @property
    def hidden(self) -> bytes:
        """For each value of a line's flags, whether such a line is folded into another one."""
        return hidden_flags(folds=self.folds)

    def snapshot(self) -> tuple[int, Iterator[Line]]:
        """How many lines are shown now, folded ones with them, and these one by one."""
        return self.view.snapshot(self.hidden)

    def marked_lines(self) -> list[Line]:
        """The lines that are marked and shown, each with those that are folded into it: also those
        that have left the memory.
        """
        before, after = self.lost_marks()
        inside = _marked(self.ring, self.view, self.hidden)
        return [line for lines in (*before, *inside, *after) for line in lines]

    @property
    def has_marks(self) -> bool:
        """Whether `marked_lines` has any line, without gathering them."""
        if self.view.find(self.ring.first - 1, IS_MARKED, 1) is not None:
            return True
        lost = self.ring.lost_marks
        if not lost or self._uncollapsed.passes_all:
            return bool(lost)
        return next(self._marked_of(lost.records()), None) is not None

    def lost_marks(self) -> tuple[list[list[Line]], list[list[Line]]]:
        """The same for those alone that have left the memory: what was before the lines that are in
        memory, and what was after them; each mark with its folded lines.
        """
        if not self.ring.lost_marks:
            return [], []
        records = sorted(self.ring.lost_marks.records(), key=self._order)
        oldest, times = self.ring.oldest_seqs(), self.ring.times
        marks = [*self._marked_of(records)]
        is_before = [
            mark.seq < oldest[mark.source]
            if mark.source in oldest
            else times is None or mark.time <= times[0]
            for mark, *_ in marks
        ]
        before = [*compress(marks, is_before)]
        return before, [*compress(marks, map(not_, is_before))]

    def _marked_of(self, records: Iterable[Record]) -> Iterator[list[Line]]:
        """The marked lines among these that would be shown, each with its folded lines."""
        lost = Ring()
        lost.append_lines(line for record in records for line in record)
        view = View(lost, self._uncollapsed)
        while not view.scan(math.inf):
            pass
        return _marked(lost, view, self.hidden)

    def _order(self, record: Record) -> tuple[int, int]:
        """By what records are sorted: several logs by time, one by its numbers."""
        _, seq, time, _, _ = record[0]
        return (time if self.merge is not None else 0), seq

    def search(self, pattern: Pattern | None) -> None:
        """Look for something else among what is shown, or for nothing."""
        if pattern != self.pattern:
            self.pattern = pattern
            self._search_again()

    def find(self, start: int, step: int) -> int | None:
        """The nearest line after `start` (before it: a `step` of -1) that the search has found."""
        return self.found.find(start, _ANY, step) if self.found is not None else None

    def scan(
        self, budget: float, near: int | None, clock: Callable[[], float] = time.perf_counter
    ) -> bool:
        """Go on for `budget` seconds, nearest to a line first; return whether all is done."""
        deadline = clock() + budget
        done = self.view.scan(budget, near, clock)
        if done and self.found is not None:
            done = self.found.scan(max(0.0, deadline - clock()), near, clock)
        return done

    @property
    def is_complete(self) -> bool:
        """Whether view and search know every line."""
        return self.view.is_complete and (self.found is None or self.found.is_complete)

    @property
    def progress(self) -> float:
        """How much of the scanning is done, 0.0 to 1.0."""
        return min(self.view.progress, self.found.progress if self.found else 1.0)

    def _show_anew(self) -> None:
        shown = self._uncollapsed
        self.view = View(self.ring, Collapsed(shown) if self.collapses else shown)

    @property
    def _uncollapsed(self) -> Selection | Folded:
        """What decides on which lines are shown, repeated ones and all."""
        if self.folds or self._has_turned:
            return Folded(self.selection, self.folds)
        return self.selection

    def _search_again(self) -> None:
        self.found = View(self.ring, Found(self.selection, self.pattern)) if self.pattern else None


def _marked(ring: Ring, view: View, hidden: bytes) -> Iterator[list[Line]]:
    """The marked lines of a view, each with the ones behind it that are folded into it."""
    at: int | None = ring.first - 1
    while at is not None and (at := view.find(at, IS_MARKED, 1)) is not None:
        behind = takewhile(lambda line: hidden[line.flags], ring.lines(at + 1))
        yield [ring.line(at), *behind]
