"""The user's own server: found, started once, shared, stopped."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import wait_for_sync
from vibebox_tui.cli.own_server import OwnServer
from vibebox_tui.cli.server_process import (
    LOG_BYTES,
    ServerProcess,
    ServerStartError,
    answers,
    process_of,
    wait_for,
)

PATIENCE = 30.0


@pytest.fixture
def home(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home directory; the server that was started in it is stopped after the test."""
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "VIBEBOX_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    runtime = short_path / "run"
    runtime.mkdir()
    monkeypatch.setenv("HOME", str(short_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    yield short_path
    OwnServer().stop()


def test_is_started_where_none_answers_and_found_where_one_does(home: Path) -> None:
    first = OwnServer.start()
    wait_for(first)
    process = process_of(first.path)
    assert process is not None
    second = OwnServer.start()
    wait_for(second)
    assert process_of(second.path) == process


def test_dashboards_that_start_at_once_share_one(home: Path) -> None:
    code = (
        "from vibebox_tui.cli.own_server import OwnServer;"
        "from vibebox_tui.cli.server_process import process_of, wait_for;"
        "own = OwnServer.start(); wait_for(own); print(process_of(own.path))"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    processes = {starter.communicate(timeout=PATIENCE)[0].strip() for starter in starters}
    assert len(processes) == 1
    assert int(processes.pop()) == process_of(OwnServer().path)


def test_a_socket_that_a_crash_left_is_no_obstacle(home: Path) -> None:
    own = OwnServer()
    own.path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(own.path))
    assert not answers(own.path)
    own = OwnServer.start()
    wait_for(own)
    assert answers(own.path)


def test_stops_and_says_whether_there_was_one(home: Path) -> None:
    own = OwnServer.start()
    wait_for(own)
    assert own.stop()
    assert not answers(own.path)
    assert not own.stop()


def test_one_that_ends_at_once_is_told_with_what_it_said(home: Path) -> None:
    state = home / ".local" / "share"
    state.mkdir(parents=True)
    (state / "vibebox").write_text("in the way")
    own = OwnServer.start()
    with pytest.raises(ServerStartError, match="data directory") as caught:
        wait_for(own)
    assert str(own.log) in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_leash_ends_the_server_with_who_started_it(home: Path) -> None:
    log, path = home / "server.log", home / "server.sock"
    arguments = ["serve", "--uds", str(path), "--until-stdin-closes"]
    code = (
        "import sys, time; from pathlib import Path;"
        "from vibebox_tui.cli.server_process import ServerProcess, wait_for;"
        f"path, log = Path({str(path)!r}), Path({str(log)!r});"
        f"server = ServerProcess({arguments!r}, path, log, leash=True);"
        "wait_for(server); print('ready', flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    assert starter.stdout.readline() == "ready\n"
    server = process_of(path)
    assert server is not None
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate(timeout=PATIENCE)
    wait_for_sync(lambda: not psutil.pid_exists(server), PATIENCE)


def test_a_long_log_is_put_aside(home: Path) -> None:
    log = home / "server.log"
    log.write_bytes(b"x" * (LOG_BYTES + 1))
    server = ServerProcess(["--version"], home / "none.sock", log)
    with pytest.raises(ServerStartError, match="saying: vibebox "):
        wait_for(server)
    assert (home / "server.log.1").stat().st_size == LOG_BYTES + 1
    assert log.stat().st_size < 1000
