"""The inside of a server with a real container engine, for the tests of the docker runtime."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.server.inside import Audience, Inside
from vibebox_tui.protocol.models import CreateEnvironmentRequest, Environment
from vibebox_tui.server.environments import Environments, EnvironmentSettings
from vibebox_tui.server.runtimes.docker import DockerRuntime
from vibebox_tui.server.runtimes.docker.engine import find_address
from vibebox_tui.server.sessions import Sessions, SessionSettings
from vibebox_tui.server.store import Store

IMAGE = os.environ.get("VIBEBOX_TEST_IMAGE", "")
"""A small image with a shell that the engine has already."""

NO_ENGINE = "no container engine with VIBEBOX_TEST_IMAGE: see tests/engine/start"


def require_engine() -> None:
    """Skip the test where there is no engine; where nothing may be skipped, fail."""
    if IMAGE and find_address() is not None:
        return
    if os.environ.get("VIBEBOX_CI"):
        pytest.fail(NO_ENGINE)
    pytest.skip(NO_ENGINE)


class InsideWithContainers(Inside):
    """Store, engine, environments and sessions over one data directory; may be opened again."""

    def __init__(self, directory: Path, address: str | None = None) -> None:
        super().__init__(directory)
        self.address = address

    async def open(
        self,
        settings: EnvironmentSettings | None = None,
        session_settings: SessionSettings | None = None,
        **options: Any,
    ) -> None:
        self.store = await Store.open(self.directory / "vibebox.db")
        self.audience = Audience(self.store)
        self.docker = DockerRuntime(address=self.address, **options)
        self.environments = Environments(
            self.store, {"docker": self.docker}, self.audience, settings
        )
        self.audience.directory = self.environments
        self.sessions = Sessions(self.store, self.environments, self.audience, session_settings)
        self.audience.hub.host = self.sessions
        await self.environments.open()
        await self.sessions.open()

    async def close(self, *, leave_running: bool = False) -> None:
        await self.sessions.close(leave_running=leave_running)
        await self.environments.close(leave_running=leave_running)
        await self.docker.close()
        self.audience.hub.close()
        await self.store.close()

    async def create(self, *command: str, **fields: Any) -> Environment:
        name = fields.pop("name", f"environment {len(self.environments.list())}")
        container = {"NetworkMode": "none"} | fields.pop("container", {})
        request = CreateEnvironmentRequest(
            name=name,
            runtime="docker",
            base_image=fields.pop("base_image", IMAGE),
            command=list(command),
            container=container,
            **fields,
        )
        return await self.environments.create(request, "somebody")

    async def remove_all(self) -> None:
        """Delete every environment with its container."""
        for environment in self.environments.list():
            if not environment.adopted:
                await self.environments.delete(environment.id)
