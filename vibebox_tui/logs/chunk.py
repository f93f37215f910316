"""Lines in columns: the text of many lines in one piece, and an array for each other fact."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from vibebox_tui.logs.ansi import strip_sequences
from vibebox_tui.logs.levels import Level

CHUNK_BYTES: Final = 128 * 1024
"""Text after which a chunk is full: small enough that scanning one takes about a millisecond."""

CHUNK_LINES: Final = 4096
"""Lines after which a chunk is full, for the same reason where lines are short."""

LEVEL_BITS: Final = 0b0000_0111
STDERR: Final = 0b0000_1000
CONTINUATION: Final = 0b0001_0000
"""A line that belongs to the one before it: a frame of a stack trace, an indented line."""
NOTE: Final = 0b0010_0000
"""A line of our own in the log: an interruption, a hole, a separator."""
MARKED: Final = 0b0100_0000
TURNED: Final = 0b1000_0000
"""A line of a record that is folded where others aren't, or open where others are folded."""

IS_MARKED: Final = bytes(bool(flags & MARKED) for flags in range(256))
"""Translates flags into whether a line is marked."""

COLUMN_BYTES: Final = 4 + 8 + 8 + 1 + 1
"""What a line takes beside its text: end, sequence number, time, flags, source."""

LEVELS: Final = bytes(flags & LEVEL_BITS for flags in range(256))
"""Translates flags into levels."""

NewLine = tuple[bytes, int, int, int, int]
"""A line to add: its text in UTF-8, sequence number, time, flags and source."""

_BEGINS: Final = bytes(not flags & CONTINUATION for flags in range(256))
"""Translates flags into whether a line begins a record."""

_IS_NOTE: Final = bytes(bool(flags & NOTE) for flags in range(256))
"""Translates flags into whether a line is our own."""


class Line(NamedTuple):
    """One line, made when it is asked for.

    `position` is its place in the log it was taken from; `seq` the server's number (0: none),
    `time` milliseconds since the epoch (0: unknown), `source` which of the merged environments it
    comes from. `text` is as it came, escape sequences and all.
    """

    position: int
    seq: int
    time: int
    flags: int
    source: int
    text: str

    @property
    def level(self) -> Level:
        return Level(self.flags & LEVEL_BITS)

    @property
    def stream(self) -> str:
        return "stderr" if self.flags & STDERR else "stdout"

    @property
    def is_continuation(self) -> bool:
        return bool(self.flags & CONTINUATION)

    @property
    def is_note(self) -> bool:
        return bool(self.flags & NOTE)

    @property
    def is_marked(self) -> bool:
        return bool(self.flags & MARKED)


