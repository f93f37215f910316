"""One server: its REST API and the subscriptions that share its connections."""

from types import TracebackType
from typing import Self

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import Credentials
from vibebox_tui.client.events import LinkState, ListEvent, LogEvent, StatusEvent
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.client.terminal import TerminalLink
from vibebox_tui.protocol.messages import StreamFilter


class Client:
    """One server; `async with Client(address, credentials) as client:`.

    Nothing is connected before the first subscription or REST call. Subscriptions share one
    connection for logs and one for status; each terminal has its own. They all share one circuit
    breaker. Leaving the `async with` closes every subscription and connection.
    """

    rest: RestClient

    def __init__(
        self,
        address: ServerAddress,
        credentials: Credentials,
        *,
        settings: ClientSettings | None = None,
    ) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @property
    def link(self) -> LinkState:
        """The state of the connection that most needs telling about (refused, waiting, stale …)."""

    def watch_link(self) -> Subscription[LinkState]:
        """`link` now and after every change; a slow reader skips to the newest."""

    def logs(
        self, environment_id: str, *, stream: StreamFilter = "all", tail: int = 1000
    ) -> Subscription[LogEvent]:
        """The log of an environment: its last `tail` lines, `LogLiveNow`, then what comes."""

    def status(self, environment_id: str) -> Subscription[StatusEvent]:
        """The status of an environment, now and at each change; a slow reader gets the newest."""

    def environment_changes(self) -> Subscription[ListEvent]:
        """Environments created, updated and deleted.

        Changes while the link was down aren't told: list anew after each `LinkState` CONNECTED.
        A server that knows only the guide tells none: then list anew from time to time.
        """

    def terminal(
        self, session_id: str, *, rows: int, columns: int, read_only: bool = False
    ) -> TerminalLink:
        """The terminal of a session: `async with`, `async for`, `.send(data)`, `.resize(...)`."""

    def retry_now(self) -> None:
        """Try at once whatever waits or was refused, breaker or not."""

    def log_in_again(self, credentials: Credentials) -> None:
        """Go on with other credentials; what was refused for want of them is resumed."""
