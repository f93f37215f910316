"""The engine's log as records: pure, from the bytes of an answer to whole lines with their time.

A record is what the engine has kept of one write: a line, or a piece of a long one, with a time.
The engine numbers nothing, so a place in the log is a time and how many records of that time were
before it: Docker's times have nanoseconds, Podman's only seconds.
"""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from vibebox_tui.protocol.messages import Stream
from vibebox_tui.server.lines import LineSplitter
from vibebox_tui.server.records import CapturePosition, LogLine
from vibebox_tui.server.runtimes.docker.moments import nanoseconds

_HEADER: Final = struct.Struct(">BxxxL")
"""Before each record of a container without a TTY: the stream and the length (Engine API)."""

_STREAMS: Final[dict[int, Stream]] = {0: "stdout", 1: "stdout", 2: "stderr"}

_LONGEST_MOMENT: Final = len("2006-01-02T15:04:05.999999999+07:00")

_MILLISECOND: Final = 1_000_000


class Record(NamedTuple):
    """One record; `time` is in nanoseconds, None for what goes on from the record before."""

    stream: Stream
    time: int | None
    data: bytes


class FrameReader:
    """Takes the log of a container without a TTY apart: both streams, each record in a frame."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Record]:
        """The records that `data` completes."""
        data = self._rest + data
        records, start = [], 0
        while len(data) - start >= _HEADER.size:
            number, length = _HEADER.unpack_from(data, start)
            end = start + _HEADER.size + length
            if len(data) < end:
                break
            records.append(_record(_STREAMS.get(number, "stdout"), data[end - length : end]))
            start = end
        self._rest = data[start:]
        return records


class PlainReader:
    """Takes the log of a container with a TTY apart: both engines send each record by itself."""

    def feed(self, data: bytes) -> list[Record]:
        """The record that is `data`, one chunk of the answer."""
        return [_record("stdout", data)] if data else []


class LogAssembler:
    """Records become lines: pieces are joined, and those that were taken before are left out."""

    def __init__(self, run: str, known: Iterable[CapturePosition] = ()) -> None:
        places = {place.stream: place for place in known}
        self._streams = {
            stream: _StreamAssembler(run, stream, places.get(stream))
            for stream in ("stdout", "stderr")
        }

    @property
    def since(self) -> int | None:
        """From which second on the log is wanted; None for all of it.

        The older of both places, and a second more: engines don't agree on whether a log since
        a time has what was written at that time.
        """
        times = [assembler.time for assembler in self._streams.values() if assembler.time]
        return min(times) // 1_000_000_000 - 1 if times else None

    @property
    def pending(self) -> bool:
        """Whether there is a piece of a line that `flush` would give out."""
        return any(assembler.pending for assembler in self._streams.values())

    def rewind(self) -> None:
        """The log is going to be read again from `since`."""
        for assembler in self._streams.values():
            assembler.rewind()

    def feed(self, records: Iterable[Record]) -> list[LogLine]:
        """The lines that the records complete."""
        return [line for record in records for line in self._streams[record.stream].feed(record)]

    def flush(self) -> list[LogLine]:
        """The pieces that have come so far, as lines."""
        return [line for assembler in self._streams.values() for line in assembler.flush()]

    def places(self) -> list[CapturePosition]:
        """How far the lines given out so far have used up the log."""
        return [place for a in self._streams.values() if (place := a.place()) is not None]


class _StreamAssembler:
    def __init__(self, run: str, stream: Stream, known: CapturePosition | None) -> None:
        self._run = run
        self._stream = stream
        self._given = known or CapturePosition(run, stream, 0)
        self.rewind()

    @property
    def time(self) -> int:
        return self._given.position

    @property
    def pending(self) -> bool:
        return self._splitter.pending

    def rewind(self) -> None:
        given = self._given
        self._splitter = LineSplitter(cut=given.cut)
        self._time, self._nth = given.position, 0
        self._skip_to = (given.position, given.nth)
        self._skipping = False

    def feed(self, record: Record) -> list[LogLine]:
        if record.time is not None and self._is_known(record.time):
            return []
        if record.time is None and self._skipping:
            return []
        lines = self._splitter.feed(record.data)
        self._keep()
        return self._lines(lines)

    def flush(self) -> list[LogLine]:
        lines = self._splitter.flush()
        self._keep()
        return self._lines(lines)

    def place(self) -> CapturePosition | None:
        return self._given if self._given.position else None

    def _is_known(self, time: int) -> bool:
        """Count the record, and say whether it was taken before."""
        self._nth = self._nth + 1 if time == self._time else 1
        self._time = time
        self._skipping = (time, self._nth) <= self._skip_to
        if not self._skipping:
            self._skip_to = (0, 0)  # a clock set back makes nothing known
        return self._skipping

    def _keep(self) -> None:
        """Everything up to here has become lines, unless a piece waits for its end.

        Where nothing has become a line yet, the place is the one before the first piece.
        """
        pending = self._splitter.pending
        if not pending or not self._given.position:
            nth = self._nth - 1 if pending else self._nth
            cut = self._given.cut if pending else self._splitter.cut
            self._given = CapturePosition(self._run, self._stream, self._time, cut, nth)

    def _lines(self, lines: list[str]) -> list[LogLine]:
        time = self._time // _MILLISECOND
        return [LogLine(time, self._stream, line) for line in lines]


def _record(stream: Stream, data: bytes) -> Record:
    """A record's time and its text, one blank between them."""
    blank = data.find(b" ", 0, _LONGEST_MOMENT + 1)
    time = nanoseconds(data[:blank].decode("ascii", "replace")) if blank > 0 else None
    return Record(stream, time, data if time is None else data[blank + 1 :])
