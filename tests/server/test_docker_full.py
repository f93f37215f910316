"""An engine without room: said as it is, and over when there is room again."""

import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.server.containers import EngineProcess, InsideWithContainers, require_engine
from tests.server.test_docker_environments import SERVES, SLOW, reaches
from tests.support import wait_for
from vibebox_tui.server.errors import NoRoomError

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]

ROOM = "64m"


@pytest.fixture
def small_disk(short_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    require_engine()
    place = short_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
async def cramped(small_disk: Path, short_path: Path) -> AsyncIterator[InsideWithContainers]:
    engine = EngineProcess(short_path, storage=small_disk)
    engine.start()
    inside = InsideWithContainers(short_path / "data", engine.address)
    await inside.open()
    yield inside
    await inside.remove_all()
    await inside.close()
    engine.stop()


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


async def test_a_full_engine_is_an_error_until_there_is_room(
    cramped: InsideWithContainers, small_disk: Path
) -> None:
    environment = await cramped.create("sh", "-c", SERVES)
    ballast = fill(small_disk)
    with contextlib.suppress(NoRoomError):  # it may take longer than an answer waits
        await cramped.environments.start(environment.id)
    message = await reaches(cramped, environment, "error")
    assert "no space left on device" in message
    assert message.endswith("it is tried again by itself")
    ballast.unlink()
    await reaches(cramped, environment, "running")
    assert environment.last_error is None


async def test_a_start_that_is_tried_again_can_be_called_off(
    cramped: InsideWithContainers, small_disk: Path
) -> None:
    environment = await cramped.create("sh", "-c", SERVES)
    fill(small_disk)
    with contextlib.suppress(NoRoomError):
        await cramped.environments.start(environment.id)
    await wait_for(lambda: environment.status == "error", SLOW)
    await cramped.environments.stop(environment.id)
    assert await reaches(cramped, environment, "stopped") == "stopped before it ran"
    assert environment.last_error is None
