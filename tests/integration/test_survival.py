"""A server that is killed or replaced in the middle of everything, seen from its clients."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.served import Served
from tests.integration.watching import Screen, Watch, followed, kill, replace
from tests.support import wait_for, wait_for_sync
from vibebox_tui.client.client import Client
from vibebox_tui.client.events import (
    StatusUpdate,
)
from vibebox_tui.protocol.models import CreateEnvironmentRequest, CreateSessionRequest, Environment

PATIENCE = 30.0

WRITER = """
import os, sys, time
number = 0
while not os.path.exists(sys.argv[1]):
    for _ in range(50):
        number += 1
        print(f"line {number}", flush=True)
        print(f"complaint {number}", file=sys.stderr, flush=True)
    time.sleep(0.01)
print(f"end {number}", flush=True)
time.sleep(1000)
"""
"""Numbered lines on both streams, some thousand a second, until a file is there."""


@pytest.fixture
def served(short_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/sh")
    served = Served(short_path)
    served.start()
    yield served
    served.end()


@pytest.mark.timeout(180)
async def test_clients_lack_nothing_when_the_server_comes_back(
    served: Served, short_path: Path
) -> None:
    (short_path / "writer.py").write_text(WRITER)
    async with served.client() as client:
        writer = [sys.executable, str(short_path / "writer.py"), str(short_path / "stop")]
        busy = await started(client, "busy", *writer)
        calm = await started(client, "calm", "sleep", "1000")
        idle = await client.rest.create_environment(
            CreateEnvironmentRequest(name="idle", command=["true"])
        )
        watch = Watch(served, client, PATIENCE)
        async with watch.of(busy, calm) as link:
            link.send("PS1=; seq 1 200000; echo do''ne\r")
            for fault in (kill, replace):
                await watch.survives(fault, more=2_000)
            (short_path / "stop").touch()
            await watch.until(lambda: "done" in watch.typed.rows, "the end of the flood")
            link.send("echo $((6*7))\r")
            await watch.until(lambda: "42" in watch.typed.rows, "an answer")
            await watch.assert_all_is_there()
        assert (await client.rest.environment(idle.id)).status == "stopped"
    assert "Traceback" not in served.said


async def started(client: Client, name: str, *command: str) -> Environment:
    """A new environment that runs."""
    request = CreateEnvironmentRequest(name=name, command=list(command))
    environment = await client.rest.create_environment(request)
    await client.rest.start(environment.id)
    return environment


@pytest.mark.timeout(120)
async def test_the_keeper_killed_everything_ends_and_says_so(served: Served) -> None:
    async with served.client() as client:
        environment = await started(client, "calm", "sleep", "1000")
        session = await client.rest.create_session(environment.id, CreateSessionRequest())
        assert session.pid is not None
        running = [*served.keeper.children(recursive=True)]
        assert len(running) >= 3, "an init, its command, a shell"
        statuses: list[tuple[str, str | None]] = []

        async def follow_status() -> None:
            async with client.status(environment.id) as events:
                async for event in events:
                    match event:
                        case StatusUpdate(status):
                            statuses.append((status.status, status.message))

        screen = Screen()
        async with (
            client.terminal(session.id, rows=24, columns=80) as link,
            followed(follow_status(), screen.follow(link)),
        ):
            await wait_for(lambda: statuses, PATIENCE, "a status")
            served.keeper.kill()
            await wait_for(lambda: statuses[-1][0] == "error", PATIENCE, "the status")
            await wait_for(lambda: screen.ended == [None], PATIENCE, "the session's end")
        assert "keeper" in (statuses[-1][1] or "")
        wait_for_sync(lambda: not any(process.is_running() for process in running), PATIENCE)
        assert (await client.rest.environment(environment.id)).status == "error"
        (ended,) = await client.rest.sessions(environment.id)
        assert (ended.status, ended.exit_code) == ("terminated", None)

        await client.rest.start(environment.id)
        assert (await client.rest.environment(environment.id)).status == "running"
        assert psutil.pid_exists(served.keeper.pid), "another one"
