"""Terminal sessions: PTYs that live on without a client."""

from typing import Protocol

import msgspec

from vibebox_tui.protocol.messages import SessionExit, TerminalData, TerminalResize
from vibebox_tui.protocol.models import CreateSessionRequest, Session
from vibebox_tui.server.environments import Environments
from vibebox_tui.server.store import Store


class SessionAudience(Protocol):
    """Who is told about sessions: the WebSocketService."""

    def open_terminal(self, session_id: str, rows: int, columns: int) -> None: ...

    def send_terminal_output(self, payload: TerminalData) -> None: ...

    def terminal_resized(self, payload: TerminalResize) -> None: ...

    def session_exited(self, payload: SessionExit) -> None: ...


class SessionSettings(msgspec.Struct, frozen=True):
    """How sessions are treated."""

    idle_after: float = 30 * 60.0
    """Seconds without a client and without input after which a session counts as idle."""

    end_idle_after: float | None = None
    """Seconds of idleness after which a session is ended; None keeps it."""


class Sessions:
    """All terminal sessions of this server. Called on the event loop only.

    Raises:
        SessionNotFoundError: from every method with an id that doesn't exist.
    """

    def __init__(
        self,
        store: Store,
        environments: Environments,
        audience: SessionAudience,
        settings: SessionSettings = SessionSettings(),
    ) -> None:
        raise NotImplementedError

    async def open(self) -> None:
        """Find the sessions that a server before this one had opened; after `Environments.open`."""
        raise NotImplementedError

    async def close(self, *, leave_running: bool) -> None:
        """Let go of them; they are ended, or left to go on."""
        raise NotImplementedError

    def get(self, session_id: str) -> Session:
        """The session with its present status."""
        raise NotImplementedError

    def list(self, environment_id: str | None = None) -> list[Session]:
        """The sessions of an environment, or all, oldest first."""
        raise NotImplementedError

    def size(self, session_id: str) -> tuple[int, int]:
        """Rows and columns of its terminal."""
        raise NotImplementedError

    async def create(self, environment_id: str, request: CreateSessionRequest) -> Session:
        """Open a session.

        Raises:
            EnvironmentNotFoundError, ConflictError: the name is taken, or the environment must
                run first.
            StartFailedError: there is no shell, no tmux or no working directory.
        """
        raise NotImplementedError

    async def end(self, session_id: str) -> None:
        """Hang up and end what runs in it; its clients get `terminal_exit`."""
        raise NotImplementedError

    async def write(
        self,
        session_id: str,
        data: str,
        *,
        client_id: str | None = None,
        input_seq: int | None = None,
    ) -> bool:
        """Type into it, waiting while it doesn't read; False if that input had come before.

        Input is told apart by `client_id` and `input_seq` (from 1, rising). Calls for one session
        are written in the order in which they were made.

        Raises:
            ConflictError: the session has ended.
        """
        raise NotImplementedError

    async def resize(self, session_id: str, rows: int, cols: int) -> None:
        """Give its terminal another size, and tell who watches."""
        raise NotImplementedError

    def clients_changed(self, session_id: str, count: int) -> None:
        """Say how many clients are attached; without any it may become idle."""
        raise NotImplementedError

    def pause_output(self, session_id: str) -> None:
        """Read no more of its output until `resume_output`: who typed last is behind."""
        raise NotImplementedError

    def resume_output(self, session_id: str) -> None:
        """Go on reading its output."""
        raise NotImplementedError
