"""What the server and its keeper say to each other: frames of a fixed header and a payload.

    kind u8 | stream u8 | reserved u16 | child u32 | length u32 | position u64 | payload

Output is sent as it was read, without being escaped or parsed; what is rare is JSON. A keeper
may be older than the server that finds it, so kinds are only ever added.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

VERSION: Final = 3
"""Spoken here; both sides say theirs and speak the lower one. 2 has NUMBERED_INPUT, 3 a launch's
`cpus` and `group`."""

HEADER: Final = struct.Struct(">BBHIIQ")
"""See above; network byte order."""

MAX_PAYLOAD: Final = 16 * 1024 * 1024
"""Bytes that a frame may announce; the largest honest one is a command's environment."""

# Server to keeper.
HELLO: Final = 1
"""JSON `{version}`."""
SPAWN: Final = 2
"""JSON, see `launch.Launch`; `child` is the number of the request."""
ATTACH: Final = 3
"""JSON `{stream: position}`: send this child's output from there on, and its end."""
ACKNOWLEDGE: Final = 4
"""Everything of the stream before `position` may be forgotten."""
INPUT: Final = 5
"""Bytes to type."""
RESIZE: Final = 6
"""`position` is rows * 65536 + columns."""
SIGNAL: Final = 7
"""`position` is the signal's number; it goes to all that the child has started."""
PAUSE: Final = 8
"""`position` 1: don't read the child's output; 0: go on."""
FORGET: Final = 9
"""The child's end is known; forget it."""
QUIT: Final = 10
"""End everything and go."""
NUMBERED_INPUT: Final = 11
"""Bytes to type once: `position` is the input's number, the payload begins with a PART."""

# Keeper to server.
WELCOME: Final = 65
"""JSON `{version, pid, children: [...]}`; the answer to HELLO."""
STARTED: Final = 66
"""JSON `{child, pid, root, startedAt}`; `child` in the header is the number of the request."""
FAILED: Final = 67
"""JSON `{stage, errno}`; `child` in the header is the number of the request."""
OUTPUT: Final = 68
"""Bytes, the first of which is number `position` of the stream."""
WRITTEN: Final = 69
"""`position` bytes of input have been typed into the child in all; not said for every few."""
EXITED: Final = 70
"""JSON `{code}`, after all of the child's output."""
RECEIVED: Final = 71
"""A NUMBERED_INPUT, of number `position`, is the keeper's now, and survives the server."""

PART: Final = struct.Struct(">IBH")
"""What part of an input follows: the bytes of it before this part, whether it is the last part,
and the length of the client's name, which comes next."""


class Frame(NamedTuple):
    """A frame that has come."""

    kind: int
    stream: int
    child: int
    position: int
    payload: bytes

    def json(self) -> Any:
        """The payload, where it is JSON."""
        return json.loads(self.payload)


class WireError(Exception):
    """The other side doesn't speak this."""


def frame(
    kind: int, child: int = 0, stream: int = 0, position: int = 0, payload: bytes = b""
) -> bytes:
    """A frame as bytes."""
    return HEADER.pack(kind, stream, 0, child, len(payload), position) + payload


def json_frame(kind: int, child: int, content: Any) -> bytes:
    """A frame with JSON in it."""
    return frame(kind, child, payload=json.dumps(content).encode())


class FrameReader:
    """Puts frames together from the pieces in which a socket delivers them."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. Raises WireError."""
        if self._rest:
            self._rest += data
            data = bytes(self._rest)
        start = 0
        size = len(data)
        while size - start >= HEADER.size:
            kind, stream, _, child, length, position = HEADER.unpack_from(data, start)
            if length > MAX_PAYLOAD:
                raise WireError(f"a frame of {length} bytes")
            end = start + HEADER.size + length
            if end > size:
                break
            payload = data[start + HEADER.size : end]
            start = end
            yield Frame(kind, stream, child, position, payload)
        self._rest[:] = data[start:]
