"""A server after an upgrade, on the keeper of the version before it."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.inside import Inside
from tests.support import wait_for
from vibebox_tui.server.keeper import wire
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.keeper_process import keeper_socket

ROOT = Path(__file__).parents[2]

FIRST_KEEPER = f"""
import socket, sys
sys.path.insert(0, {str(ROOT)!r})
from vibebox_tui.server.keeper import keeper, wire
from vibebox_tui.server.keeper.child import Child
from vibebox_tui.server.keeper.keeper import Keeper

KINDS = range(wire.HELLO, wire.QUIT + 1)

class FirstKeeper(Keeper):
    def _obey(self, frame):
        if frame.kind not in KINDS:
            sys.exit(f"there was no {{frame.kind}} yet")
        super()._obey(frame)

def first_launch(**given):
    if set(given) != KNOWN:
        sys.exit(f"that is not a launch: {{sorted(given)}}")
    return Launch(**given)

KNOWN = {{
    "tag", "argv", "executable", "directory", "environment", "limits", "rows", "columns"
}}
Launch, keeper.Launch = keeper.Launch, first_launch
Child.identity = lambda self: {{"child": self.number, "pid": self.pid, "root": self.root}}
Child.describe = lambda self: self.identity() | {{"tag": self.tag, "startedAt": self.started_at}}
wire.VERSION = 1
FirstKeeper(socket.socket(fileno=int(sys.argv[1])), sys.argv[2]).run()
"""
"""Knows the frames and the fields of version 1 of its protocol, and ends at any other."""


@pytest.fixture
def first_keeper(short_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A keeper of version 1, at the place where the server of a data directory looks for it."""
    path = keeper_socket(short_path / "data")
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(4)
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", FIRST_KEEPER, str(listener.fileno()), str(path)],
            pass_fds=(listener.fileno(),),
            stderr=subprocess.PIPE,
        )
    yield keeper
    keeper.terminate()
    keeper.wait(10)
    assert keeper.stderr is not None
    assert keeper.stderr.read() == b""
    keeper.stderr.close()


async def test_what_an_older_keeper_has_goes_on_under_a_newer_server(
    short_path: Path, first_keeper: "subprocess.Popen[bytes]"
) -> None:
    assert wire.VERSION > 1
    servers = []
    for number in range(3):
        inside = Inside(short_path / "data")
        await inside.open()
        assert inside.runtime.keeper.pid == first_keeper.pid
        if number == 0:
            environment = await inside.start(
                "echo one; exec sleep 1000", cpu_limit=2, memory_limit=500
            )
            session = await inside.session(environment)
            await inside.logs("one")
        assert inside.environments.get(environment.id).status == "running"
        servers.append(inside.sessions.get(session.id).pid)
        text = f"echo $((40+{number}))\n"
        await inside.sessions.write(session.id, text, client_id="me", input_seq=number + 1)
        await wait_for(lambda: f"4{number}\r\n" in inside.audience.text)  # noqa: B023
        if number < 2:
            await inside.close(leave_running=True)
    assert len(set(servers)) == 1
    await inside.environments.stop(environment.id)
    assert (await inside.environments.settled(environment.id)).status == "stopped"
    await inside.close()


async def test_a_keeper_that_goes_while_one_connects_is_replaced(short_path: Path) -> None:
    """The socket of one that was killed still takes connections for a moment."""

    async def die(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dying.close()
        writer.close()
        await writer.wait_closed()
        has_died.set()

    has_died = asyncio.Event()
    dying = await asyncio.start_unix_server(die, keeper_socket(short_path))
    keeper = await KeeperClient.open(short_path)
    assert keeper.pid is not None
    await asyncio.wait_for(has_died.wait(), 5)
    await dying.wait_closed()
    await keeper.quit()
