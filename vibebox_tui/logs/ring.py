"""The lines of a log that are in memory: chunks in a row, bounded by bytes."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vibebox_tui.logs.chunk import (
    CHUNK_BYTES,
    COLUMN_BYTES,
    CONTINUATION,
    LEVEL_BITS,
    MARKED,
    NOTE,
    STDERR,
)
from vibebox_tui.logs.chunk import Chunk as Chunk
from vibebox_tui.logs.chunk import Line as Line
from vibebox_tui.logs.levels import Level, recognise
from vibebox_tui.logs.records import RecordReader
from vibebox_tui.logs.times import to_milliseconds
from vibebox_tui.protocol.messages import LogEntry

DEFAULT_BYTES: Final = 256 * 1024 * 1024
"""Memory of a log where nobody says otherwise: about a million and a half lines."""

RECORD_LINES: Final = 2000
"""Lines after which a record is cut: a chunk holds whole records, and is not to grow on one."""


class Ring:
    """The newest lines of a log, within `max_bytes` of memory.

    A line's position never changes: it counts from 0 for the first line that was appended, and
    goes below 0 for older lines that were put in front of it. `first` and `end` bound what is in
    memory. An entry with line feeds in it becomes several lines of one record.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self.max_bytes = max_bytes
        self.chunks: list[Chunk] = []
        self.version = 0
        """Changes whenever `chunks` has others in it than before."""
        self.dropped = 0
        """Lines that were dropped from the front to stay within the bound."""
        self.widest = 0
        """Bytes of the longest line there was."""
        self._first = 0
        self._starts: list[int] = []
        self._bytes = 0
        self._records = RecordReader()
        self._record_lines = 0
        self._last_stderr: bool | None = None

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

    # --- writing ---------------------------------------------------------------------------

    def append(self, entries: Iterable[LogEntry]) -> int:
        """Add entries at the end and return how many lines they became."""
        before = self.end
        for entry in entries:
            self._append_entry(entry)
        added = self.end - before
        self._trim()
        return added

    def append_note(self, text: str, time: int, *, level: Level = Level.UNKNOWN) -> None:
        """Add a line of our own, which every filter lets pass; `time` in milliseconds."""
        self._add(text, 0, time, NOTE | level)
        self._records.interrupt()
        self._trim()

    def prepend(self, entries: Sequence[LogEntry]) -> int:
        """Put older entries before the oldest line and return how many lines they became."""
        older = Ring(self.max_bytes)
        added = older.append(entries)
        for chunk in older.chunks:
            chunk.is_full = True
        self.chunks[:0] = older.chunks
        self._first -= added
        self._bytes += older.size
        self.widest = max(self.widest, older.widest)
        self._restart()
        return added

    def set_mark(self, position: int, *, marked: bool) -> None:
        """Mark a line, or take its mark away."""
        chunk_index, index = self.locate(position)
        flags = self.chunks[chunk_index].flags
        flags[index] = flags[index] | MARKED if marked else flags[index] & ~MARKED

    def drop_oldest(self) -> int:
        """Drop the oldest chunk, and return how many bytes that made free."""
        if len(self.chunks) < 2:
            return 0
        chunk = self.chunks.pop(0)
        self.dropped += len(chunk)
        self._first += len(chunk)
        self._bytes -= chunk.size
        self._starts.pop(0)
        self.version += 1
        return chunk.size

    # ---------------------------------------------------------------------------------------

    def _append_entry(self, entry: LogEntry) -> None:
        stderr = entry.stream == "stderr"
        time = to_milliseconds(entry.timestamp) or self._last_time()
        message = entry.message.rstrip("\r\n")
        if "\n" not in message:
            self._append_line(message, entry.seq or 0, time, stderr)
            return
        head, *rest = message.split("\n")
        self._append_line(head, entry.seq or 0, time, stderr)
        for line in rest:
            self._add(line, entry.seq or 0, time, self._flags_before() | CONTINUATION)

    def _append_line(self, text: str, seq: int, time: int, stderr: bool) -> None:
        if stderr is not self._last_stderr:
            self._records.interrupt()
            self._last_stderr = stderr
        level = recognise(text)
        if self._records.continues(text, is_error=level >= Level.ERROR) and self._has_room():
            self._add(text, seq, time, self._flags_before() | CONTINUATION)
        else:
            self._add(text, seq, time, (STDERR | level) if stderr else level)

    def _has_room(self) -> bool:
        return self._record_lines < RECORD_LINES and len(self.chunks[-1].text) < 2 * CHUNK_BYTES

    def _flags_before(self) -> int:
        """Level and stream of the line before: those of its record."""
        return self.chunks[-1].flags[-1] & (LEVEL_BITS | STDERR)

    def _last_time(self) -> int:
        return self.chunks[-1].times[-1] if self.chunks else 0

    def _add(self, text: str, seq: int, time: int, flags: int) -> None:
        data = text.encode("utf-8", "replace")
        self._open_chunk(flags).add(data, seq, time, flags)
        self._bytes += len(data) + 1 + COLUMN_BYTES
        if len(data) > self.widest:
            self.widest = len(data)

    def _open_chunk(self, flags: int) -> Chunk:
        """The chunk to add to: a new one where the last is full and no record would be cut."""
        if flags & CONTINUATION:
            self._record_lines += 1
            return self.chunks[-1]
        self._record_lines = 1
        if not self.chunks or self.chunks[-1].is_full or self.chunks[-1].wants_no_more:
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
