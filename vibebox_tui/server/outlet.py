"""A connection's way into the kernel, which bytes that many are sent take without being copied."""

import asyncio
import contextlib
import socket
from collections import deque
from typing import Final

from vibebox_tui.server.shared_bytes import SharedBytes

_HERALD_BYTES: Final = 4096
"""Of shared bytes for which a socket has no room so many are left to the transport: it waits for
room, and says when there is some."""

_BUFFER_BYTES: Final = 256 * 1024
"""Asked for to hold what a Unix socket was passed and its peer hasn't read. The kernel allows for
its own needs and takes it twice (socket(7)): several chunks, so that waiting for room, which
costs as much as passing on a chunk does, comes seldom. TCP finds a size by itself."""


class Outlet:
    """Writes to a transport, in order; what is shared goes past it, unless it encrypts.

    The transport never holds more than the rest of one write. What can't be sent yet stays here
    until `resume`, which the transport's protocol calls when it is told to resume writing.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        # Nothing is kept for a peer but the rest of one write: what it has not taken yet is with
        # its cursors, shared with everybody else.
        self._is_encrypted = transport.get_extra_info("sslcontext") is not None
        # TLS pauses from the limit on, all others beyond it: at the first byte, either way.
        transport.set_write_buffer_limits(high=1 if self._is_encrypted else 0)
        self._transport = transport
        self._waiting: deque[bytes] = deque()
        self._sent = 0  # of the first that waits
        self._ends = False
        self._descriptor: int | None = None

    def write(self, data: bytes) -> None:
        """Send `data` after everything before it."""
        if self._waiting or isinstance(data, SharedBytes):
            self._waiting.append(data)
            self._write_on()
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close the transport once everything has been sent."""
        self._ends = True
        self._write_on()

    def resume(self) -> bool:
        """Go on, now that the transport has room; whether more may be written."""
        self._write_on()
        return self._has_room and not self._waiting

    # --- helpers ---------------------------------------------------------------------------

    @property
    def _has_room(self) -> bool:
        transport = self._transport
        return not transport.is_closing() and transport.get_write_buffer_size() == 0

    def _write_on(self) -> None:
        while self._waiting and self._has_room:
            data = self._waiting[0]
            end = len(data)
            if isinstance(data, SharedBytes) and not self._is_encrypted and data.can_be_passed_on():
                self._sent += data.pass_on(self._socket, self._sent)
                end = min(end, self._sent + _HERALD_BYTES)
            if self._sent < end:
                self._transport.write(memoryview(data)[self._sent : end])
            self._sent = end
            if end == len(data):
                self._waiting.popleft()
                self._sent = 0
        if self._ends and not self._waiting:
            self._transport.close()

    @property
    def _socket(self) -> int:
        """The descriptor of the transport's socket, which is given room the first time."""
        if self._descriptor is None:
            below = self._transport.get_extra_info("socket")
            if below.family == socket.AF_UNIX:
                with contextlib.suppress(OSError):
                    below.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            self._descriptor = below.fileno()
        return self._descriptor
