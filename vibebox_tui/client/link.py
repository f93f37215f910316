"""A link to one endpoint: keeps a connection there for as long as it is wanted.

Connections come and go; the link backs off, asks the shared circuit breaker, renews tokens, and
tells its channel, which speaks over it, when it may (re)subscribe.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from vibebox_tui.client.attempts import Attempts
from vibebox_tui.client.connection import Closing, Connection
from vibebox_tui.client.credentials import AHEAD, Secret
from vibebox_tui.client.errors import (
    ClientError,
    CredentialsError,
    LoginRequiredError,
    RefusedError,
    TlsError,
    UnreachableError,
)
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.client.opening import BUSY_RETRY_AFTER, Dial, open_connection
from vibebox_tui.client.other_servers import refuses_token, sentence
from vibebox_tui.client.server_access import ServerAccess
from vibebox_tui.client.telemetry import Drop
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.codes import CloseCode, Retry, retry_after
from vibebox_tui.protocol.messages import Error, ErrorReport, ServerMessage

_log = logging.getLogger(__name__)

PROVEN: Final = 10.0
"""Seconds that a connection must have lived for its loss to begin a new back-off."""

PROOF_TIMEOUT: Final = 2.0
"""Seconds to wait for the old connection's last answer when a new one takes its place."""

COMPLAINT_LIFE: Final = 2.0
"""Seconds for which an `error` explains the close that follows it."""

RENEWAL_LOOK: Final = 20.0
"""Seconds at most between two looks at the token's expiry; timers stand still in a sleep."""

RENEWAL_PAUSE: Final = 5.0
"""Seconds before another try where a token couldn't be renewed."""


class Channel(Protocol):
    """What speaks over a link."""

    def query(self, has_features: bool | None) -> dict[str, str]:
        """The URL's query for a server with or without our extensions (None: not known yet)."""
        ...

    def opened(self, connection: Connection) -> None:
        """A connection stands: subscribe, and go on where the one before ended.

        Without a `lost` in between it takes the place of one that worked until now.
        """
        ...

    def received(self, message: ServerMessage) -> None:
        """A message came in."""
        ...

    def lost(self) -> None:
        """The connection is gone; another one will follow."""
        ...

    def link_changed(self, state: LinkState) -> None:
        """The link's state is another."""
        ...


