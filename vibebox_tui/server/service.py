"""The server's only way to its clients, under the guide's method names ("API Reference")."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from vibebox_tui.protocol.messages import (
    EnvironmentChange,
    EnvironmentStatus,
    LogSubscribeRequest,
    SessionExit,
    TerminalData,
    TerminalResize,
)
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import EnvironmentNotFoundError
from vibebox_tui.server.hub import Hub, Subscriber
from vibebox_tui.server.log_block import LogSpan
from vibebox_tui.server.log_cursor import start_time
from vibebox_tui.server.records import TerminalSnapshot
from vibebox_tui.server.terminal_channel import TerminalChannel
from vibebox_tui.server.terminal_cursor import TerminalCursor
from vibebox_tui.server.writer import Writer


class Peer(Protocol):
    """The connection of a registered client."""

    @property
    def writer(self) -> Writer: ...

    @property
    def takes_batches(self) -> bool: ...

    @property
    def follows_logs(self) -> bool:
        """Whether it came to the log endpoint."""

    @property
    def endpoint(self) -> str: ...

    def may_see(self, environment: Environment) -> bool: ...

    def ping(self) -> None: ...

    def lose_environment(self, environment_id: str) -> None:
        """An environment that it followed is gone, or no longer to be seen."""

    def lose_sessions(self, environment_id: str) -> None:
        """Its user may no longer see an environment: end what it watches of its sessions."""

    def revoke(self) -> None:
        """Its user was changed or deleted: close."""


class Directory(Protocol):
    """The part of the environments that subscribers are checked against."""

    def get(self, environment_id: str) -> Environment: ...

    def list(self) -> "Iterable[Environment]": ...

    def status(self, environment_id: str) -> EnvironmentStatus: ...


@dataclass(frozen=True, slots=True)
class _Client:
    peer: Peer
    user_id: str
    subscriber: Subscriber


class WebSocketService:
    """Registers clients, subscribes them and delivers to them; never waits for any of them.

    To be called from the event loop's thread only. A delivery to nobody costs next to nothing.
    `directory` knows the environments; it is set once it exists, before the first client.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._clients: dict[str, _Client] = {}
        self.directory: Directory | None = None

    # --- clients ---------------------------------------------------------------------------

    def register_client(self, client_id: str, ws: Peer, user_id: str) -> None:
        """Make a connected client known."""
        subscriber = Subscriber(ws.writer, batch=ws.takes_batches)
        self._clients[client_id] = _Client(ws, user_id, subscriber)

    def unregister_client(self, client_id: str) -> None:
        """Forget a client with all of its subscriptions; an unknown one is no error."""
        client = self._clients.pop(client_id, None)
        if client is not None:
            self.hub.leave_all(client.subscriber)

    def ping_all(self) -> None:
        """Send an RFC 6455 ping to every client; who hasn't answered the last one is dropped."""
        for client in list(self._clients.values()):
            client.peer.ping()

    def revoke_user(self, user_id: str) -> None:
        """Close every connection of a user whose access has changed or ended."""
        for client in list(self._clients.values()):
            if client.user_id == user_id:
                client.peer.revoke()

    @property
    def client_count(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    @property
    def clients_by_endpoint(self) -> Counter[str]:
        """How many clients each endpoint has."""
        return Counter(client.peer.endpoint for client in self._clients.values())

    @property
    def user_ids(self) -> set[str]:
        """Who is connected."""
        return {client.user_id for client in self._clients.values()}

    # --- subscriptions ---------------------------------------------------------------------

    def subscribe_to_environment(self, client_id: str, environment_id: str) -> None:
        """Deliver an environment's log to a client of the log endpoint, to any other its status.

        The status begins with the present one. Raises EnvironmentNotFoundError.
        """
        client = self._clients[client_id]
        if client.peer.follows_logs:
            request = LogSubscribeRequest(environment_id)
            self.hub.follow_log(client.subscriber, request).begin()
        else:
            self.hub.follow_status(client.subscriber, self._directory.status(environment_id))

    def unsubscribe_from_environment(self, client_id: str, environment_id: str) -> None:
        """End either subscription; none is no error."""
        subscriber = self._clients[client_id].subscriber
        self.hub.leave_log(subscriber, environment_id)
        self.hub.leave_status(subscriber, environment_id)

    async def subscribe_to_log(self, client_id: str, request: LogSubscribeRequest) -> None:
        """Deliver a log as `request` has it: filtered, and with history where it says which.

        Raises InvalidMessageError where `since` is no time.
        """
        start_time(request)  # a wrong one must not end the subscription that there is
        cursor = self.hub.follow_log(self._clients[client_id].subscriber, request)
        if request.request_id is None:
            cursor.begin()
        else:
            await cursor.begin_with_history(request)

    def subscribe_to_list(self, client_id: str) -> None:
        """Tell a client of every environment that is created, updated or deleted."""
        client = self._clients[client_id]
        visible = [env.id for env in self._directory.list() if client.peer.may_see(env)]
        client.subscriber.follow_list(visible)

    def subscribe_to_session(self, client_id: str, session_id: str) -> None:
        """Deliver a session's output to a client that knows only the guide; again is no error.

        Raises SessionNotFoundError.
        """
        subscriber = self._clients[client_id].subscriber
        if session_id not in subscriber.terminals:
            self.hub.follow_terminal(subscriber, session_id).attach_plainly()

    def terminal_of(self, client_id: str, session_id: str) -> TerminalCursor:
        """A client's place in a session's output, where it isn't attached a new one."""
        return self.hub.follow_terminal(self._clients[client_id].subscriber, session_id)

    def attached(self, client_id: str, session_id: str) -> TerminalCursor | None:
        """A client's place in a session's output, None where it isn't attached."""
        return self._clients[client_id].subscriber.terminals.get(session_id)

    def followed_sessions(self, client_id: str) -> "list[str]":
        """The sessions that a client is attached to."""
        return list(self._clients[client_id].subscriber.terminals)

    def unsubscribe_from_session(self, client_id: str, session_id: str) -> None:
        """Detach a client; not being attached is no error."""
        self.hub.leave_terminal(self._clients[client_id].subscriber, session_id)

    # --- logs and status -------------------------------------------------------------------

    def broadcast_log(self, payload: LogSpan) -> None:
        """Deliver lines of an environment after their commit, in the order of their `seq`."""
        self.hub.publish_log(payload)

    def broadcast_environment_status(self, payload: EnvironmentStatus) -> None:
        """Deliver the newest status of an environment, metrics included."""
        self.hub.publish_status(payload)

    def environment_changed(self, payload: EnvironmentChange) -> None:
        """Tell the list's subscribers, and end subscriptions of those who may no longer see it."""
        try:
            environment = self._directory.get(payload.environment_id)
        except EnvironmentNotFoundError:
            environment = None
        if payload.change == "deleted":
            environment = None
        for client in list(self._clients.values()):
            may_see = environment is not None and client.peer.may_see(environment)
            if client.subscriber.list is not None:
                client.subscriber.list.changed(payload.environment_id, may_see)
            if not may_see and payload.change != "created":
                client.peer.lose_sessions(payload.environment_id)
                deleted = payload.change == "deleted"
                self._end_subscriptions(client, payload.environment_id, deleted)

    # --- terminals -------------------------------------------------------------------------

    def open_terminal(
        self,
        session_id: str,
        rows: int,
        columns: int,
        *,
        snapshot: TerminalSnapshot | None = None,
    ) -> None:
        """Begin the emulated screen of a session, or take it up again from a saved `snapshot`."""
        seq = 0 if snapshot is None else snapshot.seq
        channel = self.hub.open_terminal(session_id, rows, columns, seq)
        if snapshot is not None:
            channel.screen.restore(snapshot.redraw, snapshot.seq)

    def terminal_replayed(self, session_id: str, until: int) -> None:
        """Output before `until` was there before, and what it asks has been answered."""
        channel = self.hub.known_terminal(session_id)
        if channel is not None:
            channel.answered = until

    def send_terminal_output(self, payload: TerminalData) -> None:
        """Deliver output of a session; `seq` is set and `data` ends at a character's end."""
        self._with_terminal(payload.session_id, lambda channel: channel.output(payload))

    def terminal_resized(self, payload: TerminalResize) -> None:
        """The PTY has a new size: resize the screen and tell the attached, in order."""
        self._with_terminal(payload.session_id, lambda channel: channel.resized(payload))

    def session_exited(self, payload: SessionExit) -> None:
        """The session ended: tell the attached after the rest of its output; its screen goes."""
        channel = self.hub.forget_terminal(payload.session_id)
        if channel is not None:
            channel.exit(payload)

    def snapshot_terminal(self, session_id: str) -> TerminalSnapshot | None:
        """The present screen with its scrollback, to be saved; None for an unknown session."""
        channel = self.hub.known_terminal(session_id)
        if channel is None:
            return None
        redraw = channel.screen.redraw().encode()
        return TerminalSnapshot(redraw, channel.seq, channel.rows, channel.columns)

    def drawn_terminal(self, session_id: str) -> TerminalSnapshot | None:
        """The screen as far as it has been drawn, which costs no drawing; None where that is
        nowhere that it could be taken up again."""
        channel = self.hub.known_terminal(session_id)
        return None if channel is None else channel.screen.snapshot()

    def drawn_position(self, session_id: str) -> int:
        """The output position up to which a session's screen has been drawn, or about."""
        channel = self.hub.known_terminal(session_id)
        return 0 if channel is None else channel.screen.reached

    def terminal_clients(self, session_id: str) -> int:
        """How many clients are attached to a session."""
        channel = self.hub.known_terminal(session_id)
        return 0 if channel is None else len(channel.cursors)

    # --- helpers ---------------------------------------------------------------------------

    @property
    def _directory(self) -> Directory:
        if self.directory is None:
            raise RuntimeError("there are no environments yet")
        return self.directory

    def _with_terminal(self, session_id: str, act: Callable[[TerminalChannel], None]) -> None:
        channel = self.hub.known_terminal(session_id)
        if channel is not None:
            act(channel)

    def _end_subscriptions(self, client: _Client, environment_id: str, deleted: bool) -> None:
        """End them and say so; to who follows the status of one deleted, that has said so."""
        subscriber = client.subscriber
        followed_log = environment_id in subscriber.logs
        followed_status = environment_id in subscriber.statuses
        self.hub.leave_log(subscriber, environment_id)
        self.hub.leave_status(subscriber, environment_id)
        if followed_log or (followed_status and not deleted):
            client.peer.lose_environment(environment_id)
