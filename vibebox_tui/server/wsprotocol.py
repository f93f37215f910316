"""One WebSocket on its transport: handshake, frames in, keep-alive, closing; no meaning.

uvicorn hands over an upgrade request together with its transport; from then on websockets'
sans-I/O core reads, and frames that were built once for many go out as they are.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol, cast
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import MultipleValuesError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from vibebox_tui.protocol.codec import MAX_MESSAGE_BYTES
from vibebox_tui.protocol.codes import CloseCode
from vibebox_tui.server.frames import Form
from vibebox_tui.server.http_protocol import peer_of
from vibebox_tui.server.limits import origin_of
from vibebox_tui.server.outlet import Outlet
from vibebox_tui.server.waiting_room import WaitingRoom

FEATURES_HEADER: Final = "VibeBox-Features"
FEATURES: Final = "1"
"""Says that the server has the extensions of protocol.md."""

CLOSE_SECONDS: Final = 5.0
"""How long a peer may take to answer a close frame and to take what was sent before it."""

SHUTDOWN_SECONDS: Final = 1.0
"""The same when the server stops."""

SLICE_BYTES: Final = 16 * 1024
"""Read at once: deflate makes at most 1,032 times as much of it, 16 MiB in all."""

MAX_REASON_BYTES: Final = 123
"""Longest reason of a close frame (RFC 6455, section 5.5)."""

_PERMESSAGE_DEFLATE: Final = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True, client_no_context_takeover=True
)
"""Without context takeover: frames can be shared, and an idle connection keeps no window."""

_WORTH_NO_COPY: Final = 16 * 1024
"""Bytes from which copying costs more than another call of the kernel."""

_PROXY: Final = "127.0.0.1"
"""From there X-Forwarded-For is believed: who reaches the port of this machine is trusted."""

_quiet = logging.getLogger(f"{__name__}.frames")
_quiet.setLevel(logging.WARNING)


class Upgrade:
    """What a client asked for when it connected.

    Raises:
        MultipleValuesError: it says twice who it is or where it comes from.
        ValueError: what it asks for is no address.
    """

    def __init__(self, request: Request, peer: str) -> None:
        url = urlsplit(request.path)
        self.path = url.path
        self.query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        self.origin: str | None = request.headers.get("Origin")
        self.authorization: str | None = request.headers.get("Authorization")
        self.peer = peer

    @property
    def token(self) -> str | None:
        """The access token: a bearer header wins over the query string."""
        scheme, _, credentials = (self.authorization or "").partition(" ")
        if scheme.lower() == "bearer" and credentials:
            return credentials.strip()
        return self.query.get("token")


class Receiver(Protocol):
    """Who is told what a WebSocket does."""

    def received(self, message: bytes, *, binary: bool) -> None: ...

    def writing_paused(self) -> None: ...

    def writing_resumed(self) -> None: ...

    def lost(self) -> None: ...


class Reception(Protocol):
    """Who decides about upgrades."""

    def refuse(self, upgrade: Upgrade) -> HTTPStatus | None:
        """The status that answers an upgrade which is refused outright; None lets it pass."""

    def receive(self, socket: "WebSocketProtocol", upgrade: Upgrade, form: Form) -> Receiver:
        """Take a connection whose handshake is done."""


class WebSocketProtocol(asyncio.Protocol):
    """An asyncio protocol around `ServerProtocol`, made by uvicorn for each upgrade.

    `connections` are all those that the server has to close when it stops.
    """

    transport: asyncio.Transport
    _outlet: Outlet

    def __init__(
        self, reception: Reception, connections: set[Any], room: WaitingRoom[asyncio.Protocol]
    ) -> None:
        self._reception = reception
        self._room = room
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._protocol = ServerProtocol(max_size=MAX_MESSAGE_BYTES, logger=_quiet)
        self._receiver: Receiver | None = None
        self._unread = bytearray()
        self._reading = True
        self._message = bytearray()  # not a list: fragments without end may be empty
        self._binary = False
        self._awaits_pong = False
        self._close_timer: asyncio.TimerHandle | None = None

    # --- asyncio ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """uvicorn hands over its transport."""
        self.transport = cast("asyncio.Transport", transport)
        self._outlet = Outlet(self.transport)
        self._connections.add(self)
        self._room.enter(self, self.transport.abort, origin_of(peer_of(transport)))

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        self._unread += data
        self._read_on()

    def eof_received(self) -> None:
        """The peer sends nothing more; with a WebSocket that is its end."""
        self._protocol.receive_eof()

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        if self._receiver is not None:
            self._receiver.writing_paused()

    def resume_writing(self) -> None:
        """The transport's buffer has room."""
        if self._outlet.resume() and self._receiver is not None:
            self._receiver.writing_resumed()

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._connections.discard(self)
        self._room.leave(self)
        self._unread.clear()
        if self._close_timer is not None:
            self._close_timer.cancel()
        if self._receiver is not None:
            self._receiver.lost()
            self._receiver = None

    # --- for the receiver ------------------------------------------------------------------

    def admit(self) -> None:
        """It is known who this is."""
        self._room.leave(self)

    @property
    def is_reading(self) -> bool:
        """Whether more is taken from the peer."""
        return self._reading

    def pause_reading(self) -> None:
        """Take nothing more from the peer."""
        self._reading = False
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take on what the peer sends."""
        if not self._reading:
            self._reading = True
            self.transport.resume_reading()
            self._loop.call_soon(self._read_on)

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._protocol.state is State.OPEN

    def send(self, frames: Sequence[bytes]) -> None:
        """Send whole frames, built for this connection's form."""
        if self.is_open:
            for piece in _joined(frames):
                self._outlet.write(piece)

    def ping(self) -> None:
        """Send a ping; where the last one wasn't answered, end the connection."""
        if not self.is_open:
            return
        if self._awaits_pong:
            self.fail(CloseCode.INTERNAL_ERROR, "no pong")
            return
        self._awaits_pong = True
        self._protocol.send_ping(b"")
        self._send_pending()

    def close(self, code: int, reason: str = "", seconds: float | None = None) -> None:
        """Begin to close; the connection is gone after `seconds` (CLOSE_SECONDS) at the latest."""
        if self.is_open:
            self._protocol.send_close(code, _cut(reason))
            self._send_pending()
            self._end_within(CLOSE_SECONDS if seconds is None else seconds)

    def fail(self, code: int, reason: str = "") -> None:
        """Close without waiting for the peer's answer."""
        self._protocol.fail(code, _cut(reason))
        self._send_pending()

    def shutdown(self) -> None:
        """The server stops: close 1012, so that clients come back."""
        if self.is_open:
            self.close(CloseCode.SERVICE_RESTART, "the server restarts", SHUTDOWN_SECONDS)
        else:
            self._end_within(SHUTDOWN_SECONDS)

    # --- helpers ---------------------------------------------------------------------------

    def _read_on(self) -> None:
        """Take what has come in slices: what one of them inflates to is bounded."""
        while self._unread and self._reading:
            piece = bytes(self._unread[:SLICE_BYTES])
            del self._unread[:SLICE_BYTES]
            self._protocol.receive_data(piece)
            for event in self._protocol.events_received():
                if isinstance(event, Request):
                    self._handshake(event)
                elif isinstance(event, Frame):
                    self._frame_received(event)
        self._send_pending()

    def _handshake(self, request: Request) -> None:
        try:
            upgrade = Upgrade(request, _address(self.transport, request))
        except (MultipleValuesError, ValueError):
            self._respond(self._protocol.reject(HTTPStatus.BAD_REQUEST, "Bad Request\n"))
            return
        form = Form.TEXT
        if upgrade.query.get("compression") == "deflate":
            form = Form.DEFLATE
        else:
            self._protocol.available_extensions = [_PERMESSAGE_DEFLATE]
        status = self._reception.refuse(upgrade)
        if status is not None:
            response = self._protocol.reject(status, f"{status.phrase}\n")
        else:
            response = self._protocol.accept(request)
            response.headers[FEATURES_HEADER] = FEATURES
        self._respond(response)
        if self.is_open:
            if self._protocol.extensions:
                form = Form.PERMESSAGE_DEFLATE
            self._receiver = self._reception.receive(self, upgrade, form)

    def _respond(self, response: Response) -> None:
        self._protocol.send_response(response)
        self._send_pending()

    def _frame_received(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._binary = frame.opcode is Opcode.BINARY
            self._fragment_received(frame)
        elif frame.opcode is Opcode.CONT:
            self._fragment_received(frame)
        elif frame.opcode is Opcode.PONG:
            self._awaits_pong = False

    def _fragment_received(self, frame: Frame) -> None:
        self._message += frame.data
        if not frame.fin:
            return
        message = bytes(self._message)
        self._message.clear()
        if not self._binary and not _is_text(message):
            self.fail(CloseCode.INVALID_DATA, "a text frame must be UTF-8")
        elif self._receiver is not None and self.is_open:
            self._receiver.received(message, binary=self._binary)

    def _send_pending(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._outlet.write(data)
            else:
                self._outlet.close()
                self._end_within(CLOSE_SECONDS)

    def _end_within(self, seconds: float) -> None:
        if self._close_timer is not None:
            self._close_timer.cancel()
        self._close_timer = self._loop.call_later(seconds, self.transport.abort)


def protocol_class(
    reception: Reception, room: WaitingRoom[asyncio.Protocol]
) -> Callable[..., WebSocketProtocol]:
    """What uvicorn calls for each upgrade, with arguments of its own (its `ws` setting)."""

    def make(config: Any, server_state: Any, app_state: Any) -> WebSocketProtocol:
        return WebSocketProtocol(reception, server_state.connections, room)

    return make


def _is_text(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


def _joined(frames: Sequence[bytes]) -> Sequence[bytes]:
    """The frames, where they are short in one piece."""
    if len(frames) == 1 or sum([len(frame) for frame in frames]) > _WORTH_NO_COPY:
        return frames  # what many connections share: not to be copied for each of them
    return (b"".join(frames),)


def _cut(reason: str) -> str:
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


def _address(transport: asyncio.Transport, request: Request) -> str:
    """The peer's address without its port, `local` on a Unix socket.

    Where the peer is a proxy on this machine it is the last one in X-Forwarded-For that isn't, as
    uvicorn has it for requests.
    """
    address = peer_of(transport)
    if address == _PROXY and (forwarded := request.headers.get_all("X-Forwarded-For")):
        for each in reversed(",".join(forwarded).split(",")):
            if each.strip() != _PROXY:
                return _ip(each.strip()) or address
    return address


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
