"""How one subscriber wants a log: which entries, in which messages, in which frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.server.frames import Form, frame, now_ms

CHUNK_BYTES: Final = 64 * 1024
"""About what one batch or one join of single messages holds; far below the message limit."""

CHUNK_ENTRIES: Final = 256
"""Entries of a chunk at most: of usual lines about as much."""

_encoder = msgspec.json.Encoder()


class EncodedEntry:
    """A log entry with its JSON, encoded once for all subscribers."""

    __slots__ = ("json", "seq", "stream")

    def __init__(self, entry: LogEntry) -> None:
        if entry.seq is None:
            raise ValueError("an entry has a seq once it is committed")
        self.seq: int = entry.seq
        self.stream = entry.stream
        self.json = _encoder.encode(entry)


@dataclass(frozen=True, slots=True)
class LogView:
    """One subscription's filter and form; equal views share what is rendered.

    `batch` joins entries in `logs` messages (`?batch=1`); without it each is a `log` message of
    the guide. `request_id` goes into each of them.
    """

    environment_id: str
    stream: StreamFilter
    form: Form
    batch: bool = False
    request_id: str | None = None

    @property
    def is_extended(self) -> bool:
        """Whether the subscriber asked for more than the guide has."""
        return self.batch or self.request_id is not None

    def render(self, entries: Sequence[EncodedEntry], through: int) -> bytes:
        """The frames that carry what matches of `entries`, up to seq `through`; may be empty."""
        if self.stream != "all":
            entries = [entry for entry in entries if entry.stream == self.stream]
        if not entries:
            return b""
        return self._one_batch(entries, through) if self.batch else self._singles(entries)

    def _one_batch(self, entries: Sequence[EncodedEntry], through: int) -> bytes:
        head = b'{"type":"logs","payload":{"environmentId":%b,"throughSeq":%d,%b"entries":[' % (
            _encoder.encode(self.environment_id),
            through,
            self._request_field(),
        )
        body = b",".join([entry.json for entry in entries])
        return frame(head + body + b']},"timestamp":%d}' % now_ms(), self.form)

    def _singles(self, entries: Sequence[EncodedEntry]) -> bytes:
        head = b'{"type":"log","payload":{' + self._request_field()
        tail = b',"timestamp":%d}' % now_ms()
        form = self.form
        return b"".join([frame(head + entry.json[1:] + tail, form) for entry in entries])

    def _request_field(self) -> bytes:
        if self.request_id is None:
            return b""
        return b'"requestId":%b,' % _encoder.encode(self.request_id)


def chunk_end(entries: Sequence[EncodedEntry], start: int) -> int:
    """The index after the entries from `start` that make one chunk; at least one of them.

    A chunk ends by its size, and where the number of its last entry is a multiple of
    CHUNK_ENTRIES: so readers who begin anywhere soon read the same chunks.
    """
    size = 0
    aligned = start + CHUNK_ENTRIES - (entries[start].seq - 1) % CHUNK_ENTRIES
    end = min(aligned, len(entries))
    for index in range(start, end):
        size += len(entries[index].json)
        if size >= CHUNK_BYTES:
            return index + 1
    return end
