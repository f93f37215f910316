"""One stream of output: read, numbered, and kept until the server has it safe."""

import os
from typing import Final

KEPT: Final = 1024 * 1024
"""Bytes kept at most; then the child waits, as for any full pipe (architecture: 1 MiB)."""

KEPT_BY_ALL: Final = 3 * 512 * 1024
"""Bytes kept of all streams together, from which on each has little room."""

KEPT_BY_EACH: Final = 16 * 1024
"""Bytes that each stream may keep nevertheless; a pipe holds more than that by itself."""

UNSENT: Final = 64 * 1024
"""Bytes that wait for a server's socket; reading ahead of that would only fill memory."""

READ: Final = 64 * 1024
"""Bytes read at once; there is more where a read brings so many."""

_WORTH_ANOTHER_READ: Final = 1024
"""A read that brought less is an echo, to be sent at once; a PTY hands out a flood by 4 KiB."""


class Stream:
    """Output of a child. `start` and `end` are positions: the first byte kept, the next to come."""

    __slots__ = (
        "_kept", "attached", "end", "fd", "finished", "limit", "number", "resting", "sent", "shown",
        "start",
    )  # fmt: skip

    def __init__(self, number: int, fd: int) -> None:
        os.set_blocking(fd, False)
        self.number = number
        self.fd = fd
        self.start = 0
        self.end = 0
        self.sent = 0
        self.shown = 0
        """How far any server has ever been sent it."""
        self.attached = False
        self.limit = KEPT
        """Bytes that it may keep."""
        self.resting = False
        """Whether it is not looked at for a moment, so that more may gather."""
        self.finished = False
        self._kept = bytearray()

    @property
    def full(self) -> bool:
        """Whether the child has to wait."""
        waiting = self.end - self.sent if self.attached else 0
        return waiting >= UNSENT or self.end - self.start >= self.limit

    def read(self, child_gone: bool) -> bytes:
        """Read what is there; once the child has gone, nothing there means finished."""
        pieces: list[bytes] = []
        size = 0
        most = min(READ, self.limit - (self.end - self.start))
        try:
            while size < most:
                data = os.read(self.fd, most - size)
                if not data:
                    self.finished = True
                    break
                pieces.append(data)
                size += len(data)
                if len(data) < _WORTH_ANOTHER_READ:
                    break
        except BlockingIOError:
            if child_gone and not pieces:
                self.finished = True
        except OSError:  # EIO: nobody has the other end of the PTY open
            self.finished = True
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._kept += data
        self.end += size
        return data

    def unsent(self) -> bytes:
        """The next bytes that the server hasn't been sent; empty where it has all."""
        offset = self.sent - self.start
        return bytes(self._kept[offset : offset + READ])

    def sends(self, size: int) -> int:
        """Take note that the next `size` bytes are sent; the position of the first of them."""
        position = self.sent
        self.sent += size
        self.shown = max(self.shown, self.sent)
        return position

    def attach(self, position: int) -> None:
        """Send from `position` on, which is safe up to there."""
        self.acknowledge(position)
        self.sent = self.start
        self.limit = KEPT
        self.attached = True

    def acknowledge(self, position: int) -> None:
        """Forget what came before `position`."""
        safe = min(max(position, self.start), self.end)
        del self._kept[: safe - self.start]
        self.start = safe
        self.sent = max(self.sent, safe)

    def close(self) -> None:
        """Close the descriptor; what is kept can still be sent."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
