"""Encoded messages as WebSocket frames: each built once, however many connections send it.

A server's frames are not masked (RFC 6455, section 5.3), so that the same bytes go to everybody.
permessage-deflate is negotiated without context takeover for the same reason (RFC 7692, 7.1.1).
"""

import time
import zlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from vibebox_tui.protocol.codec import deflate, encode
from vibebox_tui.protocol.messages import Message

COMPRESS_FROM_BYTES: Final = 1024
"""Shorter messages aren't worth permessage-deflate: it may be left out frame by frame."""

_FIN: Final = 0x80
_COMPRESSED: Final = 0x40
_TEXT: Final = 0x01
_BINARY: Final = 0x02
_EMPTY_BLOCK: Final = b"\x00\x00\xff\xff"
"""What a sync flush ends with and a permessage-deflate frame leaves out (RFC 7692, 7.2.1)."""


class Form(StrEnum):
    """How a connection wants its messages."""

    TEXT = "text frames"
    PERMESSAGE_DEFLATE = "text frames, long ones compressed by permessage-deflate"
    DEFLATE = "binary frames of zlib-deflated JSON: ?compression=deflate"


def frame(message: bytes, form: Form) -> bytes:
    """The one frame that carries an encoded message."""
    if form is Form.DEFLATE:
        return _frame(_FIN | _BINARY, deflate(message))
    if form is Form.PERMESSAGE_DEFLATE and len(message) >= COMPRESS_FROM_BYTES:
        return _frame(_FIN | _COMPRESSED | _TEXT, _deflate_raw(message))
    return _frame(_FIN | _TEXT, message)


def frames_between(
    head: bytes, bodies: Iterable[bytes], tails: Iterable[bytes], form: Form
) -> bytes:
    """The frames of messages that begin alike, a body and a tail each, in one piece."""
    if form is not Form.TEXT:
        messages = [b"%b%b%b" % (head, *rest) for rest in zip(bodies, tails, strict=True)]
        return b"".join([frame(message, form) for message in messages])
    openings: dict[int, bytes] = {}  # by the length of what follows
    pieces: list[bytes] = []
    for body, tail in zip(bodies, tails, strict=True):
        size = len(body) + len(tail)
        opening = openings.get(size)
        if opening is None:
            opening = openings[size] = _header(_FIN | _TEXT, len(head) + size) + head
        pieces += (opening, body, tail)
    return b"".join(pieces)


def now_ms() -> int:
    """The envelope's timestamp: milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Prepared:
    """One message for many connections: encoded once, framed once for each form in use."""

    __slots__ = ("_frames", "message")

    def __init__(self, message: bytes) -> None:
        self.message = message
        self._frames: dict[Form, bytes] = {}

    @classmethod
    def of(cls, message: Message) -> "Prepared":
        """Encode `message`."""
        return cls(encode(message))

    def frame(self, form: Form) -> bytes:
        """The message's frame in `form`."""
        known = self._frames.get(form)
        if known is None:
            known = self._frames[form] = frame(self.message, form)
        return known


def _frame(head: int, data: bytes) -> bytes:
    return _header(head, len(data)) + data


def _header(head: int, size: int) -> bytes:
    """What a frame begins with (RFC 6455, section 5.2)."""
    if size < 126:
        return bytes((head, size))
    if size < 65536:
        return bytes((head, 126)) + size.to_bytes(2, "big")
    return bytes((head, 127)) + size.to_bytes(8, "big")


def _deflate_raw(data: bytes) -> bytes:
    stream = zlib.compressobj(level=1, wbits=-15)
    compressed = stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    return compressed.removesuffix(_EMPTY_BLOCK)
