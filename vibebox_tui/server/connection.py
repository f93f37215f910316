"""One peer: who it is, what it says, in order; its writer is its way out."""

import asyncio
import logging
import time
import uuid
from collections import deque
from typing import Final

from vibebox_tui.protocol.codec import (
    InvalidMessageError,
    MessageTooBigError,
    decode_client_message,
)
from vibebox_tui.protocol.codes import CloseCode, ErrorCode
from vibebox_tui.protocol.messages import (
    ClientMessage,
    Error,
    ErrorReport,
    Message,
    Ping,
    Pong,
    TerminalAck,
    TerminalInput,
)
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server import journal
from vibebox_tui.server.audit import note
from vibebox_tui.server.auth import ForbiddenError, Identity, UnauthorizedError, sees
from vibebox_tui.server.backend import Backend
from vibebox_tui.server.endpoints.base import Endpoint, TooManyError
from vibebox_tui.server.errors import (
    ConflictError,
    EnvironmentNotFoundError,
    NotFoundError,
    ServerError,
    SessionNotFoundError,
)
from vibebox_tui.server.frames import Form, now_ms
from vibebox_tui.server.limits import RateLimitedError, TokenBucket
from vibebox_tui.server.writer import Writer
from vibebox_tui.server.wsprotocol import Upgrade, WebSocketProtocol

_log = logging.getLogger(__name__)

MAX_WAITING: Final = 64
"""Messages that may wait to be acted on before nothing more is read from the peer."""

MAX_WAITING_BYTES: Final = 1024 * 1024
"""The same in bytes: no more than one of the longest."""

_LONGEST_TIMER: Final = 24 * 3600.0
"""Seconds; an event loop's timers are not made for a year."""

_CODES: Final[list[tuple[type[ServerError], ErrorCode]]] = [
    (EnvironmentNotFoundError, ErrorCode.ENV_NOT_FOUND),
    (SessionNotFoundError, ErrorCode.SESSION_NOT_FOUND),
    (ConflictError, ErrorCode.SESSION_NOT_FOUND),  # one that has ended just now
    (ForbiddenError, ErrorCode.FORBIDDEN),
    (UnauthorizedError, ErrorCode.UNAUTHORIZED),
    (RateLimitedError, ErrorCode.RATE_LIMITED),
]


