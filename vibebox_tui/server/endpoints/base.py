"""What an endpoint is to a connection, and the other way round."""

from typing import Any, ClassVar, Protocol

from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.messages import Message
from vibebox_tui.server.auth import Identity
from vibebox_tui.server.backend import Backend
from vibebox_tui.server.errors import ServerError
from vibebox_tui.server.wsprotocol import Upgrade


class TooManyError(VibeBoxError):
    """There are too many connections already; the client may come back later."""


class ClientConnection(Protocol):
    """The connection that an endpoint serves."""

    client_id: str
    backend: Backend
    upgrade: Upgrade

    @property
    def identity(self) -> Identity: ...

    def reply(self, message: Message) -> None: ...

    def complain(self, error: ServerError) -> None: ...


class Endpoint:
    """One connection's endpoint."""

    messages: ClassVar[tuple[type[Message], ...]]
    """What a client may send here, besides `ping`."""

    follows_logs: ClassVar[bool] = False
    """Whether a subscription to an environment means its log."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.backend = connection.backend

    async def open(self) -> None:
        """The token has been verified; nothing was acted on yet."""

    async def act_on(self, message: Any) -> None:
        """Do what one of `messages` asks for.

        Raises:
            ServerError, InvalidMessageError: told to the client.
            TooManyError: closes the connection.
        """
        raise NotImplementedError

    def act_now(self, message: Any) -> bool:
        """Do what one of `messages` asks for, if that needs no waiting and nobody must be told of
        an error; whether that was so, else nothing was done."""
        return False

    def lost_environment(self, environment_id: str) -> None:
        """A subscription was ended by the server."""

    def lose_sessions(self, environment_id: str) -> None:
        """An environment is no longer to be seen, nor are its sessions."""

    def close(self) -> None:
        """The connection is gone."""
