"""Frames to messages and back: the only place that knows JSON, deflate and the size limit."""

import re
import zlib
from typing import Any, Final, TypeVar

import msgspec

from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.messages import ClientMessage, Message, ServerMessage

MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""Largest encoded message that either side accepts (guide: "Max Payload: 1MB per message")."""

SPLIT_BYTES: Final = 1_000_000
"""Largest encoded message that we send; what is longer goes in several."""


class InvalidMessageError(VibeBoxError):
    """A frame is no message: not JSON, not an object, an unknown type or a wrong field.

    `field` is the path of the offending field as in `payload.environmentId`, or an empty string
    where the frame as a whole is at fault.
    """

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field

    @property
    def details(self) -> dict[str, Any]:
        """The `details` of the `error` message that answers such a frame."""
        return {"field": self.field, "reason": self.reason}


class MessageTooBigError(VibeBoxError):
    """A message is longer than `MAX_MESSAGE_BYTES`, before or after it was inflated."""


_T = TypeVar("_T")

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)

_LOCATION = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")


def encode(message: Message) -> bytes:
    """Encode `message` as one JSON text frame in UTF-8."""
    return _encoder.encode(message)


def decode_client_message(frame: str | bytes, *, deflated: bool = False) -> ClientMessage:
    """Decode what a client sent; `deflated` says that it came as a binary frame.

    Raises:
        InvalidMessageError: it is no message of a client.
        MessageTooBigError: it inflates to more than `MAX_MESSAGE_BYTES`.
    """
    return _decode(_client_decoder, frame, deflated)


def decode_server_message(frame: str | bytes, *, deflated: bool = False) -> ServerMessage:
    """Decode what a server sent; `deflated` says that it came as a binary frame.

    Raises:
        InvalidMessageError: it is no message of a server that we know.
        MessageTooBigError: it inflates to more than `MAX_MESSAGE_BYTES`.
    """
    return _decode(_server_decoder, frame, deflated)


def deflate(data: bytes) -> bytes:
    """Compress an encoded message for a peer that asked for `compression=deflate`."""
    return zlib.compress(data, level=1)


def inflate(data: bytes) -> bytes:
    """Decompress a binary frame, never to more than `MAX_MESSAGE_BYTES`.

    Raises:
        InvalidMessageError: it is not a whole zlib stream.
        MessageTooBigError: there is more in it than that.
    """
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(data, MAX_MESSAGE_BYTES + 1)
    except zlib.error as error:
        raise InvalidMessageError("a binary frame must be JSON deflated by zlib") from error
    if len(inflated) > MAX_MESSAGE_BYTES:
        raise MessageTooBigError("a message inflates to more than 1 MiB")
    if not stream.eof:
        raise InvalidMessageError("a binary frame ends in the middle of its zlib stream")
    return inflated


def _decode(decoder: msgspec.json.Decoder[_T], frame: str | bytes, deflated: bool) -> _T:
    try:
        data = frame.encode() if isinstance(frame, str) else frame
        return decoder.decode(inflate(data) if deflated else data)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidMessageError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise InvalidMessageError("nested too deeply") from error


def _invalid(complaint: str) -> InvalidMessageError:
    """Turn msgspec's complaint into a reason and the path of the field that it is about."""
    location = _LOCATION.search(complaint)
    path = location["path"] if location else ""
    reason = complaint[: location.start()] if location else complaint
    if missing := _MISSING.search(reason):
        path = f"{path}.{missing['name']}".lstrip(".")
    return InvalidMessageError(reason, path)
