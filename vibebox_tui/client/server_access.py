"""What all connections to one server have in common."""

from ssl import SSLContext
from typing import Final, Protocol

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.breaker import CircuitBreaker
from vibebox_tui.client.clock import Chance, Clock
from vibebox_tui.client.credentials import Credentials
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.telemetry import LinkTelemetry
from vibebox_tui.client.tls import tls_context

CLOSED_KEPT: Final = 32
"""Links whose counters are kept though they are closed: a dashboard may open terminals for days."""


class Waiter(Protocol):
    """Somebody who waits for the server to be worth a try."""

    def look_again(self) -> None:
        """Something has changed that may make it so."""
        ...


class ServerAccess:
    """Address, credentials, settings, circuit breaker and telemetry of one server.

    `has_features` is whether it has our extensions; None until a connection has stood.
    """

    def __init__(
        self,
        address: ServerAddress,
        credentials: Credentials,
        settings: ClientSettings,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self.address = address
        self.credentials = credentials
        self.settings = settings
        self.clock = clock
        self.chance = chance
        self.breaker = CircuitBreaker(settings.max_attempts)
        self.has_features: bool | None = None
        self.telemetry: list[LinkTelemetry] = []
        self._waiters: set[Waiter] = set()
        self._tls: SSLContext | None = None

    def tls(self) -> SSLContext | None:
        """What TLS connections are made with; None for a server without TLS."""
        if self.address.secure and self._tls is None:
            self._tls = tls_context(self.settings)
        return self._tls

    def telemetry_for(self, name: str) -> LinkTelemetry:
        """The counters of the link called `name`: those it had before, if it was there before."""
        for telemetry in self.telemetry:
            if telemetry.name == name:
                return telemetry
        telemetry = LinkTelemetry(name)
        self.telemetry.append(telemetry)
        self._forget_closed()
        return telemetry

    def _forget_closed(self) -> None:
        """Keep the newest of the links that are no more."""
        closed = [each for each in self.telemetry if not each.is_open]
        for telemetry in closed[:-CLOSED_KEPT]:
            self.telemetry.remove(telemetry)

    def wait(self, waiter: Waiter) -> None:
        """Tell `waiter` when another connection has found the server to be there."""
        self._waiters.add(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Tell it no more."""
        self._waiters.discard(waiter)

    def connection_opened(self) -> None:
        """The server is there: whoever waits for that may look again."""
        self.breaker.opened()
        for waiter in tuple(self._waiters):
            waiter.look_again()
