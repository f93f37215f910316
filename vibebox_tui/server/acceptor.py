"""Accepting connections: all at once out of the kernel's queue, a few at a time to be heard."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from vibebox_tui.server.limits import origin_of
from vibebox_tui.server.waiting_room import WaitingRoom

BACKLOG: Final = 4096
"""Connections that the kernel holds while we are busy with others, as many as Linux lets us by
itself (somaxconn): whoever comes to a full queue tries again after a second, then after two, four
and so on.
"""

ACCEPTED_AT_ONCE: Final = 512
"""Connections accepted in a turn of the loop: some 10 ms, while the queue can't fill."""

HEARD_AT_ONCE: Final = 8
"""Connections that get a protocol in a turn of the loop. Each costs about 0.5 ms with its first
request, twenty times what accepting it costs, and those who are known wait meanwhile."""

RETRY_SECONDS: Final = 0.5
"""Until the next attempt where files or memory have run out and nobody can be sent away."""

_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_log = logging.getLogger(__name__)

Connect = Callable[[socket.socket, asyncio.Protocol], Awaitable[object]]
"""Puts a protocol on a socket; returns once it is connected, after a TLS handshake if need be."""


class Acceptor:
    """Accepts what connects to a listening socket, and gives it a protocol when its turn comes.

    Accepted sockets wait in `queue` for that, afterwards their protocols in `room` until it is
    known whose they are. Both send away those who are too many, out of the largest crowd.
    """

    def __init__(
        self,
        listening: socket.socket,
        queue: WaitingRoom[socket.socket],
        room: WaitingRoom[asyncio.Protocol],
        protocol: Callable[[], asyncio.Protocol],
        connect: Connect,
    ) -> None:
        self._listening = listening
        self._queue = queue
        self._room = room
        self._protocol = protocol
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._connecting: dict[asyncio.Task[None], socket.socket] = {}
        self._hearing: asyncio.Handle | None = None
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Listen, from now on."""
        self._listening.listen(BACKLOG)
        self._loop.add_reader(self._listening, self._accept)

    async def stop(self) -> None:
        """Accept nothing more, and close what hasn't been heard yet."""
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for handle in (self._hearing, self._retry):
            if handle is not None:
                handle.cancel()
        while self._queue:
            self._queue.call()[0].close()
        for accepted in self._connecting.values():
            _shut(accepted)
        await asyncio.gather(*self._connecting)

    # --- helpers ---------------------------------------------------------------------------

    def _accept(self) -> None:
        for number in range(ACCEPTED_AT_ONCE):
            try:
                accepted, address = self._listening.accept()
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    continue  # who was to be accepted has gone again
                if number == 0:  # later on it says nothing of whether somebody waits
                    self._make_room()
                break
            accepted.setblocking(False)
            origin = origin_of(address[0]) if address else "local"
            self._queue.enter(accepted, accepted.close, origin)
        if self._queue and self._hearing is None:
            self._hearing = self._loop.call_soon(self._hear)

    def _make_room(self) -> None:
        """Files or memory have run out: strangers go first, else everybody waits."""
        if self._room.send_one_away() or self._queue.send_one_away():
            return
        _log.warning("no more connections can be accepted: files or memory have run out")
        self._loop.remove_reader(self._listening)
        self._retry = self._loop.call_later(
            RETRY_SECONDS, self._loop.add_reader, self._listening, self._accept
        )

    def _hear(self) -> None:
        for _ in range(min(HEARD_AT_ONCE, len(self._queue))):
            self._hand_over(*self._queue.call())
        self._hearing = self._loop.call_soon(self._hear) if self._queue else None

    def _hand_over(self, accepted: socket.socket, origin: str) -> None:
        protocol = self._protocol()
        self._room.enter(protocol, lambda: _shut(accepted), origin)
        task = self._loop.create_task(self._introduce(accepted, protocol))
        self._connecting[task] = accepted
        task.add_done_callback(self._connecting.pop)

    async def _introduce(self, accepted: socket.socket, protocol: asyncio.Protocol) -> None:
        try:
            await self._connect(accepted, protocol)
        except OSError as error:  # TLS's errors are such as well
            self._room.leave(protocol)
            _log.debug("a connection has come to nothing: %s", error)


def _shut(accepted: socket.socket) -> None:
    """End a connection under whoever has its socket now, and will close it."""
    with contextlib.suppress(OSError):
        accepted.shutdown(socket.SHUT_RDWR)
