"""The engine is found by itself where nothing names it: the sockets in the usual places."""

import socket
from pathlib import Path

import pytest

from tests.server.containers import InsideWithContainers, require_engine
from tests.server.test_docker_environments import SERVES, reaches, started
from vibebox_tui.server.runtimes.docker.address import find_address

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]


@pytest.fixture
def engine() -> Path:
    """The socket of the engine that the tests have; asked for before `runtime_directory`."""
    require_engine()
    return Path((find_address() or "").removeprefix("unix://"))


@pytest.fixture
def runtime_directory(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own, with nothing in it; no other engine is to be found."""
    directory = short_path / "run"
    directory.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if (other := find_address()) is not None:
        pytest.skip(f"this machine has an engine at {other}")
    return directory


@pytest.mark.parametrize("name", ["podman/podman.sock", "docker.sock"])
async def test_an_engine_without_root_is_found(
    engine: Path, runtime_directory: Path, short_path: Path, name: str
) -> None:
    link(runtime_directory / name, engine)
    assert find_address() == f"unix://{runtime_directory / name}"
    inside = InsideWithContainers(short_path / "data")
    await inside.open()
    environment = await started(inside, SERVES)
    await reaches(inside, environment, "running")
    await inside.remove_all()
    await inside.close()


def test_what_is_no_socket_is_passed_over(runtime_directory: Path) -> None:
    (runtime_directory / "docker.sock").write_text("no socket")
    (runtime_directory / "podman").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(runtime_directory / "podman/podman.sock"))
        assert find_address() == f"unix://{runtime_directory}/podman/podman.sock"


def test_what_is_named_is_taken(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    assert find_address() == "tcp://elsewhere:2375"


def link(place: Path, engine: Path) -> None:
    """Have the engine's socket at another place."""
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(engine)
