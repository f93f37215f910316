"""What routes and WebSocket endpoints work with."""

import asyncio
import socket
from dataclasses import dataclass

from vibebox_tui.protocol.models import Environment, Session
from vibebox_tui.server.accounts import Accounts
from vibebox_tui.server.auth import Action, Identity, require, sees
from vibebox_tui.server.environments import Environments
from vibebox_tui.server.errors import SessionNotFoundError
from vibebox_tui.server.limits import ConnectionCounts, Refusals
from vibebox_tui.server.service import WebSocketService
from vibebox_tui.server.sessions import Sessions
from vibebox_tui.server.settings import ServerSettings
from vibebox_tui.server.store import Store
from vibebox_tui.server.ticker import Ticker
from vibebox_tui.server.traffic import Traffic
from vibebox_tui.server.vitals import Vitals
from vibebox_tui.server.waiting_room import WaitingRoom


@dataclass(frozen=True, slots=True)
class Backend:
    """The parts of a running server, and the one way to reach an environment or a session.

    `user_connections` and `log_connections` count by user and by environment, `refusals` by
    address; in the `queue` are connections that nobody has listened to yet, in the `waiting_room`
    those that haven't authenticated; the `ticker` has all writers write together; `traffic` counts
    what passes, `vitals` say how the server itself is.
    """

    settings: ServerSettings
    store: Store
    accounts: Accounts
    environments: Environments
    sessions: Sessions
    service: WebSocketService
    user_connections: ConnectionCounts
    log_connections: ConnectionCounts
    queue: WaitingRoom[socket.socket]
    waiting_room: WaitingRoom[asyncio.Protocol]
    refusals: Refusals
    ticker: Ticker
    traffic: Traffic
    vitals: Vitals
    started_at: float

    def environment(self, identity: Identity, action: Action, environment_id: str) -> Environment:
        """The environment, for one who may do that with it.

        Raises EnvironmentNotFoundError, ForbiddenError.
        """
        environment = self.environments.get(environment_id)
        require(identity, action, environment)
        return environment

    def session(self, identity: Identity, action: Action, session_id: str) -> Session:
        """The session, for one who may do that in its environment.

        Raises SessionNotFoundError (also where the environment is not to be known), ForbiddenError.
        """
        session = self.sessions.get(session_id)
        environment = self.environments.get(session.environment_id)
        if not sees(identity, environment):
            raise SessionNotFoundError(session_id)
        require(identity, action, environment)
        return session
