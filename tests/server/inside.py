"""The inside of a server without its edge: a real store and keeper, an audience that listens."""

from pathlib import Path
from typing import Any

from tests.support import wait_for
from vibebox_tui.emulator import Emulator
from vibebox_tui.protocol.messages import (
    EnvironmentChange,
    EnvironmentStatus,
    LogEntry,
    SessionExit,
    TerminalData,
    TerminalResize,
)
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    CreateSessionRequest,
    Environment,
    Session,
)
from vibebox_tui.server.environments import Environments, EnvironmentSettings
from vibebox_tui.server.hub import Hub
from vibebox_tui.server.log_block import LogSpan
from vibebox_tui.server.records import TerminalSnapshot
from vibebox_tui.server.runtimes.local import LocalRuntime
from vibebox_tui.server.service import WebSocketService
from vibebox_tui.server.sessions import Sessions, SessionSettings
from vibebox_tui.server.store import Store


class Audience(WebSocketService):
    """Remembers what clients would be told, and draws what they would see."""

    def __init__(self, store: Store) -> None:
        super().__init__(Hub(store))
        self.entries: list[LogEntry] = []
        self.statuses: list[EnvironmentStatus] = []
        self.changes: list[EnvironmentChange] = []
        self.output: list[TerminalData] = []
        self.sizes: list[TerminalResize] = []
        self.exits: list[SessionExit] = []
        self.opened: list[str] = []

    def broadcast_log(self, payload: LogSpan) -> None:
        self.entries += payload.entries()
        super().broadcast_log(payload)

    def broadcast_environment_status(self, payload: EnvironmentStatus) -> None:
        self.statuses.append(payload)
        super().broadcast_environment_status(payload)

    def environment_changed(self, payload: EnvironmentChange) -> None:
        self.changes.append(payload)
        super().environment_changed(payload)

    def open_terminal(
        self, session_id: str, rows: int, columns: int, *, snapshot: TerminalSnapshot | None = None
    ) -> None:
        self.opened.append(session_id)
        super().open_terminal(session_id, rows, columns, snapshot=snapshot)

    def send_terminal_output(self, payload: TerminalData) -> None:
        self.output.append(payload)
        super().send_terminal_output(payload)

    def terminal_resized(self, payload: TerminalResize) -> None:
        self.sizes.append(payload)
        super().terminal_resized(payload)

    def session_exited(self, payload: SessionExit) -> None:
        self.exits.append(payload)
        super().session_exited(payload)

    def messages(self, stream: str = "") -> list[str]:
        """The lines published so far, of one stream or all."""
        return [entry.message for entry in self.entries if entry.stream.startswith(stream)]

    def screen(self, session_id: str) -> list[str]:
        """The rows of a session's screen, as who attaches now would see them."""
        snapshot = self.snapshot_terminal(session_id)
        assert snapshot is not None
        emulator = Emulator(snapshot.rows, snapshot.columns)
        emulator.feed(snapshot.redraw)
        return emulator.display

    @property
    def text(self) -> str:
        """All terminal output so far."""
        return "".join(data.data for data in self.output)

    def course(self) -> list[str]:
        """The states that were announced, repetitions left out."""
        states = [status.status for status in self.statuses]
        return [s for n, s in enumerate(states) if n == 0 or states[n - 1] != s]


class Inside:
    """Store, keeper, environments and sessions over one data directory; may be opened again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)

    async def open(
        self,
        settings: EnvironmentSettings | None = None,
        session_settings: SessionSettings | None = None,
    ) -> None:
        self.store = await Store.open(self.directory / "vibebox.db")
        self.audience = Audience(self.store)
        self.runtime = await LocalRuntime.open(self.directory)
        self.environments = Environments(
            self.store, {"local": self.runtime}, self.audience, settings
        )
        self.audience.directory = self.environments
        self.sessions = Sessions(self.store, self.environments, self.audience, session_settings)
        self.audience.hub.host = self.sessions
        await self.environments.open()
        await self.sessions.open()

    async def close(self, *, leave_running: bool = False) -> None:
        await self.sessions.close(leave_running=leave_running)
        await self.environments.close(leave_running=leave_running)
        await self.runtime.close(end_all=not leave_running)
        self.audience.hub.close()
        await self.store.close()

    async def create(self, *command: str, **fields: Any) -> Environment:
        name = fields.pop("name", f"environment {len(self.environments.list())}")
        request = CreateEnvironmentRequest(name=name, command=list(command), **fields)
        return await self.environments.create(request, "somebody", by_admin=True)

    async def start(self, script: str, **fields: Any) -> Environment:
        """Create and start an environment that runs a shell script."""
        environment = await self.create("sh", "-c", script, **fields)
        return await self.environments.start(environment.id)

    async def status(self, environment: Environment, wanted: str) -> Environment:
        """Wait until an environment has a status."""
        get = self.environments.get
        await wait_for(lambda: get(environment.id).status == wanted, what=wanted)
        return get(environment.id)

    async def session(self, environment: Environment, **fields: Any) -> Session:
        return await self.sessions.create(environment.id, CreateSessionRequest(**fields))

    async def shows(self, text: str) -> None:
        """Wait until terminals have shown a text."""
        await wait_for(lambda: text in self.audience.text, what=f"terminal output {text!r}")

    async def logs(self, *lines: str) -> None:
        """Wait until these lines have been published, among others."""
        await wait_for(
            lambda: set(lines) <= set(self.audience.messages()), what=f"log lines {lines}"
        )
