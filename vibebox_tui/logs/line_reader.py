"""A log's entries as lines: how severe each is, when it was, and which of them belong together."""

from collections.abc import Iterable, Iterator
from typing import Final

from vibebox_tui.logs.chunk import CHUNK_BYTES, CONTINUATION, MARKED, NOTE, STDERR, NewLine
from vibebox_tui.logs.levels import Level, recognise
from vibebox_tui.logs.records import RecordReader
from vibebox_tui.logs.times import UNKNOWN_TIME, to_milliseconds
from vibebox_tui.protocol.messages import LogEntry

RECORD_LINES: Final = 2000
"""Lines after which a record is cut: a chunk holds whole records, and is not to grow on one."""


_ERROR: Final = int(Level.ERROR)


class LineReader:
    """Reads the entries of one log, in their order.

    An entry with line feeds in it becomes several lines of one record. An entry without a time
    has that of the one before it.
    """

    def __init__(self, source: int = 0) -> None:
        self.source = source
        self._records = RecordReader()
        self._lines = 0
        self._bytes = 0
        """Of the record that is being read."""
        self._flags = 0
        self._stamp: str | None = None
        self._time = UNKNOWN_TIME
        self._stream = ""

    def read(self, entries: Iterable[LogEntry]) -> Iterator[NewLine]:
        """The lines of some more entries."""
        for entry in entries:
            message = entry.message
            if entry.timestamp != self._stamp:  # many have that of the one before
                self._stamp = entry.timestamp
                self._time = to_milliseconds(entry.timestamp) or self._time
            if entry.stream != self._stream:
                self._stream = entry.stream
                self._records.interrupt()
            seq = entry.seq or 0
            if "\n" not in message and "\r" not in message:
                yield self._line(message, seq, self._flags_of(message))
                continue
            head, *rest = message.rstrip("\r\n").split("\n")
            yield self._line(head, seq, self._flags_of(head))
            for text in rest:
                yield self._line(text, seq, self._flags | CONTINUATION)

    def read_again(self, lines: Iterable[NewLine]) -> Iterator[NewLine]:
        """Lines that came after what was read and were read without knowing that: as they are with
        it, up to the first one that begins a record either way.
        """
        last_seq = 0
        for data, seq, time, flags, source in lines:
            if seq and seq == last_seq:  # of an entry with line feeds
                again = self._flags | CONTINUATION
            elif flags & NOTE or ("stderr" if flags & STDERR else "stdout") != self._stream:
                return
            else:
                again = self._flags_of(data.decode())
            if not (flags | again) & CONTINUATION:
                return
            last_seq = seq
            self._line(data.decode(), seq, again)
            yield data, seq, time, again | flags & MARKED, source

    def interrupt(self) -> None:
        """Something else came in between: what follows begins a new record."""
        self._records.interrupt()

    # ---------------------------------------------------------------------------------------

    def _flags_of(self, text: str) -> int:
        """Level and stream of a line; those of its record, where it continues one."""
        level = recognise(text)
        if self._records.continues(text, is_error=level >= _ERROR) and self._has_room:
            return self._flags | CONTINUATION
        return (STDERR | level) if self._stream == "stderr" else level

    @property
    def _has_room(self) -> bool:
        return self._lines < RECORD_LINES and self._bytes < CHUNK_BYTES

    def _line(self, text: str, seq: int, flags: int) -> NewLine:
        data = text.encode("utf-8", "replace")
        if flags & CONTINUATION:
            self._lines += 1
            self._bytes += len(data)
        else:
            self._lines, self._bytes, self._flags = 1, len(data), flags
        return data, seq, self._time, flags, self.source
