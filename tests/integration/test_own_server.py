"""`vibebox` on the user's own server: started with the first dashboard, there after the last."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.in_terminal import PATIENCE, VibeboxInTerminal, variables
from vibebox_tui.cli.server_choice import ServerOptions, connect
from vibebox_tui.protocol.models import CreateEnvironmentRequest


def server(directory: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Run `vibebox server COMMAND` in that home directory."""
    return subprocess.run(
        [sys.executable, "-m", "vibebox_tui", "server", command],
        env=variables(directory),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture
def home(short_path: Path) -> Iterator[Path]:
    """An empty home directory, whose server is stopped after the test."""
    yield short_path
    server(short_path, "stop")


def leave(dashboard: VibeboxInTerminal) -> int:
    """Press `q` and confirm; the exit status."""
    dashboard.type("q")
    dashboard.until("Leave VibeBox")
    dashboard.type("\r")
    return dashboard.end()


@pytest.mark.timeout(180)
def test_the_server_outlives_the_dashboard_and_is_shared(home: Path) -> None:
    assert server(home, "status").returncode == 1
    with closing(VibeboxInTerminal(home)) as first, closing(VibeboxInTerminal(home)) as second:
        for dashboard in (first, second):
            dashboard.until("local", " ms")
        running = server(home, "status")
        assert running.returncode == 0
        assert leave(first) == 0
        assert leave(second) == 0
    assert server(home, "status").stdout == running.stdout
    assert server(home, "stop").stdout == "stopped\n"
    assert server(home, "status").returncode == 1


@pytest.mark.timeout(180)
def test_an_environment_that_was_added_is_there_the_next_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables(home).items():
        monkeypatch.setenv(name, value)
    asyncio.run(add("ticker"))
    assert server(home, "stop").returncode == 0
    with closing(VibeboxInTerminal(home)) as dashboard:
        dashboard.until("Environments (1)", "ticker", "stopped")
        assert leave(dashboard) == 0


async def add(name: str) -> None:
    """Add an environment to the user's own server, which is started for that."""
    async with connect(ServerOptions()) as client:
        request = CreateEnvironmentRequest(name=name, command=["sleep", "1000"])
        await client.rest.create_environment(request)


@pytest.mark.timeout(120)
def test_a_server_that_cannot_start_is_told_once_the_terminal_is_as_it_was(home: Path) -> None:
    data = home / ".local" / "share" / "vibebox"
    data.parent.mkdir(parents=True)
    data.write_text("in the way")
    with closing(VibeboxInTerminal(home)) as dashboard:
        assert dashboard.end() == 1
        dashboard.until("the server can't be started", "data directory")
        assert not dashboard.screen.modes.alternate_screen
