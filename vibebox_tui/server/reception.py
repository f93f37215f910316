"""The door: which upgrades are let in, and to which endpoint."""

import re
from http import HTTPStatus
from typing import Final

from vibebox_tui.server.backend import Backend
from vibebox_tui.server.connection import Connection
from vibebox_tui.server.endpoints.base import Endpoint
from vibebox_tui.server.endpoints.logs import LogsEndpoint
from vibebox_tui.server.endpoints.status import StatusEndpoint
from vibebox_tui.server.endpoints.terminal import TerminalEndpoint
from vibebox_tui.server.frames import Form
from vibebox_tui.server.wsprotocol import Upgrade, WebSocketProtocol

_LOCAL_ORIGIN: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
"""Pages served from this machine may always connect (protocol.md, "origins")."""

_ENDPOINTS: Final[dict[str, type[Endpoint]]] = {
    "/ws/logs": LogsEndpoint,
    "/ws/terminal": TerminalEndpoint,
    "/ws/status": StatusEndpoint,
}


class Reception:
    """Refuses what can be refused before the handshake; tokens are the connection's matter."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def refuse(self, upgrade: Upgrade) -> HTTPStatus | None:
        """404 for an unknown path, 403 for an origin that is not on the list."""
        if self._endpoint(upgrade) is None:
            return HTTPStatus.NOT_FOUND
        if upgrade.origin is not None and not self._is_allowed(upgrade.origin):
            return HTTPStatus.FORBIDDEN
        return None

    def receive(self, socket: WebSocketProtocol, upgrade: Upgrade, form: Form) -> Connection:
        """A connection to the endpoint that the path names."""
        endpoint = self._endpoint(upgrade)
        if endpoint is None:
            raise ValueError("an upgrade to an unknown path is refused before")
        connection = Connection(self._backend, socket, upgrade, form, endpoint)
        connection.open()
        return connection

    def _endpoint(self, upgrade: Upgrade) -> type[Endpoint] | None:
        base = self._backend.settings.base_path
        if not upgrade.path.startswith(base):
            return None
        return _ENDPOINTS.get(upgrade.path[len(base) :])

    def _is_allowed(self, origin: str) -> bool:
        allowed = self._backend.settings.origins
        return origin in allowed or "*" in allowed or bool(_LOCAL_ORIGIN.fullmatch(origin))
