"""The status endpoint: states and metrics of environments, and what changes in their list."""

from typing import assert_never

from vibebox_tui.protocol.messages import EnvListSubscribe, EnvSubscribe, EnvUnsubscribe
from vibebox_tui.server.auth import Action
from vibebox_tui.server.endpoints.base import Endpoint


class StatusEndpoint(Endpoint):
    """`env_subscribe`, `env_unsubscribe` and `env_list_subscribe`."""

    messages = (EnvSubscribe, EnvUnsubscribe, EnvListSubscribe)

    async def act_on(self, message: EnvSubscribe | EnvUnsubscribe | EnvListSubscribe) -> None:
        """Subscribe or unsubscribe."""
        service, client_id = self.backend.service, self.connection.client_id
        match message:
            case EnvSubscribe(payload=request):
                identity = self.connection.identity
                self.backend.environment(identity, Action.WATCH, request.environment_id)
                service.subscribe_to_environment(client_id, request.environment_id)
            case EnvUnsubscribe(payload=request):
                service.unsubscribe_from_environment(client_id, request.environment_id)
            case EnvListSubscribe():
                service.subscribe_to_list(client_id)
            case _:
                assert_never(message)
