"""The inside of a server with a real container engine, for the tests of the docker runtime."""

import os
import signal
import socket
import subprocess
import uuid
from pathlib import Path
from typing import Any

import aiodocker
import httpx
import pytest

from tests.server.inside import Audience, Inside
from tests.support import wait_for_sync
from vibebox_tui.protocol.models import CreateEnvironmentRequest, Environment
from vibebox_tui.server.environments import Environments, EnvironmentSettings
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.runtimes.docker import DockerRuntime
from vibebox_tui.server.runtimes.docker.address import find_address
from vibebox_tui.server.sessions import Sessions, SessionSettings
from vibebox_tui.server.store import Store

IMAGE = os.environ.get("VIBEBOX_TEST_IMAGE", "")
"""A small image with a shell that the engine has already."""

IS_DOCKER = os.environ.get("VIBEBOX_TEST_ENGINE") == "docker"
"""Whether the engine is Docker's own; else it is Podman."""

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
        self.keeper = await KeeperClient.open(self.directory)
        self.docker = DockerRuntime(self.keeper, address=self.address, **options)
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
        await (self.keeper.close() if leave_running else self.keeper.quit())
        self.audience.hub.close()
        await self.store.close()

    async def create(self, *command: str, **fields: Any) -> Environment:
        name = fields.pop("name", f"environment {len(self.environments.list())}")
        container = {"NetworkMode": "none"} | fields.pop("container", {})
        by_admin = fields.pop("by_admin", True)
        request = CreateEnvironmentRequest(
            name=name,
            runtime="docker",
            base_image=fields.pop("base_image", IMAGE),
            command=list(command),
            container=container,
            **fields,
        )
        return await self.environments.create(request, "somebody", by_admin=by_admin)

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
    """An engine of one's own, to be killed.

    Podman's: its API only, the containers are the shared engine's. Docker's, and one with a
    `storage`: all of it, with the tests' image loaded. It finds the images of `insecure`, a
    registry's address, without TLS.
    """

    def __init__(self, directory: Path, *, insecure: str = "", storage: Path | None = None) -> None:
        self._socket = directory / "engine.sock"
        self.address = f"unix://{self._socket}"
        self._is_new = True
        self._directory = directory
        self._storage = storage
        self._insecure = insecure
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        command, variables = self._docker() if IS_DOCKER else self._podman()
        self._process = subprocess.Popen(
            command,
            cwd=self._directory,  # what watches containers leaves a file where it was started
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_sync(self._answers, timeout=60, what="the engine")
        if self._is_new and (IS_DOCKER or self._storage is not None):
            self._load()
        self._is_new = False

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None
        self._socket.unlink(missing_ok=True)
        # A killed dockerd leaves them, and the next one takes what they name for running.
        for left in ("pid", "exec/containerd/containerd.pid"):
            (self._directory / left).unlink(missing_ok=True)

    def stop(self) -> None:
        """End it with all that it has."""
        self.kill(signal.SIGTERM if IS_DOCKER else signal.SIGKILL)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:  # httpx leaves open what it can't connect
            if probe.connect_ex(str(self._socket)):
                return False
        try:
            with _asking(self.address) as own:
                return own.get("/_ping").is_success
        except httpx.TransportError:
            return False

    def _podman(self) -> tuple[list[str], dict[str, str]]:
        variables = {}
        if self._insecure:
            registries = self._directory / "registries.conf"
            registries.write_text(f'[[registry]]\nlocation = "{self._insecure}"\ninsecure = true\n')
            variables["CONTAINERS_REGISTRIES_CONF"] = str(registries)
        where = []
        if self._storage is not None:
            runtime = self._directory / "run"
            where = ["--root", str(self._storage), "--runroot", str(runtime)]
            where += ["--storage-driver", "vfs"]
        return ["podman", *where, "system", "service", "--time=0", self.address], variables

    def _docker(self) -> tuple[list[str], dict[str, str]]:
        root = self._storage or self._directory / "root"
        command = [
            "dockerd", f"--host={self.address}", f"--data-root={root}",
            f"--exec-root={self._directory}/exec", f"--pidfile={self._directory}/pid",
            "--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none",
            "--shutdown-timeout=1",
        ]  # fmt: skip
        if self._insecure:
            command.append(f"--insecure-registry={self._insecure}")
        return command, {}

    def _load(self) -> None:
        """Have the image of the shared engine here too."""
        with _asking(os.environ["DOCKER_HOST"]) as shared, _asking(self.address) as own:
            image = shared.get(f"/images/{IMAGE}/get").raise_for_status().content
            own.post("/images/load", content=image).raise_for_status()


def _asking(address: str) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=address.removeprefix("unix://"))
    return httpx.Client(transport=transport, base_url="http://engine", timeout=60)
