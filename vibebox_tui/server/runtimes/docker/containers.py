"""The containers of environments: found, made as the definition says, and removed."""

import asyncio
import json
from typing import Any, Final

import msgspec

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import EngineError, StartFailedError
from vibebox_tui.server.runtimes.base import LogSink
from vibebox_tui.server.runtimes.docker.definition import (
    DEFINITION_LABEL,
    OWNER_LABEL,
    container_name,
    creation,
)
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.images import Pulls
from vibebox_tui.server.runtimes.docker.wire import Container, ContainerSummary, Created

_NOT_FOUND: Final = 404

_AT_ONCE: Final = 4
"""Containers made or started at once: more are no faster, and each answer would come too late."""


class Containers:
    """The containers that environments have at an engine.

    Every method may raise EngineError and RuntimeAwayError.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pulls = Pulls(engine)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def find(self, environment: Environment) -> Container | None:
        """The environment's container, running or not."""
        if environment.adopted:
            name = (environment.container or {}).get("Name")
            return await self.inspect(name) if isinstance(name, str) and name else None
        filters = json.dumps({"label": [f"{OWNER_LABEL}={environment.id}"]})
        listed = await self._engine.get(
            "containers/json", list[ContainerSummary], all=1, filters=filters
        )
        return await self.inspect(listed[0].id) if listed else None

    async def inspect(self, name: str) -> Container | None:
        """A container by its name or id, where there is one."""
        try:
            return await self._engine.get(f"containers/{name}/json", Container)
        except EngineError as error:
            if error.code == _NOT_FOUND:
                return None
            raise

    async def prepare(self, environment: Environment, log: LogSink) -> str:
        """The id of a container that is what the environment is defined to be, not yet started.

        It is made anew where the definition has changed; an image that isn't there is pulled.

        Raises:
            StartFailedError: it can't be had.
            StartCalledOffError: `call_off` came first.
        """
        container = await self.find(environment)
        if environment.adopted:
            if container is None:
                raise StartFailedError(f"{environment.name}: its container was removed")
            return container.id
        body = creation(environment)
        if container is not None:
            if container.labels.get(DEFINITION_LABEL) == body["Labels"][DEFINITION_LABEL]:
                return container.id
            await self.remove(container)
        return await self._create(environment, body, log)

    def call_off(self, environment: Environment) -> None:
        """Have `prepare` end where it waits for an image."""
        self._pulls.call_off(environment.id)

    async def start(self, container_id: str) -> None:
        """Start a container; one that runs goes on."""
        async with self._turns:
            await self._engine.post(f"containers/{container_id}/start")

    async def remove(self, container: Container) -> None:
        """Remove a container, running or not, and the volumes without a name made for it."""
        await self._engine.delete(f"containers/{container.id}", force=1, v=1)

    async def _create(self, environment: Environment, body: dict[str, Any], log: LogSink) -> str:
        try:
            return await self._make(environment, body)
        except EngineError as error:
            if error.code != _NOT_FOUND or environment.base_image is None:
                raise
            await self._pulls.pull(environment.id, environment.base_image, log)
            return await self._make(environment, body)

    async def _make(self, environment: Environment, body: dict[str, Any]) -> str:
        async with self._turns:
            name = container_name(environment)
            answer = await self._engine.post("containers/create", body, name=name)
        return msgspec.json.decode(answer, type=Created).id
