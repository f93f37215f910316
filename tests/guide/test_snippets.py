"""The guide's own snippets, run by Node against our server, unchanged but for addresses and ids."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.running_server import RunningServer

pytestmark = [pytest.mark.xdist_group("guide"), pytest.mark.timeout(240)]

SECONDS = 20
"""For Node to start and say what is waited for."""


class Program:
    """A running Node program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[str] = []

    async def says(self, pattern: str) -> re.Match[str]:
        """The next line that matches."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            while line := (await self._process.stdout.readline()).decode():
                self.said.append(line.rstrip("\n"))
                if found := re.search(pattern, self.said[-1]):
                    return found
        raise AssertionError(f"ended without {pattern!r}: {self.said}")

    async def tell(self, command: str) -> None:
        """Give it a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()


@asynccontextmanager
async def running(
    directory: Path, name: str, server: RunningServer, **variables: str
) -> AsyncIterator[Program]:
    """A Node program with the server's address and a token."""
    import os

    address = f"ws://127.0.0.1:{server.port}{server.settings.base_path}/ws"
    process = await asyncio.create_subprocess_exec(
        "node",
        f"{name}.mjs",
        cwd=directory,
        env=os.environ | {"VIBEBOX_WS": address, "VIBEBOX_TOKEN": server.token()} | variables,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


Node = Callable[..., "asyncio.Future[Program]"]


@pytest.fixture
async def node(programs: Path) -> AsyncIterator[Node]:
    """Run the guide's programs; they are ended after the test."""
    async with AsyncExitStack() as stack:

        async def run(name: str, server: RunningServer, **variables: str) -> Program:
            return await stack.enter_async_context(running(programs, name, server, **variables))

        yield run  # type: ignore[misc]


async def test_authentication(node: Node, server: RunningServer) -> None:
    program = await node("authentication", server)
    for _ in range(3):
        await program.says("by query|by header|refused The token is not valid")
    assert len(set(program.said)) == 3


async def test_logs(node: Node, server: RunningServer) -> None:
    script = "while :; do echo hello; echo unwanted >&2; sleep 0.1; done"
    env = await server.create("sh", "-c", script, start=True)
    program = await node("logs", server, ENVIRONMENT_ID=env.id)
    await program.says("^Connected to log stream$")
    for _ in range(3):
        await program.says(r"^\[stdout\] hello$")
    assert not any("unwanted" in line for line in program.said)


async def test_terminal_with_xterm(node: Node, server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "a-file-of-ours").touch()
    env = await server.create("true", working_directory=str(tmp_path))
    session = await server.open_session(env.id)
    program = await node("terminal", server, SESSION_ID=session.id)
    await program.says("^Terminal session connected$")
    await program.says("^screen .* a-file-of-ours$")
    await program.tell("resize 90 25")
    await program.tell("type stty size")
    await program.says("^screen 25 90$")
    ask = "stty raw -echo; printf '\\033[c'; head -c 7 | od -c; stty sane; echo sa''ne"
    await program.tell(f"type {ask}")
    await program.says(r"033 +\[ +\? +1 +; +2 +c")  # xterm.js's answer, and nobody else's
    await program.says(r"^screen .*\bsane$")  # what is typed before that would have no end of line
    await program.tell("type echo still-$((40 + 2))")
    await program.says("^screen still-42$")


async def test_status(node: Node, server: RunningServer) -> None:
    env = await server.create("sh", "-c", "while :; do :; done", start=True)
    program = await node("status", server, ENVIRONMENT_ID=env.id)
    await program.says("^Connected to status updates$")
    await program.says("^Environment status: running$")
    assert float((await program.says(r"^CPU: ([0-9.]+) %$"))[1]) > 0
    assert float((await program.says(r"^Memory: ([0-9.]+) MB$"))[1]) > 0


async def test_errors(node: Node, server: RunningServer) -> None:
    program = await node("errors", server)
    await program.says("^went to /environments$")


async def test_health_checks_and_an_intentional_close(node: Node, server: RunningServer) -> None:
    program = await node("health", server)
    assert 0 <= int((await program.says(r"^Latency: (\d+) ms$"))[1]) < 5000
    await program.tell("close")
    await program.says("^closed 1000$")


async def test_reconnection(node: Node, start_server: StartServer) -> None:
    server = await start_server()
    script = "while :; do echo tick; sleep 0.1; done"
    env = await server.create("sh", "-c", script, start=True)
    program = await node("reconnection", server, ENVIRONMENT_ID=env.id)
    await program.says("^WebSocket connected$")
    await program.says(r"^\[stdout\] tick$")
    port = server.port
    await server.stop()
    await program.says("^WebSocket closed: 1012 ")
    await program.says(r"^Reconnecting\.\.\. \(attempt 1/10\)$")
    again = await start_server(port=port)
    await program.says("^WebSocket connected$")
    await again.server.environments.start(env.id)
    await program.says(r"^\[stdout\] tick$")


async def test_multiplexing(node: Node, server: RunningServer) -> None:
    one = await server.create("sleep", "60")
    two = await server.create("sleep", "60")
    program = await node("multiplexing", server, ENVIRONMENT_IDS=f"{one.id},{two.id}")
    await program.says(f"^{one.id} stopped$")
    await program.says(f"^{two.id} stopped$")
    await program.tell(f"unsubscribe {one.id}")
    await program.says("^unsubscribed")
    for env in (one, two):
        await server.server.environments.start(env.id)
    before = len(program.said)
    await program.says(f"^{two.id} running$")
    assert not any(one.id in line for line in program.said[before:])


async def test_compression(node: Node, server: RunningServer) -> None:
    script = "while :; do echo squeezed; sleep 0.1; done"
    env = await server.create("sh", "-c", script, start=True)
    program = await node("compression", server, ENVIRONMENT_ID=env.id)
    await program.says("^pong $")
    await program.says("^log squeezed$")
