"""Lines of a log in the one form that they have from their capture to their delivery.

A line is encoded once, as the JSON string that it will be in every message, and kept so: in the
store, in the ring of who reads live, in a page of who catches up. Only who searches decodes it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from vibebox_tui.protocol.messages import LogEntry, Stream
from vibebox_tui.server.records import LogLine
from vibebox_tui.server.times import iso_time

_encode_lines = msgspec.json.Encoder().encode_lines
_decode_lines = msgspec.json.Decoder(str).decode_lines


class LogBlock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Successive lines of one stream that came at one time, milliseconds since the epoch.

    `messages` are JSON strings, one a line: an end of line within is escaped by JSON. There is
    one at least.
    """

    time: int
    stream: Stream
    messages: bytes

    @classmethod
    def of(cls, time: int, stream: Stream, messages: Sequence[str]) -> "LogBlock":
        """Encode lines."""
        return cls(time, stream, _encode_lines(messages)[:-1])

    @property
    def count(self) -> int:
        """How many lines."""
        return self.messages.count(b"\n") + 1

    def encoded(self) -> list[bytes]:
        """Each line as it is sent."""
        return self.messages.split(b"\n")

    def decoded(self) -> list[str]:
        """Each line as text."""
        return _decode_lines(self.messages)

    def part(self, messages: Sequence[bytes]) -> "LogBlock":
        """The same with some of its lines only, which are one at least."""
        return LogBlock(self.time, self.stream, b"\n".join(messages))


class LogSpan(NamedTuple):
    """A piece of an environment's log: blocks, the first line of which has the number `start`."""

    environment_id: str
    start: int
    blocks: Sequence[LogBlock]

    def entries(self) -> Iterator[LogEntry]:
        """Each line as an entry."""
        seq = self.start
        for block in self.blocks:
            timestamp = iso_time(block.time)
            for message in block.decoded():
                yield LogEntry(self.environment_id, block.stream, message, timestamp, seq)
                seq += 1


def blocks_of(lines: Iterable[LogLine]) -> list[LogBlock]:
    """Lines that have a time and a stream each, in as few blocks as keep their order."""
    return [
        LogBlock.of(time, stream, [line.message for line in group])
        for (time, stream), group in groupby(lines, lambda line: (line.time, line.stream))
    ]
