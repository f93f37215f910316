"""One WebSocket, one life: opened, watched, closed."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    ProxyError,
)
from websockets.http11 import Response
from websockets.typing import LoggerLike

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.clock import Clock
from vibebox_tui.client.credentials import Secret
from vibebox_tui.client.errors import RefusedError, TlsError, UnreachableError
from vibebox_tui.client.reasons import reason_of
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.telemetry import LinkTelemetry
from vibebox_tui.client.tls import tls_sentence
from vibebox_tui.client.websocket import Socket, quiet_logger
from vibebox_tui.protocol.codec import (
    MAX_MESSAGE_BYTES,
    InvalidMessageError,
    MessageTooBigError,
    decode_server_message,
    encode,
)
from vibebox_tui.protocol.codes import CloseCode
from vibebox_tui.protocol.messages import Message, Ping, Pong, ServerMessage

_log = logging.getLogger(__name__)

FEATURES_HEADER: Final = "VibeBox-Features"
"""The header by which a server says that it has our extensions."""

TICK: Final = 1.0
"""Seconds between two looks at how long the server has been silent."""

SLEPT: Final = 5.0
"""Seconds by which the wall clock runs ahead of the steady one where the machine has slept."""

WAKE_GRACE: Final = 5.0
"""Seconds that a server gets to answer after such a sleep before the connection is given up."""

BUSY_RETRY_AFTER: Final = 10.0
"""Seconds to leave a server alone that says it is too busy, and not for how long."""

LOGGED_MALFORMED: Final = 10
"""Malformed frames of one connection that are logged one by one; the rest are only counted."""

_HTTP_REFUSALS: Final = {
    401: (CloseCode.UNAUTHORIZED, "the server wants a valid token"),
    403: (CloseCode.FORBIDDEN, "the server doesn't allow it"),
    404: (404, "there is no VibeBox API at that address; check its path"),
}
"""What an HTTP status in place of the upgrade means, beside the close code that it stands for."""

_BUSY: Final = frozenset({429, 500, 502, 503, 504})
"""HTTP statuses that pass."""


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

    def heartbeat(self, *, is_stale: bool, round_trip: float | None) -> None:
        """A round trip was measured, or the connection became stale or recovered."""
        ...


@dataclass(frozen=True, slots=True)
class Dial:
    """What a connection is made to, and with what."""

    address: ServerAddress
    endpoint: str
    query: Mapping[str, str]
    token: Secret
    tls: SSLContext | None


class Connection:
    """An open WebSocket to one endpoint; made by `open_connection`.

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
        self.round_trip: float | None = None
        """The last one measured, in seconds."""
        self.is_stale = False
        self._socket = socket
        self._listener: Listener | None = listener
        self._settings = settings
        self._clock = clock
        self._telemetry = telemetry
        self._holders = 0
        self._answers_pings = self.has_features
        self._pings: deque[tuple[int, float]] = deque(maxlen=16)
        self._proofs: dict[int, asyncio.Future[None]] = {}
        self._ping_numbers = itertools.count(round(clock.now() * 1000))
        self._malformed = 0
        self._drop_reason = ""
        self._beat = asyncio.create_task(self._watch(), name="heartbeat")

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
            self._socket.transport.pause_reading()

    def resume(self) -> None:
        """Read again, once everybody who held it has resumed it."""
        self._holders -= 1
        if self._holders == 0 and not self._socket.transport.is_closing():
            self._socket.heard_at = self._socket.loop.time()
            self._socket.transport.resume_reading()

    async def prove(self) -> None:
        """Ping, and return when the answer shows that all sent so far has been dealt with.

        Raises:
            ConnectionError: the connection ended before.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._proofs[self._ping()] = waiter
        await self._ping_plainly()
        await asyncio.wait([waiter])
        if waiter.cancelled():
            raise ConnectionError("the connection ended")

    # --- the end ---------------------------------------------------------------------------

    async def closed(self) -> Closing:
        """Return when the connection has ended, and how."""
        await self._socket.wait_closed()
        await self._settle()
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
            await self._settle()

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
            self._take_pong(message)
        elif self._listener is not None:
            self._listener.received(message)

    def _count_malformed(self, error: Exception) -> None:
        self._telemetry.malformed += 1
        self._malformed += 1
        if self._malformed <= LOGGED_MALFORMED:
            _log.warning("%s: malformed frame: %s", self._telemetry.name, error)

    # --- heartbeat -------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Ping, notice silence, and give up on a server that says nothing any more."""
        steady, wall = self._clock.monotonic(), self._clock.now()
        next_ping = steady
        while True:
            if self._clock.monotonic() >= next_ping:
                next_ping = self._clock.monotonic() + self._settings.ping_interval
                await self._ping_both()
            await self._clock.sleep(min(TICK, self._settings.stale_after / 10))
            before, steady = steady, self._clock.monotonic()
            wall_before, wall = wall, self._clock.now()
            if wall - wall_before > steady - before + SLEPT:
                self._doubt()
                next_ping = steady
            if not self._look():
                return

    def _look(self) -> bool:
        """Compare the silence with its limits; False where the connection was given up."""
        if self._holders:
            self._socket.heard_at = self._socket.loop.time()
        silence = self._socket.loop.time() - self._socket.heard_at
        if silence >= self._settings.drop_after:
            self.give_up(f"no answer for {self._settings.drop_after:g} s")
            return False
        self._set_stale(silence >= self._settings.stale_after)
        return True

    def _doubt(self) -> None:
        """The machine has slept: unless the server answers soon, it has forgotten us."""
        patience = self._settings.drop_after - WAKE_GRACE
        self._socket.heard_at = min(
            self._socket.heard_at, self._socket.loop.time() - max(0.0, patience)
        )

    def _set_stale(self, is_stale: bool) -> None:
        if is_stale == self.is_stale:
            return
        self.is_stale = is_stale
        self._telemetry.stale_count += is_stale
        self._tell_heartbeat()

    async def _ping_both(self) -> None:
        """Ping as the guide has it, and as RFC 6455 has it."""
        self._ping()
        await self._ping_plainly()

    async def _ping_plainly(self) -> None:
        """Ping as RFC 6455 has it, unless the server has been seen to answer the guide's."""
        if self._answers_pings or self._socket.paused:
            return
        with suppress(ConnectionClosed):
            answered = await self._socket.ping()
            asyncio.ensure_future(answered).add_done_callback(self._take_rfc_pong)

    def _ping(self) -> int:
        number = next(self._ping_numbers)
        self._pings.append((number, self._clock.monotonic()))
        self.send(Ping(timestamp=number))
        return number

    def _take_pong(self, pong: Pong) -> None:
        """Find the ping that it answers; a server that doesn't echo answers in order."""
        self._answers_pings = True
        numbers = [number for number, _ in self._pings]
        if not numbers:
            return
        answered = pong.timestamp if pong.timestamp in numbers else numbers[0]
        while self._pings:
            number, sent_at = self._pings.popleft()
            self._prove(number)
            if number == answered:
                self._measured(self._clock.monotonic() - sent_at)
                return

    def _take_rfc_pong(self, answered: "asyncio.Future[float]") -> None:
        if answered.cancelled() or answered.exception() is not None or self._answers_pings:
            return
        if self._pings:
            self._prove(self._pings.popleft()[0])
        self._measured(answered.result())

    def _prove(self, number: int) -> None:
        waiter = self._proofs.pop(number, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _measured(self, round_trip: float) -> None:
        self.round_trip = round_trip
        self.is_stale = False
        self._telemetry.round_trips.append((self._clock.now(), round_trip))
        self._tell_heartbeat()

    def _tell_heartbeat(self) -> None:
        if self._listener is not None:
            self._listener.heartbeat(is_stale=self.is_stale, round_trip=self.round_trip)

    # --- the end, helpers ------------------------------------------------------------------

    async def _settle(self) -> None:
        """End the heartbeat; whoever waits for a proof gets none."""
        self._beat.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([self._beat])
        proofs, self._proofs = self._proofs, {}
        for waiter in proofs.values():
            waiter.cancel()

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


async def open_connection(
    dial: Dial,
    listener: Listener,
    settings: ClientSettings,
    clock: Clock,
    telemetry: LinkTelemetry,
) -> Connection:
    """Open a WebSocket; call `start` on it to get messages.

    Raises:
        UnreachableError: worth another attempt.
        TlsError, RefusedError: not worth one before something has changed.
    """
    address = str(dial.address)
    try:
        socket = await _handshake(dial, settings)
    except InvalidStatus as error:
        raise _status_error(address, error.response) from error
    except (ProxyError, InvalidProxy) as error:
        raise UnreachableError(address, f"the proxy fails: {error}") from error
    except InvalidMessage as error:
        reason = "what answers there speaks no HTTP"
        if isinstance(error.__cause__, EOFError):
            reason = "the connection was closed before an answer came"
        raise UnreachableError(address, reason) from error
    except InvalidHandshake as error:
        raise RefusedError(f"{address} speaks no WebSocket: {error}", 0) from error
    except (OSError, TimeoutError, ImportError) as error:
        if (sentence := tls_sentence(error)) is not None:
            raise TlsError(address, sentence) from error
        raise UnreachableError(address, reason_of(error)) from error
    return Connection(socket, listener, settings, clock, telemetry)


async def _handshake(dial: Dial, settings: ClientSettings) -> Socket:
    url = dial.address.websocket_url(dial.endpoint)
    if dial.query:
        url = f"{url}?{urlencode(dial.query)}"
    place: dict[str, Any] = {} if dial.tls is None else {"ssl": dial.tls}
    if dial.address.socket is not None:
        place |= {"unix": True, "path": str(dial.address.socket)}
    headers = {"Authorization": f"Bearer {dial.token.reveal()}"} if dial.token else None
    logger: LoggerLike = quiet_logger
    socket = await connect(
        url,
        additional_headers=headers,
        compression=None,
        proxy=settings.proxy or True,
        open_timeout=settings.open_timeout,
        close_timeout=settings.close_timeout,
        ping_interval=None,
        max_size=MAX_MESSAGE_BYTES,
        logger=logger,
        create_connection=Socket,
        **place,
    )
    assert isinstance(socket, Socket)
    return socket


def _status_error(address: str, response: Response) -> UnreachableError | RefusedError:
    status = response.status_code
    if status in _HTTP_REFUSALS:
        code, words = _HTTP_REFUSALS[status]
        return RefusedError(f"{address}: {words}", code)
    words = f"it answers {status} {response.reason_phrase}".strip()
    if status in _BUSY:
        return UnreachableError(address, words, _retry_after(response))
    return RefusedError(f"{address}: {words} in place of a WebSocket", status)


def _retry_after(response: Response) -> float:
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return BUSY_RETRY_AFTER if response.status_code in (429, 503) else 0.0
