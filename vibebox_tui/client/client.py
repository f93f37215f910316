"""One server: its REST API and the subscriptions that share its connections."""

import asyncio
from types import TracebackType
from typing import Any, Final, Self

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.clock import Chance, Clock, SystemClock, system_chance
from vibebox_tui.client.credentials import Credentials
from vibebox_tui.client.events import LinkPhase, LinkState, ListEvent, LogEvent, StatusEvent
from vibebox_tui.client.lane import LIST, Lanes
from vibebox_tui.client.link import Link
from vibebox_tui.client.log_feed import LogFeed
from vibebox_tui.client.log_reader import LogCursor, LogReader
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.saved_login import SavedLogin, login_file, save_login
from vibebox_tui.client.server_access import ServerAccess
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.ssh import SshTunnel
from vibebox_tui.client.status_feed import ListFeed, StatusFeed
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.client.telemetry import UNSTEADY_DROPS, UNSTEADY_SECONDS, LinkTelemetry
from vibebox_tui.client.terminal import TerminalLink
from vibebox_tui.protocol.messages import StreamFilter

LOG_CAPACITY: Final = 20_000
"""Log lines that wait for one reader before it has to pull by itself: some MiB at most."""

STATUS_CAPACITY: Final = 4
LIST_CAPACITY: Final = 1000
"""Events that wait for one reader; statuses replace each other."""

_MOST_TELLING: Final = (
    LinkPhase.REFUSED,
    LinkPhase.WAITING,
    LinkPhase.CONNECTING,
    LinkPhase.STALE,
    LinkPhase.CONNECTED,
    LinkPhase.CLOSED,
)
"""Of several links' phases the first one of these is what a user must know."""


