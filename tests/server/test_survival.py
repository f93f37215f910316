"""What runs outlives the server, and nothing that it wrote is lost or doubled."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.server.inside import Inside
from tests.support import wait_for, wait_for_sync
from vibebox_tui.server.errors import KeeperError
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.keeper_process import keeper_socket

OWNER = """
import asyncio, sys
from pathlib import Path
from tests.server.inside import Inside

SCRIPT = "n=0; while [ $n -lt 20000 ]; do n=$((n+1)); echo line $n; done; echo half; exec sleep 100"

async def main():
    inside = Inside(Path(sys.argv[1]))
    await inside.open()
    environment = await inside.start(SCRIPT)
    session = await inside.session(environment)
    await inside.sessions.write(session.id, "answer=42\\n")
    await inside.shows("answer=42")
    await inside.logs("line 1")
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def killed(short_path: Path) -> Path:
    """The data directory of a server that was killed in the middle of everything."""
    directory = short_path / "data"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    owner.kill()
    owner.wait()
    owner.stdout.close()
    return directory


async def test_a_killed_server_comes_up_again_and_lacks_nothing(killed: Path) -> None:
    inside = Inside(killed)
    await inside.open()
    (environment,) = inside.environments.list()
    assert environment.status == "running"

    async def complete() -> bool:
        entries = await inside.store.read_logs(environment.id, limit=1)
        return bool(entries) and entries[-1].message == "half"

    await wait_for(complete, what="the last line")
    entries = await inside.store.read_logs(environment.id, limit=100_000)
    assert [entry.message for entry in entries] == [
        *(f"line {n}" for n in range(1, 20_001)),
        "half",
    ]
    assert [entry.seq for entry in entries] == list(range(1, 20_002))

    (session,) = inside.sessions.list()
    await inside.sessions.write(session.id, "echo $((answer+1))\n")
    await inside.shows("43\r\n")
    await inside.environments.stop(environment.id)
    assert (await inside.environments.settled(environment.id)).status == "stopped"
    await inside.close()


@pytest.fixture
def gated(short_path: Path) -> Path:
    """A data directory with a FIFO in it, `go`, that a script can wait at."""
    directory = short_path / "data"
    directory.mkdir()
    os.mkfifo(directory / "go")
    return directory


async def test_what_ends_while_no_server_is_there_is_told_later(gated: Path) -> None:
    before = Inside(gated)
    await before.open()
    environment = await before.start(
        "echo one; read x < go; echo two; exit 4", working_directory=str(gated)
    )
    session = await before.session(environment)
    await before.close(leave_running=True)

    assert session.pid is not None
    os.kill(session.pid, signal.SIGKILL)
    _open_gate(gated / "go")
    wait_for_sync(lambda: not psutil.pid_exists(session.pid or 0))

    after = Inside(gated)
    await after.open()
    failed = await after.status(environment, "error")
    assert failed.last_error == "exit code 4"
    entries = await after.store.read_logs(environment.id)
    assert [entry.message for entry in entries] == ["one", "two"]
    await wait_for(lambda: after.audience.exits)
    assert after.sessions.get(session.id).exit_code == -signal.SIGKILL
    await after.close()


async def test_a_flood_without_a_server_waits_in_the_keeper(gated: Path) -> None:
    before = Inside(gated)
    await before.open()
    environment = await before.start(
        "read x < go; seq 1 400000; exec sleep 100", working_directory=str(gated)
    )
    await before.close(leave_running=True)
    _open_gate(gated / "go")

    after = Inside(gated)
    await after.open()
    await wait_for(lambda: len(after.audience.entries) == 400_000, timeout=30)
    assert after.audience.messages() == [str(n) for n in range(1, 400_001)]
    assert after.environments.get(environment.id).status == "running"
    keeper = psutil.Process(after.runtime.keeper.pid)
    assert keeper.memory_info().rss < 15 * 1024 * 1024
    await after.close()


async def test_what_was_lost_with_the_keeper_is_marked_so(short_path: Path) -> None:
    before = Inside(short_path / "data")
    await before.open()
    environment = await before.start("exec sleep 100")
    session = await before.session(environment)
    keeper = before.runtime.keeper.pid
    assert keeper is not None
    await before.close(leave_running=True)
    os.kill(keeper, signal.SIGKILL)
    wait_for_sync(lambda: session.pid is not None and not psutil.pid_exists(session.pid))

    after = Inside(short_path / "data")
    await after.open()
    assert after.environments.get(environment.id).status == "error"
    assert "nobody watched" in (after.environments.get(environment.id).last_error or "")
    assert after.sessions.get(session.id).status == "terminated"
    assert after.sessions.get(session.id).exit_code is None
    await after.close()


async def test_a_keeper_with_nothing_to_keep_goes_with_its_server(short_path: Path) -> None:
    inside = Inside(short_path / "data")
    await inside.open()
    pid = inside.runtime.keeper.pid
    assert pid is not None
    await inside.close(leave_running=True)
    assert not psutil.pid_exists(pid)
    assert not keeper_socket(inside.directory).exists()


async def test_a_keeper_that_answers_too_late_is_asked_again(
    short_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    inside = Inside(short_path / "data")
    await inside.open()
    environment = await inside.start("exec sleep 100")
    keeper = inside.runtime.keeper.pid
    assert keeper is not None
    await inside.close(leave_running=True)

    os.kill(keeper, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr("vibebox_tui.server.keeper_client._TIMEOUT", 0.05)
        with pytest.raises(KeeperError, match="doesn't answer"):
            await KeeperClient.open(inside.directory)
    os.kill(keeper, signal.SIGCONT)

    after = Inside(short_path / "data")
    await after.open()
    assert after.runtime.keeper.pid == keeper
    assert after.environments.get(environment.id).status == "running"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    await after.close()


def test_the_keeper_needs_nothing_but_the_standard_library() -> None:
    root = str(Path(__file__).parents[2])
    code = (
        f"import sys; sys.path.insert(0, {root!r});"
        "import vibebox_tui.server.keeper.keeper; print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    ours = set(re.findall(r"\bvibebox_tui\S*", run.stdout))
    assert all(name.startswith("vibebox_tui.server.keeper") for name in ours if name.count(".") > 1)
    foreign = {name.partition(".")[0] for name in run.stdout.split()} - {"vibebox_tui", "__main__"}
    assert foreign <= set(sys.stdlib_module_names) | {"sitecustomize"}


def _open_gate(fifo: Path) -> None:
    """Let a script go on that waits at a FIFO."""
    fifo.write_text("\n")
