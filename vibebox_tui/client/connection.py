"""One WebSocket, one life: opened, watched, closed."""

import logging
from dataclasses import dataclass
from typing import Final, Protocol

from vibebox_tui.client.clock import Clock
from vibebox_tui.client.heartbeat import Heartbeat
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.telemetry import LinkTelemetry
from vibebox_tui.client.websocket import Socket
from vibebox_tui.protocol.codec import (
    InvalidMessageError,
    MessageTooBigError,
    decode_server_message,
    encode,
)
from vibebox_tui.protocol.codes import CloseCode
from vibebox_tui.protocol.messages import Message, Pong, ServerMessage

_log = logging.getLogger(__name__)

FEATURES_HEADER: Final = "VibeBox-Features"
"""The header by which a server says that it has our extensions."""

LOGGED_MALFORMED: Final = 10
"""Malformed frames of one connection that are logged one by one; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a connection ended: the close code as received (1006: none), and a sentence."""

    code: int
    reason: str


class Listener(Protocol):
    """Who is told what happens on a connection."""

    def received(self, message: ServerMessage) -> None:
        """A message came in."""
        ...

    def heartbeat(self, *, stale_for: float | None, round_trip: float | None) -> None:
        """A round trip was measured, or the connection became stale or recovered.

        `stale_for`: how many seconds the server has been silent, where that is too long; else None.
        """
        ...


class Connection:
    """An open WebSocket to one endpoint; made by `opening.open_connection`.

    Messages are told to the listener as they come, decoded; a malformed frame is counted and
    logged, and the connection lives on.
    """

    def __init__(
        self,
        socket: Socket,
        listener: Listener,
        settings: ClientSettings,
        clock: Clock,
        telemetry: LinkTelemetry,
    ) -> None:
        response = socket.response
        self.has_features = response is not None and FEATURES_HEADER in response.headers
        """Whether the server has our extensions."""
        self.opened_at = clock.monotonic()
        self._socket = socket
        self._listener: Listener | None = listener
        self._clock = clock
        self._telemetry = telemetry
        self._holders = 0
        self._malformed = 0
        self._drop_reason = ""
        self._heart = Heartbeat(
            socket,
            settings,
            clock,
            answers_pings=self.has_features,
            measured=self._measured,
            turned=self._turned,
            give_up=self.give_up,
        )

    # --- talking ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to hand messages to the listener."""
        self._socket.deliver_to(self._take)

    def send(self, message: Message) -> bool:
        """Write a message; False where the connection is closing, and its end is told soon."""
        data = encode(message)
        if not self._socket.send_now(data):
            return False
        self._telemetry.messages_out += 1
        self._telemetry.bytes_out += len(data)
        return True

    @property
    def is_congested(self) -> bool:
        """Whether the server takes what we write more slowly than we write it."""
        return self._socket.paused

    def hold(self) -> None:
        """Stop reading, so that the server has to wait; as often as this, `resume`."""
        self._holders += 1
        if self._holders == 1:
            self._heart.is_excused = True
            self._socket.transport.pause_reading()

    def resume(self) -> None:
        """Read again, once everybody who held it has resumed it."""
        self._holders -= 1
        if self._holders == 0 and not self._socket.transport.is_closing():
            self._heart.is_excused = False
            self._heart.heard()
            self._socket.transport.resume_reading()

    async def prove(self) -> None:
        """Return when the server has shown that all sent so far has arrived.

        Raises:
            ConnectionError: the connection ended before.
        """
        await self._heart.prove()

    def doubt(self) -> None:
        """Have the server answer soon, or give the connection up."""
        self._heart.doubt()

    @property
    def is_stale(self) -> bool:
        """Whether the server hasn't answered for a while."""
        return self._heart.is_stale

    # --- the end ---------------------------------------------------------------------------

    async def closed(self) -> Closing:
        """Return when the connection has ended, and how."""
        await self._socket.wait_closed()
        await self._heart.stop()
        code = self._socket.close_code or CloseCode.ABNORMAL
        return Closing(code, self._why(code))

    async def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close in good order, or cut after the time-out; the listener hears no more."""
        self._listener = None
        try:
            self._socket.transport.resume_reading()
            await self._socket.close(code, reason)
        finally:
            self._socket.transport.abort()
            await self._heart.stop()

    def give_up(self, reason: str) -> None:
        """Cut the connection at once; `closed` returns with `reason`."""
        self._drop_reason = reason
        self._socket.transport.abort()

    def mute(self) -> None:
        """Tell the listener nothing more; another connection has taken this one's place."""
        self._listener = None

    # --- helpers ---------------------------------------------------------------------------

    def _take(self, data: bytes, is_binary: bool) -> None:
        telemetry = self._telemetry
        telemetry.messages_in += 1
        telemetry.bytes_in += len(data)
        try:
            message = decode_server_message(data, deflated=is_binary)
        except (InvalidMessageError, MessageTooBigError) as error:
            self._count_malformed(error)
            return
        if isinstance(message, Pong):
            self._heart.take(message)
        elif self._listener is not None:
            self._listener.received(message)

    def _count_malformed(self, error: Exception) -> None:
        self._telemetry.malformed += 1
        self._malformed += 1
        if self._malformed <= LOGGED_MALFORMED:
            _log.warning("%s: malformed frame: %s", self._telemetry.name, error)

    def _measured(self) -> None:
        round_trip = self._heart.round_trip
        if round_trip is not None:
            self._telemetry.round_trips.append((self._clock.now(), round_trip))
        self._tell_heartbeat()

    def _turned(self) -> None:
        self._telemetry.stale_count += self._heart.is_stale
        self._tell_heartbeat()

    def _tell_heartbeat(self) -> None:
        if self._listener is not None:
            heart = self._heart
            stale_for = heart.silence if heart.is_stale else None
            self._listener.heartbeat(stale_for=stale_for, round_trip=heart.round_trip)

    def _why(self, code: int) -> str:
        if self._drop_reason:
            return self._drop_reason
        if self._socket.close_reason:
            return self._socket.close_reason
        sent = self._socket.protocol.close_sent
        if code == CloseCode.ABNORMAL and sent is not None and sent.code != CloseCode.NORMAL:
            return "it sent something that is no WebSocket message"
        return _CLOSE_WORDS.get(code, f"it closed the connection with code {code}")


_CLOSE_WORDS: Final[dict[int, str]] = {
    CloseCode.NORMAL: "it closed the connection",
    CloseCode.GOING_AWAY: "it is going away",
    CloseCode.NO_STATUS: "it closed the connection and didn't say why",
    CloseCode.ABNORMAL: "the connection was cut",
    CloseCode.POLICY_VIOLATION: "it found our messages against its rules",
    CloseCode.MESSAGE_TOO_BIG: "a message was too big for it",
    CloseCode.INTERNAL_ERROR: "it had an internal error",
    CloseCode.SERVICE_RESTART: "it is restarting",
    CloseCode.TRY_AGAIN_LATER: "it is too busy",
    CloseCode.UNAUTHORIZED: "it wants a valid token",
    CloseCode.FORBIDDEN: "it doesn't allow it",
}
"""What a close code says where no reason came with it; "it" is the server."""