class Client:
    """One server; `async with Client(address, credentials) as client:`.

    Nothing is connected before the first subscription or REST call. Subscriptions share one
    connection for logs and one for status; each terminal has its own. They all share one circuit
    breaker. Leaving the `async with` closes every subscription and connection. A `tunnel` to the
    server is held open for as long.
    """

    rest: RestClient

    def __init__(
        self,
        address: ServerAddress,
        credentials: Credentials,
        *,
        settings: ClientSettings | None = None,
        clock: Clock | None = None,
        chance: Chance = system_chance,
        tunnel: SshTunnel | None = None,
    ) -> None:
        self.address = address
        self.user_name = ""
        """Who the server says we are, an email; empty while it hasn't said."""
        self._tunnel = tunnel
        if tunnel is not None:
            address = tunnel.address
        clock = clock or SystemClock()
        settings = settings or ClientSettings()
        self.rest = RestClient(address, credentials, settings, clock=clock)
        self._access = ServerAccess(address, credentials, settings, clock, chance)
        self._log_lanes = Lanes(self._access, "logs", self._link_changed)
        self._status_lanes = Lanes(self._access, "status", self._link_changed)
        self._log_feeds: dict[str, LogFeed] = {}
        self._status_feeds: dict[str, StatusFeed] = {}
        self._list_feed = ListFeed()
        self._list_is_open = False
        self._terminals: list[TerminalLink] = []
        self._watchers: set[Subscription[LinkState]] = set()
        self._open: set[Subscription[Any]] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._link = LinkState(LinkPhase.CLOSED, clock.now())

    async def __aenter__(self) -> Self:
        if self._tunnel is not None:
            await self._tunnel.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
        if self._tunnel is not None:
            await self._tunnel.__aexit__(kind, error, trace)

    async def close(self) -> None:
        """Close every subscription and connection; readers come to their end."""
        for subscription in tuple(self._open):
            await subscription.close()
        await asyncio.gather(
            self._log_lanes.close(),
            self._status_lanes.close(),
            *self._endings,
            return_exceptions=True,
        )
        await self.rest.close()

    # --- the links -------------------------------------------------------------------------

    @property
    def link(self) -> LinkState:
        """The state of the connection that most needs telling about (refused, waiting, stale …)."""
        return self._link

    @property
    def telemetry(self) -> list[LinkTelemetry]:
        """The counters of every link that has been in use, the oldest first."""
        return list(self._access.telemetry)

    @property
    def unsteadiness(self) -> str:
        """A sentence where a connection has been lost often of late; else empty."""
        now = self._access.clock.now()
        worst = max((each.recent_drops(now) for each in self._access.telemetry), default=0)
        if worst < UNSTEADY_DROPS:
            return ""
        return f"the connection was lost {worst} times in {UNSTEADY_SECONDS / 60:.0f} minutes"

    def watch_link(self) -> Subscription[LinkState]:
        """`link` now and after every change; a slow reader skips to the newest."""
        return Subscription(capacity=1, opened=self._open_watch, closed=self._close_watch)

    def retry_now(self) -> None:
        """Try at once whatever waits or was refused, breaker or not."""
        for link in self._links():
            link.retry_now()

    def log_in_again(self, credentials: Credentials) -> None:
        """Go on with other credentials; what was refused for want of them is resumed."""
        self._access.credentials = credentials
        self.rest.use(credentials)
        self.retry_now()

    async def identify(self) -> str:
        """Ask the server who we are there, and keep it as `user_name`.

        Raises:
            ClientError: it doesn't let us in, doesn't answer, or doesn't say.
        """
        self.user_name = (await self.rest.me()).email
        return self.user_name

    async def log_in(self, email: str, password: str) -> None:
        """Exchange a password for a login that is kept, and go on with it.

        Raises:
            ApiError: the server doesn't know them, or is asked too often.
            UnreachableError, CredentialsError: nobody answers; the login can't be kept.
        """
        tokens = await self.rest.login(email, password)
        path = login_file(self.address)
        await asyncio.to_thread(save_login, path, self.address, tokens)
        self.user_name = tokens.user.email if tokens.user else email
        self.log_in_again(SavedLogin(path, self.rest.refresh, clock=self._access.clock))

    # --- subscriptions ---------------------------------------------------------------------

    def logs(
        self,
        environment_id: str,
        *,
        stream: StreamFilter = "all",
        tail: int = 1000,
        after: LogCursor | None = None,
    ) -> Subscription[LogEvent]:
        """The log of an environment: its last `tail` lines, `LogLiveNow`, then what comes.

        With `after` it goes on from there instead: all lines after that one, each once.

        The lists of lines are shared with other subscriptions: read them, don't change them.
        """
        reader: LogReader
        subscription: Subscription[LogEvent] = Subscription(
            capacity=LOG_CAPACITY,
            opened=lambda _: self._open_log(reader),
            closed=lambda _: self._close_log(reader),
            drained=lambda _: self._log_drained(reader),
        )
        reader = LogReader(
            environment_id,
            subscription,
            stream=stream,
            tail=tail,
            rest=self.rest,
            clock=self._access.clock,
            after=after,
        )
        return subscription

    def status(self, environment_id: str) -> Subscription[StatusEvent]:
        """The status of an environment, now and at each change; a slow reader gets the newest."""
        return Subscription(
            capacity=STATUS_CAPACITY,
            opened=lambda subscription: self._open_status(environment_id, subscription),
            closed=lambda subscription: self._close_status(environment_id, subscription),
        )

    def environment_changes(self) -> Subscription[ListEvent]:
        """Environments created, updated and deleted.

        Changes while the link was down aren't told: list anew after each `LinkState` CONNECTED,
        and once more after the first one with a round trip, up to which some may be missed.
        A server that knows only the guide tells none: then list anew from time to time.
        """
        return Subscription(capacity=LIST_CAPACITY, opened=self._open_list, closed=self._close_list)

    def terminal(
        self,
        session_id: str,
        *,
        rows: int,
        columns: int,
        read_only: bool = False,
        name: str = "",
    ) -> TerminalLink:
        """The terminal of a session: `async with`, `async for`, `.send(data)`, `.resize(...)`.

        `name` is what it is called among the connections, where the id says too little.
        """
        return TerminalLink(
            self._access,
            session_id,
            rows=rows,
            columns=columns,
            read_only=read_only,
            opened=self._open_terminal,
            closed=self._close_terminal,
            changed=self._link_changed,
            name=name,
        )

    # --- opening and closing ---------------------------------------------------------------

    def _open_watch(self, subscription: Subscription[LinkState]) -> None:
        self._open.add(subscription)
        self._watchers.add(subscription)
        subscription.put_link(self._link)

    def _close_watch(self, subscription: Subscription[LinkState]) -> None:
        self._open.discard(subscription)
        self._watchers.discard(subscription)

    def _open_log(self, reader: LogReader) -> None:
        self._open.add(reader.subscription)
        feed = self._log_feeds.get(reader.environment_id)
        if feed is not None:
            feed.add(reader)
            return
        feed = LogFeed(reader.environment_id, self._access.clock)
        self._log_feeds[reader.environment_id] = feed
        feed.add(reader)
        self._log_lanes.add(reader.environment_id, feed)

    def _close_log(self, reader: LogReader) -> None:
        self._open.discard(reader.subscription)
        feed = self._log_feeds[reader.environment_id]
        feed.remove(reader)
        if (task := reader.close()) is not None:
            self._await_later(task)
        if not feed.readers:
            del self._log_feeds[reader.environment_id]
            self._log_lanes.remove(reader.environment_id)

    def _log_drained(self, reader: LogReader) -> None:
        if (feed := self._log_feeds.get(reader.environment_id)) is not None:
            feed.drained(reader)

    def _open_status(self, environment_id: str, subscription: Subscription[StatusEvent]) -> None:
        self._open.add(subscription)
        feed = self._status_feeds.get(environment_id)
        if feed is not None:
            feed.add(subscription)
            return
        feed = self._status_feeds[environment_id] = StatusFeed(environment_id, self._access.clock)
        feed.add(subscription)
        self._status_lanes.add(environment_id, feed)

    def _close_status(self, environment_id: str, subscription: Subscription[StatusEvent]) -> None:
        self._open.discard(subscription)
        feed = self._status_feeds[environment_id]
        feed.readers.remove(subscription)
        if not feed.readers:
            del self._status_feeds[environment_id]
            self._status_lanes.remove(environment_id)

    def _open_list(self, subscription: Subscription[ListEvent]) -> None:
        self._open.add(subscription)
        self._list_feed.add(subscription)
        if not self._list_is_open:
            self._list_is_open = True
            self._status_lanes.add(LIST, self._list_feed)

    def _close_list(self, subscription: Subscription[ListEvent]) -> None:
        self._open.discard(subscription)
        self._list_feed.readers.remove(subscription)

    def _open_terminal(self, terminal: TerminalLink) -> None:
        self._open.add(terminal)
        self._terminals.append(terminal)
        terminal.link.start()

    def _close_terminal(self, terminal: TerminalLink) -> None:
        self._open.discard(terminal)
        self._terminals.remove(terminal)
        self._await_later(asyncio.create_task(terminal.shut(), name="close a terminal"))
        self._link_changed()

    # --- helpers ---------------------------------------------------------------------------

    def _await_later(self, task: asyncio.Task[None]) -> None:
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    def _links(self) -> list[Link]:
        terminals = [terminal.link for terminal in self._terminals]
        return [*self._status_lanes.links, *self._log_lanes.links, *terminals]

    def _link_changed(self) -> None:
        states = [link.state for link in self._links()]
        ranked = sorted(states, key=lambda state: _MOST_TELLING.index(state.phase))
        link = ranked[0] if ranked else LinkState(LinkPhase.CLOSED, self._access.clock.now())
        if link == self._link:
            return
        self._link = link
        for subscription in self._watchers:
            subscription.put_link(link)
