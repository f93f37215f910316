"""uvicorn's HTTP protocol with what it lacks: a time for each request to arrive in."""

import asyncio
import re
from typing import Any, Final

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from vibebox_tui.server.limits import origin_of
from vibebox_tui.server.waiting_room import WaitingRoom

KNOWN: Final = "vibebox.known"
"""In a request's `state`: to be called once it is known who sent it."""


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The address of who is at the other end, without its port; `local` on a Unix socket."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) and name else "local"


MAX_USUAL_BYTES: Final = 2048
"""Length of a request that is looked at as a whole; access tokens and a few cookies fit in."""

_USUAL: Final = re.compile(
    rb"""
    (?-i:GET)[ ]/[!-~]*[ ](?-i:HTTP)/1\.1\r\n
    (?= (?: .*\n )*? host: )
    (?! (?: .*\n )*? host: (?: .*\n )*? host: )
    (?= (?: .*\n )*? upgrade:[ ]?websocket\r )
    (?= (?: .*\n )*? connection:(?: .*[ ,] )?upgrade[ ,\r] )
    (?! (?: .*\n )*? (?: content-length | transfer-encoding ): )
    (?: [-!#$%&'*+.^_`|~0-9a-z]+ : [\t\ -~\x80-\xff]* \r\n ){4,64}
    \r\n
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A request for a WebSocket as everybody sends it."""


def asks_for_websocket(data: bytes) -> bool:
    """Whether `data` is one whole request for a WebSocket, with nothing odd about it.

    Who takes the WebSocket parses it, so nobody else need; all others are first parsed by h11.
    """
    return len(data) <= MAX_USUAL_BYTES and _USUAL.fullmatch(data) is not None


class HttpProtocol(H11Protocol):
    """Cuts off who doesn't finish a request, and waits in the waiting room until it is known.

    A request has `seconds`, from the connection or from its first byte to its last. The length of
    its head is bounded by h11 (16 KiB), that of its body by the application.
    """

    def __init__(
        self,
        config: Config,
        state: ServerState,
        room: WaitingRoom[asyncio.Protocol],
        seconds: float,
    ) -> None:
        super().__init__(config, state, {KNOWN: self._known})
        self._room = room
        self._seconds = seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._is_first = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A peer has connected, and may take its time for a request, but not for ever."""
        super().connection_made(transport)
        self._room.enter(self, transport.abort, origin_of(peer_of(transport)))
        self._expect_end()

    def data_received(self, data: bytes) -> None:
        """A piece of a request."""
        if self._is_first and asks_for_websocket(data):
            self._hand_over(data)
            return
        self._is_first = False
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            return
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._expect_end()
        else:
            self._has_ended()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone."""
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hand the transport over."""
        self._leave()
        super().handle_websocket_upgrade(event)

    # --- helpers ---------------------------------------------------------------------------

    def _hand_over(self, request: bytes) -> None:
        """As `handle_websocket_upgrade`, with a request that was not parsed yet."""
        self._leave()
        self.connections.discard(self)
        protocol = self.ws_protocol_class(  # type: ignore[call-arg, misc]  # set in our config
            self.config, self.server_state, self.app_state
        )
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.data_received(request)

    def _known(self) -> None:
        self._room.leave(self)

    def _leave(self) -> None:
        self._has_ended()
        self._room.leave(self)

    def _expect_end(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._seconds, self.transport.abort)

    def _has_ended(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
