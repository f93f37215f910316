"""One terminal session."""

from litestar import Controller, delete, get, patch
from litestar.params import JSONBody

from vibebox_tui.protocol.models import Session, UpdateSessionRequest
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

    @patch("/{session_id:str}")
    async def rename(
        self,
        session_id: Id,
        backend: Server,
        identity: Caller,
        data: JSONBody[UpdateSessionRequest],
    ) -> Session:
        """Give it another name; 409 where that is taken, or tmux knows it by the one it has."""
        backend.session(identity, Action.TYPE, session_id)
        return await backend.sessions.rename(session_id, data.session_name)

    @delete("/{session_id:str}", status_code=204)
    async def end(self, session_id: Id, backend: Server, identity: Caller) -> None:
        """Hang up and end what runs in it."""
        backend.session(identity, Action.TYPE, session_id)
        await backend.sessions.end(session_id)
