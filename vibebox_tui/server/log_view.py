"""How one subscriber wants a log: which entries, in which messages, in which frames."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from vibebox_tui.protocol.messages import LogEntry, Stream, StreamFilter
from vibebox_tui.server.frames import Form, frame, frames_between, now_ms

_encoder = msgspec.json.Encoder()


class EncodedEntry(msgspec.Struct, frozen=True, gc=False):
    """A log entry with its JSON but for the opening brace, encoded once for all subscribers."""

    stream: Stream
    json: bytes


def encode_entries(entries: Sequence[LogEntry]) -> list[EncodedEntry]:
    """Encode entries that have a `seq`, all at once."""
    lines = _encoder.encode_lines(entries)  # no line has an end within: JSON escapes it
    jsons = lines[1:-1].split(b"\n{")
    return [EncodedEntry(entry.stream, json) for entry, json in zip(entries, jsons, strict=False)]


class LogView(NamedTuple):
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
        body = b",{".join([entry.json for entry in entries])
        return frame(b'%b{%b]},"timestamp":%d}' % (head, body, now_ms()), self.form)

    def _singles(self, entries: Sequence[EncodedEntry]) -> bytes:
        head = b'{"type":"log","payload":{' + self._request_field()
        tail = b',"timestamp":%d}' % now_ms()
        return frames_between(head, [entry.json for entry in entries], tail, self.form)

    def _request_field(self) -> bytes:
        if self.request_id is None:
            return b""
        return b'"requestId":%b,' % _encoder.encode(self.request_id)
