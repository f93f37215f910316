"""Where an environment's output goes, and who is told about environments."""

from collections.abc import Callable, Sequence
from typing import Protocol

from vibebox_tui.protocol.messages import EnvironmentChange, EnvironmentStatus
from vibebox_tui.server.log_block import LogBlock, LogSpan
from vibebox_tui.server.records import CapturePosition
from vibebox_tui.server.store import Store


class EnvironmentAudience(Protocol):
    """Who is told about environments: the WebSocketService."""

    def broadcast_log(self, payload: LogSpan) -> None: ...

    def broadcast_environment_status(self, payload: EnvironmentStatus) -> None: ...

    def environment_changed(self, payload: EnvironmentChange) -> None: ...


class EnvironmentLog:
    """Where an environment's output goes: committed first, then published."""

    def __init__(
        self,
        environment_id: str,
        store: Store,
        audience: EnvironmentAudience,
        note: Callable[[str | None], None],
    ) -> None:
        self._environment_id = environment_id
        self._store = store
        self._audience = audience
        self._note = note

    async def append(self, blocks: Sequence[LogBlock], *positions: CapturePosition) -> None:
        """Commit the lines, then publish them."""
        span = await self._store.append_logs(self._environment_id, blocks, *positions)
        self._audience.broadcast_log(span)

    async def positions(self, run: str) -> list[CapturePosition]:
        """How far each stream of a run was committed before."""
        return await self._store.capture_positions(run)

    def note(self, message: str | None) -> None:
        """Say how the environment is getting on."""
        self._note(message)
