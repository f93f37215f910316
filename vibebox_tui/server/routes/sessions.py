"""One terminal session."""

from litestar import Controller, delete, get

from vibebox_tui.protocol.models import Session
from vibebox_tui.server.auth import Action
from vibebox_tui.server.routes.arguments import Caller, Id, Server


class SessionsController(Controller):
    """`/sessions`; they are listed and opened under their environment."""

    path = "/sessions"
    tags = ("sessions",)

    @get("/{session_id:str}")
    async def read(self, session_id: Id, backend: Server, identity: Caller) -> Session:
        """One session."""
        return backend.session(identity, Action.WATCH, session_id)

    @delete("/{session_id:str}", status_code=204)
    async def end(self, session_id: Id, backend: Server, identity: Caller) -> None:
        """Hang up and end what runs in it."""
        backend.session(identity, Action.TYPE, session_id)
        await backend.sessions.end(session_id)
