"""How one subscriber wants a log: which entries, in which messages, in which frames."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from vibebox_tui.protocol.messages import Stream, StreamFilter
from vibebox_tui.server.frames import Form, frame, frames_between, now_ms
from vibebox_tui.server.times import iso_time

_encode = msgspec.json.Encoder().encode


class Lines(NamedTuple):
    """Successive lines of one stream and one time, the first of number `seq`; see `LogBlock`."""

    seq: int
    time: int
    stream: Stream
    messages: Sequence[bytes]


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

    def render(self, lines: Iterable[Lines], through: int) -> bytes:
        """The frames that carry what matches of `lines`, up to seq `through`; may be empty."""
        wanted = [some for some in lines if self.stream in ("all", some.stream)]
        if not wanted:
            return b""
        return self._one_batch(wanted, through) if self.batch else self._singles(wanted)

    def _one_batch(self, lines: Iterable[Lines], through: int) -> bytes:
        head = b'{"type":"logs","payload":{"environmentId":%b,"throughSeq":%d,%b"entries":[' % (
            _encode(self.environment_id),
            through,
            self._request_field(),
        )
        body = b",".join(self._entries(lines))
        return frame(b'%b%b]},"timestamp":%d}' % (head, body, now_ms()), self.form)

    def _entries(self, lines: Iterable[Lines]) -> Iterator[bytes]:
        for some in lines:
            head = b"{" + self._common(some)
            for seq, message in enumerate(some.messages, some.seq):
                yield b'%b%b,"seq":%d}' % (head, message, seq)

    def _singles(self, lines: Iterable[Lines]) -> bytes:
        tail = b',"seq":%%d},"timestamp":%d}' % now_ms()
        opening = b'{"type":"log","payload":{' + self._request_field()
        return b"".join([
            frames_between(
                opening + self._common(some),
                some.messages,
                map(tail.__mod__, range(some.seq, some.seq + len(some.messages))),
                self.form,
            )
            for some in lines
        ])  # fmt: skip

    def _common(self, lines: Lines) -> bytes:
        """What all these entries have in common, and the name of what they haven't."""
        return b'"environmentId":%b,"stream":"%b","timestamp":"%b","message":' % (
            _encode(self.environment_id),
            lines.stream.encode(),
            iso_time(lines.time).encode(),
        )

    def _request_field(self) -> bytes:
        if self.request_id is None:
            return b""
        return b'"requestId":%b,' % _encode(self.request_id)
