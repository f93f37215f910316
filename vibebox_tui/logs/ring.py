"""The lines of a log that are in memory: chunks in a row, bounded by bytes."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from vibebox_tui.logs.chunk import CONTINUATION, MARKED, NOTE, TURNED, NewLine
from vibebox_tui.logs.chunk import Chunk as Chunk
from vibebox_tui.logs.chunk import Line as Line
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.line_reader import LineReader
from vibebox_tui.logs.lost_marks import LostMarks
from vibebox_tui.protocol.messages import LogEntry

DEFAULT_BYTES: Final = 256 * 1024 * 1024
"""Memory of a log where nobody says otherwise: about a million and a half lines."""


GROUP_LINES: Final = 256
"""Lines that are added at once: a chunk has at most so many too many."""

_NOT_TURNED: Final = bytes(flags & ~TURNED for flags in range(256))


class Ring:
    """The newest lines of a log, within `max_bytes` of memory.

    A line's position counts from 0 for the first line that was appended, and goes below 0 for
    older lines that were put in front of it; it changes only by `insert`. `first` and `end` bound
    what is in memory.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self.max_bytes = max_bytes
        self.chunks: list[Chunk] = []
        self.version = 0
        """Changes whenever `chunks` has others in it than before."""
        self.dropped = 0
        """Lines that were dropped from the front to stay within the bound."""
        self.dropped_newest = 0
        """Lines that were dropped from the end."""
        self.cut_at: dict[int, int] = {}
        """Of each source whose newest lines were dropped, the number of the first of them; whoever
        fetches them takes note of that and clears it."""
        self.borders: dict[int, int] = {}
        """Of each source that lines were dropped of, the number of the first line that is behind
        those before what is in memory: it tells where that is when no line of the source is."""
        self.widest = 0
        """Bytes of the longest line there was."""
        self.lost_marks = LostMarks()
        """Lines that were marked when they were dropped: they are again, should they come back."""
        self._first = 0
        self._starts: list[int] = []
        self._bytes = 0
        self._reader = LineReader()

    # --- reading ---------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.end - self._first

    @property
    def first(self) -> int:
        """Position of the oldest line in memory."""
        return self._first

    @property
    def end(self) -> int:
        """Position after the newest line."""
        return self._starts[-1] + len(self.chunks[-1]) if self.chunks else self._first

    @property
    def kept(self) -> int:
        """How many lines of the log are in memory: all but our own."""
        return len(self) - sum(chunk.notes for chunk in self.chunks)

    @property
    def size(self) -> int:
        """Bytes in memory, near enough."""
        return self._bytes

    def start_of(self, chunk_index: int) -> int:
        """Position of the first line of a chunk."""
        return self._starts[chunk_index]

    def locate(self, position: int) -> tuple[int, int]:
        """The index of the chunk that a line is in, and its index in there.

        Raises:
            IndexError: it is not in memory.
        """
        if not self._first <= position < self.end:
            raise IndexError(f"line {position} is not in memory")
        chunk_index = bisect_right(self._starts, position) - 1
        return chunk_index, position - self._starts[chunk_index]

    def line(self, position: int) -> Line:
        """The line at `position`; raises IndexError where it is not in memory."""
        chunk_index, index = self.locate(position)
        return self.chunks[chunk_index].line(index, position)

    def lines(self, first: int | None = None, end: int | None = None) -> Iterator[Line]:
        """The lines from position `first` up to before `end`, all of them unless told."""
        first = self._first if first is None else max(first, self._first)
        for position in range(first, self.end if end is None else min(end, self.end)):
            yield self.line(position)

    def record(self, position: int) -> range:
        """The positions of all lines of the record that the line at `position` belongs to."""
        chunk_index, index = self.locate(position)
        chunk, start = self.chunks[chunk_index], self._starts[chunk_index]
        return range(start + chunk.record_start(index), start + chunk.record_end(index))

    def at_time(self, time: int) -> int:
        """The position of the first line that is not older than `time`, or `end`."""
        low, high = 0, len(self.chunks)
        while low < high:
            middle = (low + high) // 2
            if self.chunks[middle].times[-1] < time:
                low = middle + 1
            else:
                high = middle
        if low == len(self.chunks):
            return self.end
        return self._starts[low] + min(self.chunks[low].at_time(time), len(self.chunks[low]) - 1)

    @property
    def oldest_seq(self) -> int | None:
        """The lowest sequence number in memory; None where there is none."""
        return next((seq for chunk in self.chunks for seq in chunk.seqs if seq), None)

    def oldest_seqs(self) -> dict[int, int]:
        """By source, the lowest sequence number in memory."""
        oldest: dict[int, int] = {}
        for chunk in self.chunks:
            oldest = chunk.first_seqs() | oldest
        return oldest

    def newest_seqs(self) -> dict[int, int]:
        """By source, the highest sequence number in memory."""
        newest: dict[int, int] = {}
        for chunk in self.chunks:
            newest |= chunk.last_seqs()
        return newest

    def newest_times(self) -> dict[int, int]:
        """By source, the time of its last line in memory."""
        return {
            source: chunk.times[chunk.sources.rfind(source)]
            for chunk in self.chunks
            for source in set(chunk.sources)
        }

    def after_time(self, time: int) -> int:
        """The position after the last line that is not newer than `time`, where they are sorted."""
        index = bisect_right(self.chunks, time, key=_first_time) - 1
        if index < 0:
            return self._first
        return self._starts[index] + bisect_right(self.chunks[index].times, time)

    @property
    def times(self) -> tuple[int, int] | None:
        """The times of the oldest and the newest line; None where there is no line."""
        return (self.chunks[0].times[0], self.chunks[-1].times[-1]) if self.chunks else None

    # --- writing ---------------------------------------------------------------------------

    def append(self, entries: Iterable[LogEntry]) -> int:
        """Add entries at the end and return how many lines they became."""
        return self.append_lines(self._reader.read(entries))

    def append_lines(self, lines: Iterable[NewLine]) -> int:
        """Add lines at the end and return how many they were."""
        added = 0
        coming = iter(lines)
        while coming_next := list(islice(coming, GROUP_LINES)):
            added += len(coming_next)
            group = self._with_marks(coming_next)
            if self.chunks and self.chunks[-1].wants_no_more:
                begins = (n for n, line in enumerate(group) if not line[3] & CONTINUATION)
                head = next(begins, len(group))
                self._add(group[:head])  # no record is cut
                group = group[head:]
                if group:
                    self._open_chunk()
            self._add(group)
        self._trim()
        return added

    def append_note(self, text: str, time: int, *, level: Level = Level.UNKNOWN) -> None:
        """Add a line of our own, which every filter lets pass; `time` in milliseconds."""
        self.append_lines([note_line(text, time, level)])
        self._reader.interrupt()

    def prepend(self, entries: Iterable[LogEntry]) -> int:
        """Put older entries of the same log before the oldest line and return how many lines they
        became. The oldest record may turn out to go on with the last of them.
        """
        reader, first = LineReader(), self._first
        added = self.prepend_lines(reader.read(entries))
        if added and first < self.end:
            self._join(first, reader)
        return added

    def prepend_lines(self, lines: Iterable[NewLine]) -> int:
        """Put older lines before the oldest one and return how many they were."""
        older = Ring(self.max_bytes)
        older.lost_marks = self.lost_marks
        added = older.append_lines(lines)
        self.chunks[:0] = older.chunks
        self._first -= added
        self._bytes += older.size
        self.widest = max(self.widest, older.widest)
        self._restart()
        return added

    def insert(self, places: Iterable[tuple[int, Sequence[NewLine]]]) -> None:
        """Put lines before those at some positions, which are given in ascending order.

        What stands behind a place moves on by as many lines.
        """
        by_chunk: dict[int, list[tuple[int, Sequence[NewLine]]]] = {}
        for position, lines in places:
            chunk_index, index = self.locate(position)
            by_chunk.setdefault(chunk_index, []).append((index, self._with_marks(lines)))
        for chunk_index in sorted(by_chunk, reverse=True):
            old = self.chunks[chunk_index]
            new = old.with_inserted(by_chunk[chunk_index])
            self._bytes += new.size - old.size
            self.chunks[chunk_index : chunk_index + 1] = new.divided()
            inserted = (data for _, lines in by_chunk[chunk_index] for data, *_ in lines)
            self.widest = max(self.widest, *map(len, inserted))
        if by_chunk:
            self._restart()
            self._trim()

    def set_mark(self, position: int, *, marked: bool) -> None:
        """Mark a line, or take its mark away."""
        chunk_index, index = self.locate(position)
        flags = self.chunks[chunk_index].flags
        flags[index] = flags[index] | MARKED if marked else flags[index] & ~MARKED

    def marked_line(self, source: int, seq: int) -> int | None:
        """The position of the marked line with that number; None where there is none."""
        for chunk, start in zip(self.chunks, self._starts, strict=True):
            if seq in chunk.seqs:
                for at in range(chunk.seqs.index(seq), len(chunk)):
                    is_it = chunk.seqs[at] == seq and chunk.sources[at] == source
                    if is_it and chunk.flags[at] & MARKED:
                        return start + at
        return None

    def lose_marks(self) -> LostMarks:
        """All lines that are marked, for another ring of the same log."""
        for chunk in self.chunks:
            self.lost_marks.keep(chunk)
        return self.lost_marks

    def turn(self, position: int) -> None:
        """Fold the record of a line where it is open, or open it."""
        chunk_index, index = self.locate(position)
        chunk = self.chunks[chunk_index]
        for each in range(chunk.record_start(index), chunk.record_end(index)):
            chunk.flags[each] ^= TURNED

    def turn_none(self) -> None:
        """Have all records as they usually are, open or folded."""
        for chunk in self.chunks:
            chunk.flags[:] = chunk.flags.translate(_NOT_TURNED)

    def drop_oldest(self) -> int:
        """Drop the oldest chunk, and return how many bytes that made free."""
        if len(self.chunks) < 2:
            return 0
        chunk = self.chunks.pop(0)
        self.lost_marks.keep(chunk)
        self.borders |= {source: seq + 1 for source, seq in chunk.last_seqs().items()}
        self.dropped += len(chunk)
        self._first += len(chunk)
        self._bytes -= chunk.size
        self._starts.pop(0)
        self.version += 1
        return chunk.size

    def drop_newest(self) -> int:
        """Drop the newest chunk, and return how many bytes that made free."""
        if len(self.chunks) < 2:
            return 0
        chunk = self.chunks.pop()
        self.lost_marks.keep(chunk)
        first = chunk.first_seqs()
        self.borders |= first
        self.cut_at |= first
        self.dropped_newest += len(chunk)
        self._reader = LineReader()
        self._starts.pop()
        self._bytes -= chunk.size
        self.version += 1
        return chunk.size

    # ---------------------------------------------------------------------------------------

    def _add(self, lines: Sequence[NewLine]) -> None:
        if not lines:
            return
        chunk = self.chunks[-1] if self.chunks else self._open_chunk()
        before = chunk.size
        self.widest = max(self.widest, chunk.add_all(lines))
        self._bytes += chunk.size - before

    def _with_marks(self, lines: Sequence[NewLine]) -> Sequence[NewLine]:
        """The lines, those marked that were when they were dropped."""
        return [self._marked_again(line) for line in lines] if self.lost_marks else lines

    def _marked_again(self, line: NewLine) -> NewLine:
        data, seq, time, flags, source = line
        return (data, seq, time, flags | MARKED, source) if self.lost_marks.take(line) else line

    def _join(self, position: int, reader: LineReader) -> None:
        """Have the lines from `position` on, where a chunk begins, belong to those before it, as
        far as `reader`, which has read these, says so.
        """
        at, _ = self.locate(position)
        coming = (chunk.new_line(n) for chunk in self.chunks[at:] for n in range(len(chunk)))
        lines = [*reader.read_again(coming)]
        if not lines:
            return
        self.chunks[at - 1].add_all(lines)
        left = len(lines)
        while left and left >= len(self.chunks[at]):
            left -= len(self.chunks.pop(at))
        if left:
            rest = Chunk()
            rest.extend(self.chunks[at], left, len(self.chunks[at]))
            self.chunks[at] = rest
        self._bytes = sum(chunk.size for chunk in self.chunks)
        self._restart()

    def _open_chunk(self) -> Chunk:
        """Another chunk at the end."""
        self._starts.append(self.end)
        self.chunks.append(Chunk())
        self.version += 1
        return self.chunks[-1]

    def _restart(self) -> None:
        """Count anew at which position each chunk starts."""
        self._starts = []
        position = self._first
        for chunk in self.chunks:
            self._starts.append(position)
            position += len(chunk)
        self.version += 1

    def _trim(self) -> None:
        while self._bytes > self.max_bytes and self.drop_oldest():
            pass


def note_line(text: str, time: int, level: Level = Level.UNKNOWN, source: int = 0) -> NewLine:
    """A line of our own, which every filter lets pass; `time` in milliseconds."""
    return text.encode("utf-8", "replace"), 0, time, NOTE | level, source


def _first_time(chunk: Chunk) -> int:
    return chunk.times[0]
