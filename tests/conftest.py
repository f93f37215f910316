"""A real server for every test that wants one."""

import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # most tests need no server, and its libraries take a while to import
    from tests.running_server import RunningServer

SECRET = "a secret for tests, long enough for HS256"
"""What the tests' servers sign tokens with."""

StartServer = Callable[..., "Awaitable[RunningServer]"]
"""Starts a server with `ServerSettings` of one's choice; it is stopped after the test."""


def pytest_collection_finish() -> None:
    """What has been imported stays, and the garbage collector need not look through it again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def size_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test starts has the size of its terminal, not that of the runner's variables."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)


@pytest.fixture(autouse=True)
def a_shell_that_starts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminals run a plain shell, whatever that of who runs the tests does when it starts."""
    monkeypatch.setenv("SHELL", "/bin/sh")


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed by argon2id as ever, but in a millisecond: nobody guesses at ours."""
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("vibebox_tui.server.passwords._hasher", lambda: quick)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A temporary directory with a path short enough for a Unix socket (108 bytes)."""
    path = Path(tempfile.mkdtemp(prefix="vbx-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
async def start_server(short_path: Path) -> AsyncIterator[StartServer]:
    """Start servers with settings of one's choice; by default on port 0 of 127.0.0.1."""
    from tests.running_server import RunningServer
    from vibebox_tui.server.settings import Secret, ServerSettings

    running: list[RunningServer] = []

    async def start(**options: Any) -> RunningServer:
        defaults: dict[str, Any] = {
            "port": 0,
            "data_directory": short_path / "data",
            "secret": Secret(SECRET),
            "stop_environments": True,
        }
        server = RunningServer(ServerSettings(**(defaults | options)))
        await server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
def plain_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Shells start with a known prompt, whoever runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".profile").write_text("PS1='ready$ '\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
async def server(start_server: StartServer) -> "RunningServer":
    """A server on a free port, with a user of each role."""
    return await start_server()


@pytest.fixture
async def uds_server(start_server: StartServer, short_path: Path) -> "RunningServer":
    """A server on a Unix socket, as the user's own is."""
    return await start_server(uds=short_path / "server.sock")
