"""The log endpoint: subscriptions to any number of environments' logs."""

from typing import assert_never

from vibebox_tui.protocol.messages import LogSubscribe, LogSubscribeRequest, LogUnsubscribe
from vibebox_tui.server.auth import Action
from vibebox_tui.server.endpoints.base import ClientConnection, Endpoint, TooManyError


class LogsEndpoint(Endpoint):
    """`log_subscribe` and `log_unsubscribe`; a second subscription replaces the first."""

    messages = (LogSubscribe, LogUnsubscribe)
    follows_logs = True

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__(connection)
        self._counted: set[str] = set()

    async def act_on(self, message: LogSubscribe | LogUnsubscribe) -> None:
        """Subscribe or unsubscribe."""
        match message:
            case LogSubscribe(payload=request):
                await self._subscribe(request)
            case LogUnsubscribe(payload=request):
                self._unsubscribe(request.environment_id)
            case _:
                assert_never(message)

    def lost_environment(self, environment_id: str) -> None:
        """Count the subscription no longer."""
        self._leave(environment_id)

    def close(self) -> None:
        """Count the subscriptions no longer."""
        for environment_id in list(self._counted):
            self._leave(environment_id)

    async def _subscribe(self, request: LogSubscribeRequest) -> None:
        connection, environment_id = self.connection, request.environment_id
        self.backend.environment(connection.identity, Action.WATCH, environment_id)
        if environment_id not in self._counted:
            if not self.backend.log_connections.enter(environment_id):
                raise TooManyError("too many connections to the log of this environment")
            self._counted.add(environment_id)
        await self.backend.service.subscribe_to_log(connection.client_id, request)

    def _unsubscribe(self, environment_id: str) -> None:
        self._leave(environment_id)
        service = self.backend.service
        service.unsubscribe_from_environment(self.connection.client_id, environment_id)

    def _leave(self, environment_id: str) -> None:
        if environment_id in self._counted:
            self._counted.discard(environment_id)
            self.backend.log_connections.leave(environment_id)