class Link:
    """Keeps a channel connected to an endpoint, from `start` to `close`."""

    def __init__(
        self,
        access: ServerAccess,
        name: str,
        endpoint: str,
        channel: Channel,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.state = LinkState(LinkPhase.CONNECTING, access.clock.now())
        self.telemetry = access.telemetry_for(name)
        self._access = access
        self._endpoint = endpoint
        self._channel = channel
        self._changed = changed
        self._attempts = Attempts(access)
        self._has_refreshed = False
        self._complaint: tuple[ErrorReport, float] | None = None
        self._connection: Connection | None = None
        self._token = Secret("")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect."""
        self.telemetry.is_open = True
        self._task = asyncio.create_task(self._run(), name=f"link {self.name}")

    async def close(self) -> None:
        """Close the connection and try no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.telemetry.is_open = False
        self._set(LinkPhase.CLOSED)

    def retry_now(self) -> None:
        """Try at once if this link waits or was refused; a stale connection is replaced.

        One that stands has to answer soon, or is given up.
        """
        if self._connection is None:
            self._attempts.insist()
        elif self._connection.is_stale:
            self.reconnect()
        else:
            self._connection.doubt()

    def reconnect(self) -> None:
        """Give the present connection up for a new one at once, as with another query."""
        self._attempts.insist()
        if self._connection is not None:
            self._connection.give_up("a new connection was asked for")

    # --- for the connection ----------------------------------------------------------------

    def received(self, message: ServerMessage) -> None:
        if isinstance(message, Error):
            self._complaint = message.payload, self._access.clock.monotonic()
            _log.info("%s: the server reports: %s", self.name, sentence(message.payload))
        self._channel.received(message)

    def heartbeat(self, *, stale_for: float | None, round_trip: float | None) -> None:
        if stale_for is None:
            self._set(LinkPhase.CONNECTED, round_trip=round_trip)
        else:
            since = self._access.clock.now() - stale_for
            self._set(LinkPhase.STALE, round_trip=round_trip, since=since)

    # --- one life after the other ----------------------------------------------------------

    async def _run(self) -> None:
        try:
            while True:
                await self._attempts.permission(self._waiting(self.state.reason))
                await self._live_once()
        except Exception:
            _log.exception("%s: the link has failed", self.name)
            self._set(LinkPhase.REFUSED, "the client failed here; its log file says how")

    async def _live_once(self) -> None:
        """One connection from the attempt to its end, and the wait that follows."""
        try:
            connection = await self._open()
        except ClientError as error:
            await self._after_failure(error)
        except VibeBoxError as error:
            await self._refused(str(error))
        else:
            ending = await self._live(connection)
            if ending is not None:
                await self._after_loss(*ending)

    async def _open(self) -> Connection:
        self._attempts.begin()
        self._set(LinkPhase.CONNECTING, self.state.reason)
        self.telemetry.attempts += 1
        self._token = await self._access.credentials.token()
        return await self._dial(self._token)

    async def _dial(self, token: Secret) -> Connection:
        access = self._access
        dial = Dial(
            access.address,
            self._endpoint,
            self._channel.query(access.has_features),
            token,
            access.tls(),
        )
        return await open_connection(dial, self, access.settings, access.clock, self.telemetry)

    async def _live(self, connection: Connection) -> tuple[Closing, float] | None:
        """Use the connection, and those that replace it, until one ends on its own.

        Returns how it ended and how long it lived; None where it was closed for a new token.
        """
        self._adopt(connection)
        self._access.connection_opened()
        try:
            while True:
                current = self._connection or connection
                ending = await self._until_due(current)
                if isinstance(ending, Closing):
                    return ending, self._access.clock.monotonic() - current.opened_at
                if not current.has_features:
                    return None
                await self._replace(current, ending)
        finally:
            current, self._connection = self._connection or connection, None
            self._access.breaker.lost()
            await current.close()
            self._channel.lost()

    def _adopt(self, connection: Connection) -> None:
        self._access.has_features = connection.has_features
        self._connection = connection
        self._complaint = None
        self.telemetry.connects += 1
        _log.info(
            "%s: connected (%d of %d attempts)%s",
            *(self.name, self.telemetry.connects, self.telemetry.attempts),
            "" if connection.has_features else ", to a server that knows only the guide",
        )
        self._set(LinkPhase.CONNECTED)
        self._channel.opened(connection)
        connection.start()

    # --- tokens ----------------------------------------------------------------------------

    async def _until_due(self, connection: Connection) -> Closing | Secret:
        """How the connection ended, or the token that is to take the place of its own."""
        closed = asyncio.create_task(connection.closed())
        try:
            while True:
                await asyncio.wait([closed], timeout=self._renewal_in())
                if closed.done():
                    return closed.result()
                if self._is_due() and (token := await self._renewed()) is not None:
                    return token
        finally:
            closed.cancel()

    def _renewal_in(self) -> float | None:
        """Seconds until the token is due, looked at anew often enough to notice a sleep."""
        expires_at = self._access.credentials.expires_at
        if expires_at is None:
            return None
        left = expires_at - AHEAD - self._access.clock.now()
        return min(left, RENEWAL_LOOK) if left > 0 else RENEWAL_PAUSE

    def _is_due(self) -> bool:
        expires_at = self._access.credentials.expires_at
        return expires_at is None or expires_at - AHEAD <= self._access.clock.now()

    async def _renewed(self) -> Secret | None:
        """Another token, if there is one already; else the server ends the connection in time."""
        try:
            token = await self._access.credentials.token()
        except VibeBoxError as error:
            _log.warning("%s: the token can't be renewed yet: %s", self.name, error)
            return None
        return None if token == self._token else token

    async def _replace(self, old: Connection, token: Secret) -> None:
        """Open another connection with `token`, move over, then close the old one."""
        try:
            new = await self._dial(token)
        except VibeBoxError as error:
            _log.warning("%s: no connection with the new token: %s", self.name, error)
            return
        try:
            with suppress(TimeoutError, ConnectionError):
                await asyncio.wait_for(old.prove(), PROOF_TIMEOUT)
        except asyncio.CancelledError:
            await new.close()
            raise
        old.mute()
        self._token = token
        self._adopt(new)
        await old.close(reason="token refreshed")

    # --- after an end ----------------------------------------------------------------------

    async def _after_loss(self, closing: Closing, lived: float) -> None:
        complaint = self._complaint_about(closing)
        reason = sentence(complaint) if complaint else closing.reason
        telemetry = self.telemetry
        telemetry.dropped(Drop(self._access.clock.now(), closing.code, reason))
        _log.info(
            "%s: lost after %.1f s: %s (%d); in all %d connects, %d losses,"
            " %d bytes and %d messages in, %d and %d out",
            *(self.name, lived, reason, closing.code, telemetry.connects, telemetry.drop_count),
            *(telemetry.bytes_in, telemetry.messages_in),
            *(telemetry.bytes_out, telemetry.messages_out),
        )
        if lived >= PROVEN:
            self._attempts.start_over()
            self._has_refreshed = False
        if self._attempts.is_wanted_now:
            return
        is_token = complaint is not None and refuses_token(complaint)
        match Retry.REFRESH if is_token else retry_after(closing.code):
            case Retry.REFRESH:
                await self._refresh(reason)
            case Retry.NEVER:
                await self._refused(reason)
            case Retry.AGAIN:
                busy = closing.code == CloseCode.TRY_AGAIN_LATER
                await self._back_off(reason, BUSY_RETRY_AFTER if busy else 0.0)

    def _complaint_about(self, closing: Closing) -> ErrorReport | None:
        """The `error` that came right before a close and says more than its code."""
        if self._complaint is None or closing.code == CloseCode.NORMAL:
            return None
        complaint, at = self._complaint
        return complaint if self._access.clock.monotonic() - at <= COMPLAINT_LIFE else None

    async def _after_failure(self, error: ClientError) -> None:
        _log.info("%s: %s", self.name, error)
        match error:
            case LoginRequiredError():
                await self._refused(str(error), login_required=True)
            case RefusedError(code=CloseCode.UNAUTHORIZED):
                await self._refresh(str(error))
            case RefusedError():
                await self._refused(str(error))
            case TlsError(reason=reason):
                await self._refused(reason)
            case UnreachableError(reason=reason, retry_after=at_least):
                await self._back_off(reason, at_least)
            case CredentialsError() | ClientError():
                await self._back_off(str(error))

    async def _refresh(self, reason: str) -> None:
        """Get another token, once; a token that is refused as well is the user's business."""
        if self._has_refreshed:
            await self._refused(reason, login_required=True)
            return
        self._has_refreshed = True
        try:
            await self._access.credentials.refresh()
        except VibeBoxError as error:
            await self._refused(str(error), login_required=True)

    async def _refused(self, reason: str, *, login_required: bool = False) -> None:
        """Wait until the user wants another try, or has given other credentials."""
        self._set(LinkPhase.REFUSED, reason, login_required=login_required)
        await self._attempts.somebody_insists()
        self._has_refreshed = False
        self._attempts.start_over()

    async def _back_off(self, reason: str, at_least: float = 0.0) -> None:
        await self._attempts.back_off(self._waiting(reason), at_least)

    def _waiting(self, reason: str) -> Callable[[float], None]:
        """Tells that the link waits, and why."""

        def waiting(seconds: float) -> None:
            retry_at = self._access.clock.now() + seconds
            self._set(LinkPhase.WAITING, reason, retry_at=retry_at)

        return waiting

    # --- state -----------------------------------------------------------------------------

    def _set(
        self,
        phase: LinkPhase,
        reason: str = "",
        *,
        round_trip: float | None = None,
        retry_at: float | None = None,
        since: float | None = None,
        login_required: bool = False,
    ) -> None:
        before = self.state
        if since is None:
            since = before.since if before.phase is phase else self._access.clock.now()
        attempt = 0 if phase is LinkPhase.CONNECTED else self._attempts.count
        self.state = LinkState(
            phase,
            since,
            round_trip,
            attempt,
            self._access.settings.max_attempts,
            retry_at,
            reason,
            login_required,
        )
        self._channel.link_changed(self.state)
        self._changed()