class Connection:
    """A client of one endpoint, from its handshake to its end.

    Messages are acted on one after the other, so that a `pong` says that everything sent before
    its `ping` has been taken. The token is verified before the first of them.
    """

    def __init__(
        self,
        backend: Backend,
        socket: WebSocketProtocol,
        upgrade: Upgrade,
        form: Form,
        endpoint: type[Endpoint],
    ) -> None:
        self.backend = backend
        self.client_id = str(uuid.uuid4())
        self.upgrade = upgrade
        self.writer = Writer(socket.send, self._fail, form, backend.ticker, backend.traffic)
        self.about = {"client": self.client_id}
        self.writer.about = self.about
        self._identity: Identity | None = None
        self._socket = socket
        self._endpoint = endpoint(self)
        limits = backend.settings.limits
        self._bucket = TokenBucket(limits.messages_per_second, limits.message_burst)
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._waiting_bytes = 0
        self._working: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._invalid = 0
        self._gone = False

    # --- from the socket -------------------------------------------------------------------

    def open(self) -> None:
        """Begin: verify the token, then read and act on what comes; nothing is read before."""
        self._socket.pause_reading()
        self._working = asyncio.create_task(self._run(opening=True))

    def received(self, message: bytes, *, binary: bool) -> None:
        """A whole message."""
        self.backend.traffic.received += 1
        self.backend.traffic.received_bytes += len(message)
        if self._working is None and not self._waiting and self._act_now(message, binary):
            return
        self._waiting.append((message, binary))
        self._waiting_bytes += len(message)
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes >= MAX_WAITING_BYTES:
            self._socket.pause_reading()
        self._work_on()

    def writing_paused(self) -> None:
        """The peer doesn't read as fast as we write."""
        self.writer.pause()

    def writing_resumed(self) -> None:
        """The peer has caught up."""
        self.writer.resume()
        self._work_on()

    def lost(self) -> None:
        """The connection is gone."""
        self._gone = True
        self._waiting.clear()
        if self._identity is not None:
            note("disconnected", user=self._identity.user_id, client=self.client_id)
        self.about.clear()
        if self._working is not None:
            self._working.cancel()
        if self._expiry is not None:
            self._expiry.cancel()
        self._endpoint.close()
        self.writer.close()
        self.backend.service.unregister_client(self.client_id)
        if self._identity is not None:
            self.backend.user_connections.leave(self._identity.user_id)

    # --- for the endpoint ------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """Who is on the other side; known before the endpoint has anything to do."""
        if self._identity is None:
            raise RuntimeError("the token has not been verified yet")
        return self._identity

    def reply(self, message: Message) -> None:
        """Send a message to this client alone."""
        self.writer.reply(message)

    def complain(self, error: ServerError) -> None:
        """Answer with an `error` message."""
        code = _code(error)
        if code is None:
            _log.error("a message can't be acted on: %s", error, exc_info=error)
            self._fail("internal error")
            return
        self._report(str(error), code, error.details)

    # --- for the service -------------------------------------------------------------------

    @property
    def takes_batches(self) -> bool:
        """Whether it asked for logs in batches."""
        return self.upgrade.query.get("batch") == "1"

    @property
    def follows_logs(self) -> bool:
        """Whether it came to the log endpoint."""
        return self._endpoint.follows_logs

    @property
    def endpoint(self) -> str:
        """The endpoint that it came to: `logs`, `terminal` or `status`."""
        return self.upgrade.path.rpartition("/")[2]

    def may_see(self, environment: Environment) -> bool:
        """Whether its user may know of that environment."""
        return sees(self.identity, environment)

    def ping(self) -> None:
        """Send a ping, or give up on a peer that didn't answer the last one."""
        self._socket.ping()

    def lose_environment(self, environment_id: str) -> None:
        """An environment that it followed is gone, or no longer to be seen."""
        self._endpoint.lost_environment(environment_id)
        self.complain(EnvironmentNotFoundError(environment_id))

    def lose_sessions(self, environment_id: str) -> None:
        """Its user may no longer see an environment: end what it watches of its sessions."""
        self._endpoint.lose_sessions(environment_id)

    def revoke(self) -> None:
        """Its user was changed or deleted: have it log in again."""
        self._close(CloseCode.UNAUTHORIZED, "access was revoked")

    # --- beginning -------------------------------------------------------------------------

    async def _let_in(self) -> bool:
        """Verify the token and count the connection; otherwise close."""
        identity = await self._identify()
        if identity is None:
            return False
        self._socket.admit()
        if not self.backend.user_connections.enter(identity.user_id):
            self._close(CloseCode.TRY_AGAIN_LATER, "too many connections of this user")
            return False
        self._identity = identity
        self.about["user"] = identity.user_id
        note(
            "connected",
            user=identity.user_id,
            client=self.client_id,
            address=self.upgrade.peer,
            endpoint=self.upgrade.path,
        )
        self.backend.service.register_client(self.client_id, self, identity.user_id)
        self._watch_expiry()
        return True

    async def _identify(self) -> Identity | None:
        """Who that is; one whom nobody knows is told so, the later the oftener they ask."""
        if remembered := self.backend.accounts.remembered(self.upgrade.token):
            return remembered
        address, refusals = self.upgrade.peer, self.backend.refusals
        try:
            async with asyncio.timeout(self.backend.settings.limits.authentication_seconds):
                identity = await self.backend.accounts.identify(self.upgrade.token)
        except UnauthorizedError as error:
            await asyncio.sleep(refusals.refused(address))
            self._close(CloseCode.UNAUTHORIZED, str(error))
            return None
        except TimeoutError:
            self._close(CloseCode.TRY_AGAIN_LATER, "the token can't be verified now")
            return None
        refusals.accepted(address)
        return identity

    def _watch_expiry(self) -> None:
        """Close when the token's time is up, with the same leeway as when it was verified."""
        leeway = self.backend.settings.jwt.leeway_seconds
        remaining = self.identity.expires_at + leeway - time.time()
        if remaining <= 0:
            self._report("The token has expired", ErrorCode.UNAUTHORIZED, {})
            self._close(CloseCode.UNAUTHORIZED, "the token has expired")
            return
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(min(remaining, _LONGEST_TIMER), self._watch_expiry)

    # --- messages --------------------------------------------------------------------------

    def _work_on(self) -> None:
        if self._working is not None or self._gone:
            return
        if self._waiting or not self._socket.is_reading:
            self._working = asyncio.create_task(self._run(opening=False))

    async def _run(self, *, opening: bool) -> None:
        journal.about(self.about)
        try:
            if opening:
                if not await self._let_in():
                    self._socket.resume_reading()  # for the answer to the close frame
                    return
                await self._endpoint.open()
            await self._work()
        except Exception:
            _log.exception("a connection failed")
            self._fail("internal error")
        finally:
            self._working = None

    async def _work(self) -> None:
        """Act on what waits, until nothing does or the peer must read first."""
        while self._waiting and self._socket.is_open:
            message, binary = self._waiting.popleft()
            self._waiting_bytes -= len(message)
            await self._act_on(message, binary)
            if self.writer.is_congested:
                await asyncio.sleep(0)
                if self.writer.is_congested:
                    return
        if not self._gone:
            self._socket.resume_reading()

    def _act_now(self, data: bytes, binary: bool) -> bool:
        """Act on what needs no waiting and was sent without fault; whether it was that."""
        try:
            message = decode_client_message(data, deflated=binary)
        except (InvalidMessageError, MessageTooBigError):
            return False
        if not isinstance(message, self._endpoint.messages) or not self._endpoint.act_now(message):
            return False
        self._invalid = 0
        return True

    async def _act_on(self, data: bytes, binary: bool) -> None:
        try:
            message = decode_client_message(data, deflated=binary)
            self._throttle(message)
            await self._dispatch(message)
        except InvalidMessageError as error:
            self._invalid_message(error)
            return
        except MessageTooBigError as error:
            self._close(CloseCode.MESSAGE_TOO_BIG, str(error))
            return
        except TooManyError as error:
            self._close(CloseCode.TRY_AGAIN_LATER, str(error))
            return
        except ServerError as error:
            self.complain(error)
        self._invalid = 0

    def _throttle(self, message: ClientMessage) -> None:
        """Count control messages; terminal input is slowed by back-pressure instead."""
        if isinstance(message, TerminalInput | TerminalAck):
            return
        if wait := self._bucket.take():
            self.backend.traffic.dropped["rate limited"] += 1
            raise RateLimitedError("Too many messages, slow down", wait)

    async def _dispatch(self, message: ClientMessage) -> None:
        if isinstance(message, Ping):
            timestamp = now_ms() if message.timestamp is None else message.timestamp
            self.reply(Pong(timestamp=timestamp))
        elif isinstance(message, self._endpoint.messages):
            await self._endpoint.act_on(message)
        else:
            raise InvalidMessageError("not a message of this endpoint", "type")

    def _invalid_message(self, error: InvalidMessageError) -> None:
        self._invalid += 1
        self.backend.traffic.dropped["invalid"] += 1
        self._report(str(error), ErrorCode.INVALID_MESSAGE, error.details)
        if self._invalid >= self.backend.settings.limits.invalid_messages_in_a_row:
            self._close(CloseCode.POLICY_VIOLATION, "too many invalid messages")

    # --- the end ---------------------------------------------------------------------------

    def _report(self, error: str, code: ErrorCode, details: dict[str, object]) -> None:
        self.reply(Error(ErrorReport(error=error, code=code, details=details), now_ms()))

    def _fail(self, reason: str) -> None:
        self._close(CloseCode.INTERNAL_ERROR, reason)

    def _close(self, code: CloseCode, reason: str) -> None:
        self.writer.flush()
        self._socket.close(code, reason)


def _code(error: ServerError) -> ErrorCode | None:
    """The guide's code for an error; None for one that is ours to mend."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return ErrorCode.SESSION_NOT_FOUND if isinstance(error, NotFoundError) else None