class Chunk:
    """Consecutive lines, oldest first; lines are only ever added at its end, or all replaced.

    `text` holds the lines in UTF-8, each ended by a line feed; line feeds don't occur in a line.
    """

    __slots__ = ("ends", "flags", "notes", "seqs", "sources", "text", "times")

    def __init__(self) -> None:
        self.text = bytearray()
        self.ends = array("I")
        self.seqs = array("q")
        self.times = array("q")
        self.flags = bytearray()
        self.sources = bytearray()
        self.notes = 0
        """How many of the lines are our own."""

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def size(self) -> int:
        """Bytes in memory, near enough."""
        return len(self.text) + COLUMN_BYTES * len(self.ends)

    @property
    def wants_no_more(self) -> bool:
        """Whether the next record should begin a new chunk."""
        return len(self.text) >= CHUNK_BYTES or len(self.ends) >= CHUNK_LINES

    def add(self, text: bytes, seq: int, time: int, flags: int, source: int = 0) -> None:
        """Add one line without its line feed; it is folded with the record that it continues."""
        if flags & CONTINUATION and self.flags:
            flags |= self.flags[-1] & TURNED
        self.text += text
        self.text += b"\n"
        self.ends.append(len(self.text) - 1)
        self.seqs.append(seq)
        self.times.append(time)
        self.flags.append(flags)
        self.sources.append(source)
        if flags & NOTE:
            self.notes += 1

    def add_all(self, lines: Sequence[NewLine]) -> int:
        """Add lines, at least one, and return the bytes of the longest."""
        if self.flags and self.flags[-1] & TURNED:  # what continues a folded record, one by one
            for line in lines:
                self.add(*line)
            return max(len(line[0]) for line in lines)
        texts, seqs, times, flags, sources = zip(*lines, strict=True)
        lengths = [*map(len, texts)]
        ends = accumulate(length + 1 for length in lengths)
        start = len(self.text) - 1
        self.text += b"\n".join(texts)
        self.text += b"\n"
        self.ends.extend([start + end for end in ends])
        self.seqs.extend(seqs)
        self.times.extend(times)
        self.flags.extend(flags)
        self.sources.extend(sources)
        self.notes += sum(bytes(flags).translate(_IS_NOTE))
        return max(lengths)

    def extend(self, other: "Chunk", start: int, end: int) -> None:
        """Add the lines of another chunk from index `start` up to before `end`."""
        if start >= end:
            return
        begin = other.ends[start - 1] + 1 if start else 0
        shift = len(self.text) - begin
        self.text += other.text[begin : other.ends[end - 1] + 1]
        self.ends.extend([at + shift for at in other.ends[start:end]])
        self.seqs += other.seqs[start:end]
        self.times += other.times[start:end]
        self.flags += other.flags[start:end]
        self.sources += other.sources[start:end]
        self.notes += sum(other.flags[start:end].translate(_IS_NOTE))

    def with_inserted(self, places: Iterable[tuple[int, Iterable[NewLine]]]) -> "Chunk":
        """Another chunk that has some more lines, before those at ascending indices."""
        new = Chunk()
        copied = 0
        for index, lines in places:
            new.extend(self, copied, index)
            copied = index
            for line in lines:
                new.add(*line)
        new.extend(self, copied, len(self))
        return new

    def divided(self) -> "list[Chunk]":
        """The same lines in as many chunks as they are too many for one, no record cut."""
        if len(self.text) < 2 * CHUNK_BYTES and len(self) < 2 * CHUNK_LINES:
            return [self]
        middle = self.record_start(len(self) // 2) or self.record_end(len(self) // 2)
        if middle >= len(self):
            return [self]
        first, second = Chunk(), Chunk()
        first.extend(self, 0, middle)
        second.extend(self, middle, len(self))
        return [*first.divided(), *second.divided()]

    def raw(self, index: int) -> bytes:
        """The text of a line in UTF-8."""
        start = self.ends[index - 1] + 1 if index else 0
        return bytes(self.text[start : self.ends[index]])

    def new_line(self, index: int) -> NewLine:
        """A line as it would be added to another chunk."""
        flags, source = self.flags[index], self.sources[index]
        return self.raw(index), self.seqs[index], self.times[index], flags, source

    def line(self, index: int, position: int) -> Line:
        """A line by its index in here, told that it stands at `position` in the log."""
        return Line(
            position,
            self.seqs[index],
            self.times[index],
            self.flags[index],
            self.sources[index],
            self.raw(index).decode(),
        )

    def searchable(self, start: int = 0) -> str:
        """The lines from index `start` on as one text without escape sequences, joined by `\\n`."""
        if start >= len(self.ends):
            return ""
        begin = self.ends[start - 1] + 1 if start else 0
        return strip_sequences(self.text[begin:-1].decode())

    def record_start(self, index: int) -> int:
        """The index of the line that the record of line `index` begins with."""
        return max(0, self.flags.translate(_BEGINS).rfind(1, 0, index + 1))

    def record_end(self, index: int) -> int:
        """The index after the last line of the record of line `index`."""
        end = self.flags.translate(_BEGINS).find(1, index + 1)
        return len(self.flags) if end < 0 else end

    def first_seqs(self) -> dict[int, int]:
        """By source, the number of its first line that has one."""
        return self._outer_seqs(self.sources.find, 1)

    def last_seqs(self) -> dict[int, int]:
        """By source, the number of its last line that has one."""
        return self._outer_seqs(self.sources.rfind, -1)

    def _outer_seqs(self, find: Callable[[int, int, int], int], step: int) -> dict[int, int]:
        found: dict[int, int] = {}
        for source in set(self.sources):
            at = find(source, 0, len(self))
            while at >= 0 and not self.seqs[at]:
                at = find(source, at + 1, len(self)) if step > 0 else find(source, 0, at)
            if at >= 0:
                found[source] = self.seqs[at]
        return found

    def at_time(self, time: int) -> int:
        """The index after the last line whose time is before `time`, where times are in order."""
        return bisect_right(self.times, time - 1)
