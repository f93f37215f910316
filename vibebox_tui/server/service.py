"""The server's only way to its clients, under the guide's method names ("API Reference")."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibebox_tui.protocol.messages import (
    EnvironmentChange,
    EnvironmentStatus,
    LogEntry,
    SessionExit,
    TerminalData,
    TerminalResize,
)
from vibebox_tui.protocol.models import Environment

if TYPE_CHECKING:
    from vibebox_tui.server.connection import Connection
    from vibebox_tui.server.hub import Hub


@dataclass(frozen=True, slots=True)
class TerminalSnapshot:
    """What redraws a session's screen elsewhere: `redraw` stands for all output up to `seq`."""

    redraw: bytes
    seq: int
    rows: int
    columns: int


class WebSocketService:
    """Registers clients, subscribes them and delivers to them; never waits for any of them.

    To be called from the event loop's thread only. A delivery to nobody costs next to nothing.
    """

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    # --- clients ---------------------------------------------------------------------------

    def register_client(self, client_id: str, ws: "Connection", user_id: str) -> None:
        """Make a connected client known."""
        raise NotImplementedError

    def unregister_client(self, client_id: str) -> None:
        """Forget a client with all of its subscriptions; an unknown one is no error."""
        raise NotImplementedError

    def subscribe_to_environment(self, client_id: str, environment_id: str) -> None:
        """Deliver an environment's status to a client, or its log to one of the log endpoint."""
        raise NotImplementedError

    def subscribe_to_session(self, client_id: str, session_id: str) -> None:
        """Deliver a terminal session's output to a client."""
        raise NotImplementedError

    def ping_all(self) -> None:
        """Send an RFC 6455 ping to every client; who doesn't answer in time is dropped."""
        raise NotImplementedError

    # --- logs and status -------------------------------------------------------------------

    def broadcast_log(self, payload: LogEntry | Sequence[LogEntry]) -> None:
        """Deliver entries of ONE environment after their commit, in the order of their `seq`."""
        raise NotImplementedError

    def broadcast_environment_status(self, payload: EnvironmentStatus) -> None:
        """Deliver the newest status of an environment, metrics included."""
        raise NotImplementedError

    def environment_changed(
        self, payload: EnvironmentChange, environment: Environment | None = None
    ) -> None:
        """Tell the list's subscribers who may see `environment`; give it wherever it is known.

        Where it is deleted, pass its last representation: it says who may learn of that.
        """
        raise NotImplementedError

    # --- terminals -------------------------------------------------------------------------

    def open_terminal(
        self,
        session_id: str,
        rows: int,
        columns: int,
        *,
        answer: Callable[[bytes], None],
        snapshot: TerminalSnapshot | None = None,
    ) -> None:
        """Begin the emulated screen of a session, or take it up again from a saved `snapshot`.

        `answer` takes what the emulator replies to a program's queries (device attributes and
        the like); it goes to the PTY as if typed, and is not called while a client that knows
        only the guide is attached, since such a client answers by itself.
        """
        raise NotImplementedError

    def send_terminal_output(self, payload: TerminalData) -> None:
        """Deliver output of a session; `seq` is set and `data` ends at a character's end."""
        raise NotImplementedError

    async def terminal_room(self, session_id: str) -> None:
        """Return as soon as more output may be read from the PTY; ask after every delivery.

        At once, but while the screen is behind, or the one who typed last is (protocol.md,
        flow control).
        """
        raise NotImplementedError

    def terminal_resized(self, payload: TerminalResize) -> None:
        """The PTY has a new size: resize the screen and tell the attached, in order."""
        raise NotImplementedError

    def session_exited(self, payload: SessionExit) -> None:
        """The session ended: tell the attached after the rest of its output; its screen goes."""
        raise NotImplementedError

    def snapshot_terminal(self, session_id: str) -> TerminalSnapshot | None:
        """The present screen with its scrollback, to be saved; None for an unknown session."""
        raise NotImplementedError

    def terminal_clients(self, session_id: str) -> int:
        """How many clients are attached to a session."""
        raise NotImplementedError
