"""What a lane carries for one environment, seen from the lane."""

from typing import Protocol

from vibebox_tui.client.connection import Connection
from vibebox_tui.client.events import LinkState
from vibebox_tui.protocol.messages import ServerMessage


class Feed(Protocol):
    """The subscription of one environment on a connection that it shares with others."""

    def opened(self, connection: Connection) -> None:
        """A connection stands: subscribe."""
        ...

    def received(self, message: ServerMessage) -> None:
        """A message about this environment."""
        ...

    def lost(self) -> None:
        """The connection is gone."""
        ...

    def link_changed(self, state: LinkState) -> None:
        """The link's state is another."""
        ...

    def fail(self, error: Exception) -> None:
        """The server won't serve this environment."""
        ...

    def leave(self) -> None:
        """Nobody reads it any more: unsubscribe."""
        ...
