"""Environments: what there is, what state it is in, and what may be done to it."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from vibebox_tui.protocol.messages import EnvironmentChange, EnvironmentStatus, LogEntry
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    Environment,
    EnvironmentStats,
    UpdateEnvironmentRequest,
)
from vibebox_tui.server.runtimes.base import Runtime
from vibebox_tui.server.store import Store


class EnvironmentAudience(Protocol):
    """Who is told about environments: the WebSocketService."""

    def broadcast_log(self, payload: LogEntry | list[LogEntry]) -> None: ...

    def broadcast_environment_status(self, payload: EnvironmentStatus) -> None: ...

    def environment_changed(self, payload: EnvironmentChange) -> None: ...


class EnvironmentSettings(msgspec.Struct, frozen=True):
    """How environments are treated."""

    stop_grace: float = 10.0
    """Seconds between asking one to end and forcing it."""

    sample_interval: float = 2.0
    """Seconds between two samples of CPU and memory (protocol: every 2 s while running)."""


class Environments:
    """All environments of this server. Called on the event loop only.

    Raises:
        EnvironmentNotFoundError: from every method with an id that doesn't exist.
    """

    def __init__(
        self,
        store: Store,
        runtimes: Mapping[str, Runtime],
        audience: EnvironmentAudience,
        settings: EnvironmentSettings = EnvironmentSettings(),
    ) -> None:
        raise NotImplementedError

    async def open(self) -> None:
        """Load them from the store and find what still runs."""
        raise NotImplementedError

    async def close(self, *, leave_running: bool) -> None:
        """Let go of them; those that run are stopped, or left to go on."""
        raise NotImplementedError

    def get(self, environment_id: str) -> Environment:
        """The environment with its present status."""
        raise NotImplementedError

    def list(
        self, *, visible_to: str | None = None, status: str | None = None
    ) -> list[Environment]:
        """All environments, oldest first; `visible_to` a user: that user's own and the shared."""
        raise NotImplementedError

    async def create(self, request: CreateEnvironmentRequest, owner_id: str) -> Environment:
        """Add an environment, stopped. Raises InvalidRequestError, ConflictError (name taken)."""
        raise NotImplementedError

    async def update(self, environment_id: str, request: UpdateEnvironmentRequest) -> Environment:
        """Change the definition, which holds from the next start."""
        raise NotImplementedError

    async def delete(self, environment_id: str) -> None:
        """End all that runs in it, then forget it with its sessions and its log."""
        raise NotImplementedError

    async def start(self, environment_id: str) -> Environment:
        """Start it; returns when it runs.

        Raises:
            ConflictError: it isn't stopped.
            StartFailedError: it can't be started; its status is `error` then.
        """
        raise NotImplementedError

    async def stop(self, environment_id: str) -> Environment:
        """Begin to stop it; returns while it is `stopping`. Raises ConflictError."""
        raise NotImplementedError

    async def restart(self, environment_id: str) -> Environment:
        """Stop it where it runs, then start it; returns while it is on its way."""
        raise NotImplementedError

    async def settled(self, environment_id: str) -> Environment:
        """Wait until it is neither starting nor stopping."""
        raise NotImplementedError

    def status(self, environment_id: str) -> EnvironmentStatus:
        """The newest status."""
        raise NotImplementedError

    def stats(self, environment_id: str) -> EnvironmentStats:
        """CPU and memory now and over the last minutes."""
        raise NotImplementedError

    def on_deleted(self, callback: Callable[[str], None]) -> None:
        """Call back with the id of each environment that was deleted."""
        raise NotImplementedError
