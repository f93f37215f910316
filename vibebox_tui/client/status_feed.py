"""The status of one environment, and the list of all: the newest value is all that counts."""

from vibebox_tui.client.clock import Clock
from vibebox_tui.client.connection import Connection
from vibebox_tui.client.events import (
    EnvironmentChanged,
    LinkState,
    ListEvent,
    StatusEvent,
    StatusUpdate,
)
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.protocol.messages import (
    EnvironmentRequest,
    EnvListChanged,
    EnvListSubscribe,
    EnvStatus,
    EnvSubscribe,
    EnvUnsubscribe,
    ServerMessage,
)


class StatusFeed:
    """The status of one environment for all who want it; each has the newest one waiting."""

    def __init__(self, environment_id: str, clock: Clock) -> None:
        self.readers: list[Subscription[StatusEvent]] = []
        self._environment_id = environment_id
        self._clock = clock
        self._latest: StatusUpdate | None = None
        self._error: Exception | None = None
        self._state: LinkState | None = None
        self._connection: Connection | None = None

    def add(self, reader: Subscription[StatusEvent]) -> None:
        """Serve another reader, beginning with what is known."""
        self.readers.append(reader)
        if self._state is not None:
            reader.put_link(self._state)
        if self._latest is not None:
            reader.put_latest(self._latest)
        if self._error is not None:
            reader.fail(self._error)

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        connection.send(EnvSubscribe(EnvironmentRequest(self._environment_id)))

    def received(self, message: ServerMessage) -> None:
        if isinstance(message, EnvStatus):
            self._latest = StatusUpdate(message.payload, self._clock.now())
            for reader in self.readers:
                reader.put_latest(self._latest)

    def lost(self) -> None:
        self._connection = None

    def link_changed(self, state: LinkState) -> None:
        self._state = state
        for reader in self.readers:
            reader.put_link(state)

    def fail(self, error: Exception) -> None:
        self._error = error
        for reader in tuple(self.readers):
            reader.fail(error)

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.send(EnvUnsubscribe(EnvironmentRequest(self._environment_id)))


class ListFeed:
    """Changes of the list of environments.

    A reader whose queue is full is told the link's state in place of a change, which makes it
    list anew as after an interruption.
    """

    def __init__(self) -> None:
        self.readers: list[Subscription[ListEvent]] = []
        self._state: LinkState | None = None

    def add(self, reader: Subscription[ListEvent]) -> None:
        """Serve another reader."""
        self.readers.append(reader)
        if self._state is not None:
            reader.put_link(self._state)

    def opened(self, connection: Connection) -> None:
        if connection.has_features:
            connection.send(EnvListSubscribe())

    def received(self, message: ServerMessage) -> None:
        if isinstance(message, EnvListChanged):
            change = EnvironmentChanged(message.payload.environment_id, message.payload.change)
            for reader in self.readers:
                if reader.room > 0:
                    reader.put(change)
                elif self._state is not None:
                    reader.put_link(self._state)

    def lost(self) -> None:
        pass

    def link_changed(self, state: LinkState) -> None:
        self._state = state
        for reader in self.readers:
            reader.put_link(state)

    def fail(self, error: Exception) -> None:
        for reader in tuple(self.readers):
            reader.fail(error)

    def leave(self) -> None:
        """There is no message to unsubscribe from the list; nobody reads what still comes."""
