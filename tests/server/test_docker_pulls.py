"""Images that aren't there: pulled from a registry, with progress, and called off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiodocker
import pytest

from tests.server.containers import IS_DOCKER, EngineProcess, InsideWithContainers, require_engine
from tests.server.registry import Registry, registry
from tests.server.test_docker_environments import SLOW, reaches
from tests.support import wait_for
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import StartCalledOffError

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]


@pytest.fixture
def shelf() -> Iterator[Registry]:
    """A registry whose image is not at the engine yet."""
    require_engine()
    with registry() as shelf:
        yield shelf


@pytest.fixture
async def pulling(shelf: Registry, short_path: Path) -> AsyncIterator[InsideWithContainers]:
    """The inside of a server at an engine that may pull from the registry."""
    engine = EngineProcess(short_path, insecure=shelf.address)
    engine.start()
    inside = InsideWithContainers(short_path / "data", engine.address)
    await inside.open()
    yield inside
    shelf.gate.set()
    await inside.remove_all()
    async with aiodocker.Docker(engine.address) as docker:
        with contextlib.suppress(aiodocker.DockerError):
            await docker.images.delete(shelf.image, force=True)
    await inside.close()
    engine.stop()


async def half_way(inside: InsideWithContainers, environment: Environment) -> str:
    """Wait until some of the image has come; what is said then."""

    def words() -> str:
        said = inside.environments.status(environment.id).message or ""
        return said if "layers" in said else ""

    said: str = await wait_for(words, SLOW, "the progress of a pull")
    return said


async def test_an_image_is_pulled_and_what_it_holds_runs(
    pulling: InsideWithContainers, shelf: Registry
) -> None:
    shelf.gate.clear()
    environment = await pulling.create(base_image=shelf.image)
    start = asyncio.create_task(pulling.environments.start(environment.id))
    said = await half_way(pulling, environment)
    assert said.startswith("pulling "), said
    assert said.endswith(f" layers of {shelf.image}")
    assert environment.status == "starting"
    shelf.gate.set()
    await start
    assert await reaches(pulling, environment, "stopped") == "finished, exit code 0"
    assert pulling.audience.messages() == ["from the registry"]


@pytest.mark.parametrize("way", ["stop", "delete"])
async def test_a_pull_is_called_off(
    pulling: InsideWithContainers, shelf: Registry, way: str
) -> None:
    shelf.gate.clear()
    environment = await pulling.create(base_image=shelf.image)
    start = asyncio.create_task(pulling.environments.start(environment.id))
    await half_way(pulling, environment)
    if way == "stop":
        await pulling.environments.stop(environment.id)
        assert await reaches(pulling, environment, "stopped") == "stopped before it ran"
    else:
        await pulling.environments.delete(environment.id)
        assert pulling.environments.list() == []
    with pytest.raises(StartCalledOffError, match="was called off"):
        await start
    if not IS_DOCKER:  # that one sees it when it has progress to tell
        await wait_for(shelf.cut_off.is_set, SLOW, "the engine ends the transfer")


async def test_what_was_called_off_can_be_started_again(
    pulling: InsideWithContainers, shelf: Registry
) -> None:
    shelf.gate.clear()
    environment = await pulling.create(base_image=shelf.image)
    start = asyncio.create_task(pulling.environments.start(environment.id))
    await half_way(pulling, environment)
    await pulling.environments.stop(environment.id)
    with pytest.raises(StartCalledOffError):
        await start
    shelf.gate.set()
    await pulling.environments.start(environment.id)
    assert await reaches(pulling, environment, "stopped") == "finished, exit code 0"
