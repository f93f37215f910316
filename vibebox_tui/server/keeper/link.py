"""The keeper's connection to its server."""

import selectors
import socket
from collections.abc import Callable
from typing import Final

from vibebox_tui.server.keeper.wire import HEADER, OUTPUT, Frame, FrameReader, WireError

_RECEIVE: Final = 256 * 1024
"""Bytes taken from the socket at once."""


class Link:
    """A socket to a server. It is `idle` while all that was given to it has left.

    What the socket doesn't take waits here: control frames, which are few, and one frame of
    output at most, since who sends output waits for `idle`.
    """

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        receive: Callable[[Frame], None],
        lost: Callable[[], None],
        drained: Callable[[], None],
    ) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._selector = selector
        self._receive = receive
        self._lost = lost
        self._drained = drained
        self._reader = FrameReader()
        self._waiting = bytearray()
        self._closed = False
        selector.register(connection, selectors.EVENT_READ, self._ready)

    @property
    def idle(self) -> bool:
        """Whether nothing waits for the socket."""
        return not self._waiting and not self._closed

    def send(self, frame: bytes) -> None:
        """Send a frame, now or when the socket takes it."""
        self._send((frame,))

    def send_output(self, child: int, stream: int, position: int, data: bytes) -> None:
        """Send a piece of output without copying it."""
        self._send((HEADER.pack(OUTPUT, stream, 0, child, len(data), position), data))

    def close(self) -> None:
        """Close the connection; once is enough."""
        if not self._closed:
            self._closed = True
            self._selector.unregister(self._socket)
            self._socket.close()

    def _send(self, pieces: tuple[bytes, ...]) -> None:
        if self._closed:
            return
        sent = 0
        if not self._waiting:
            try:
                sent = self._socket.sendmsg(pieces)
            except BlockingIOError:
                pass
            except OSError:
                return  # reading from it will say so
        rest = b"".join(pieces)[sent:]
        if rest:
            self._waiting += rest
            self._selector.modify(
                self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self._ready
            )

    def _ready(self, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._flush()
        if mask & selectors.EVENT_READ and not self._closed:
            self._take()

    def _flush(self) -> None:
        try:
            sent = self._socket.send(self._waiting)
        except BlockingIOError:
            return
        except OSError:
            self._lost()
            return
        del self._waiting[:sent]
        if not self._waiting:
            self._selector.modify(self._socket, selectors.EVENT_READ, self._ready)
            self._drained()

    def _take(self) -> None:
        try:
            data = self._socket.recv(_RECEIVE)
            if not data:
                self._lost()
                return
            for frame in self._reader.feed(data):
                self._receive(frame)
        except BlockingIOError:
            return
        except (OSError, WireError):
            self._lost()
