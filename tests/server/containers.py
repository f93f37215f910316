"""The inside of a server with a real container engine, for the tests of the docker runtime."""

import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import aiodocker
import pytest

from tests.server.inside import Audience, Inside
from tests.support import wait_for_sync
from vibebox_tui.protocol.models import CreateEnvironmentRequest, Environment
from vibebox_tui.server.environments import Environments, EnvironmentSettings
from vibebox_tui.server.runtimes.docker import DockerRuntime
from vibebox_tui.server.runtimes.docker.address import find_address
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


class Outside:
    """Somebody who uses the engine without a server of ours."""

    def __init__(self) -> None:
        self.docker = aiodocker.Docker()
        self._made: list[str] = []

    async def run(self, script: str, **config: Any) -> str:
        """Run a shell script in a container; its name, which may be given as `name`."""
        name: str = config.pop("name", f"outside-{uuid.uuid4().hex[:8]}")
        host = {"NetworkMode": "none"} | config.pop("HostConfig", {})
        body = {"Image": IMAGE, "Cmd": ["sh", "-c", script], "HostConfig": host, **config}
        container = await self.docker.containers.create(body, name=name)
        self._made.append(name)
        await container.start()
        return name

    async def stop(self, container: str) -> None:
        await self.docker.containers.container(container).stop(t=2)

    async def start(self, container: str) -> None:
        await self.docker.containers.container(container).start()

    async def kill(self, container: str) -> None:
        await self.docker.containers.container(container).kill(signal="SIGKILL")

    async def remove(self, container: str) -> None:
        await self.docker.containers.container(container).delete(force=True)

    async def exists(self, container: str) -> bool:
        try:
            await self.docker.containers.get(container)
        except aiodocker.DockerError:
            return False
        return True

    async def close(self) -> None:
        for name in self._made:
            if await self.exists(name):
                await self.remove(name)
        await self.docker.close()


class EngineProcess:
    """Podman's API of one's own, to be killed: the containers are the shared engine's.

    It finds the images of `insecure`, a registry's address, without TLS.
    """

    def __init__(self, socket: Path, *, insecure: str = "") -> None:
        self.address = f"unix://{socket}"
        self._socket = socket
        self._process: subprocess.Popen[bytes] | None = None
        self._variables = dict(os.environ)
        if insecure:
            registries = socket.with_name("registries.conf")
            registries.write_text(f'[[registry]]\nlocation = "{insecure}"\ninsecure = true\n')
            self._variables["CONTAINERS_REGISTRIES_CONF"] = str(registries)

    def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ["podman", "system", "service", "--time=0", self.address],
            cwd=self._socket.parent,  # what watches containers leaves a file where it was started
            env=self._variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_sync(self._socket.exists, timeout=30, what="the engine's socket")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._socket.unlink(missing_ok=True)
