"""A server that is killed or replaced in the middle of everything, seen from its clients."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.served import Served
from tests.support import wait_for, wait_for_sync
from vibebox_tui.client.client import Client
from vibebox_tui.client.events import (
    LogHole,
    LogLines,
    LogLiveNow,
    LogResumed,
    StatusUpdate,
    TerminalEnded,
    TerminalReset,
    TerminalSizeChanged,
    TerminalText,
)
from vibebox_tui.client.terminal import TerminalLink
from vibebox_tui.emulator import Emulator
from vibebox_tui.protocol.models import CreateEnvironmentRequest, CreateSessionRequest, Environment

PATIENCE = 30.0
ROWS, COLUMNS = 12, 50

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

FULL_SCREEN = (
    "stty -echo; PS1=; printf '\\033[?1049h\\033[2J\\033[3;7H\\033[1;31mdrawn\\033[m"
    "\\033[10;40Hcorner'; cat > /dev/null\r"
)
"""Draws on the alternate screen and then only listens."""


class Log:
    """What a reader of a log is given: every line of both streams once, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.seqs: list[int | None] = []
        self.unwanted: list[LogHole | LogResumed] = []
        self.is_live = False
        self.resumed = 0

    async def follow(self, client: Client, environment: Environment) -> None:
        async with client.logs(environment.id, tail=100_000) as log:
            async for event in log:
                match event:
                    case LogLines(entries):
                        self.lines += [entry.message for entry in entries]
                        self.seqs += [entry.seq for entry in entries]
                    case LogLiveNow():
                        self.is_live = True
                    case LogResumed(complete=complete):
                        self.resumed += 1
                        if not complete:
                            self.unwanted.append(event)
                    case LogHole():
                        self.unwanted.append(event)

    async def flows(self, *, resumed: int, more: int = 2_000) -> None:
        """Wait until it was taken up again so often, and goes on from there by `more` lines."""
        await wait_for(lambda: self.resumed == resumed, PATIENCE, "the log's resumption")
        seen = self.written
        await wait_for(lambda: self.written > seen + more, PATIENCE, "more lines")

    @property
    def is_whole(self) -> bool:
        return any(line.startswith("end ") for line in self.lines) and self.written == self.complete

    @property
    def written(self) -> int:
        return sum(line.startswith("line ") for line in self.lines)

    @property
    def complete(self) -> int:
        return sum(line.startswith("complaint ") for line in self.lines)

    def assert_nothing_lost_or_doubled(self) -> None:
        assert self.unwanted == []
        for word in ("line ", "complaint "):
            numbers = [int(line[len(word) :]) for line in self.lines if line.startswith(word)]
            assert numbers == list(range(1, len(numbers) + 1)), word
        assert self.seqs == list(range(1, len(self.seqs) + 1))
        assert f"end {self.written}" in self.lines


class Screen:
    """A terminal as a pane of the dashboard has it."""

    def __init__(self) -> None:
        self.emulator = Emulator(ROWS, COLUMNS)
        self.ended: list[int | None] = []

    async def follow(self, terminal: TerminalLink) -> None:
        async for event in terminal:
            match event:
                case TerminalText(data):
                    self.emulator.feed(data)
                    self.emulator.take_replies()
                case TerminalReset(rows, columns):
                    self.emulator = Emulator(rows, columns)
                case TerminalSizeChanged(rows, columns):
                    self.emulator.resize(rows, columns)
                case TerminalEnded(code):
                    self.ended.append(code)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.emulator.display]


@contextlib.asynccontextmanager
async def followed(*readers: Any) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run readers until the end of the block; one that fails fails the test."""
    tasks = [asyncio.create_task(reader) for reader in readers]
    yield tasks
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(result, asyncio.CancelledError | None):
            raise result


@pytest.fixture
def served(short_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/sh")
    served = Served(short_path)
    served.start()
    yield served
    served.end()


def kill(served: Served) -> None:
    """Kill it and start it again."""
    served.kill()
    served.start()


def replace(served: Served) -> None:
    """Stop it as an upgrade does, and start the next one on what it has left."""
    served.stop()
    served.start()


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
        size = CreateSessionRequest(rows=ROWS, cols=COLUMNS)
        still = await client.rest.create_session(calm.id, size)
        flooded = await client.rest.create_session(calm.id, size)
        keeper = served.keeper.pid
        before = await present(client)

        log, drawn, flood = Log(), Screen(), Screen()
        async with (
            client.terminal(still.id, rows=ROWS, columns=COLUMNS) as still_link,
            client.terminal(flooded.id, rows=ROWS, columns=COLUMNS) as flood_link,
            followed(log.follow(client, busy), drawn.follow(still_link), flood.follow(flood_link)),
        ):
            still_link.send(FULL_SCREEN)
            await wait_for(lambda: "corner" in drawn.rows[9], PATIENCE, "the full screen")
            picture = drawn.rows
            await wait_for(lambda: log.is_live, PATIENCE, "the live log")
            flood_link.send("PS1=; seq 1 200000; echo do''ne\r")
            for number, fault in enumerate((kill, replace)):
                await log.flows(resumed=number)
                await asyncio.to_thread(fault, served)
                served.assert_store_is_sound()
            (short_path / "stop").touch()
            await wait_for(lambda: log.is_whole, PATIENCE, "the end of the log")
            await wait_for(lambda: "done" in flood.rows, PATIENCE, "the end of the flood")
            flood_link.send("echo $((6*7))\r")
            await wait_for(lambda: "42" in flood.rows, PATIENCE, "an answer")

            log.assert_nothing_lost_or_doubled()
            assert log.resumed == 2
            assert drawn.rows == picture
            assert await present(client) == before
            assert served.keeper.pid == keeper

        late = Screen()
        async with (
            client.terminal(still.id, rows=ROWS, columns=COLUMNS) as link,
            followed(late.follow(link)),
        ):
            await wait_for(lambda: late.rows == picture, PATIENCE, "the screen, drawn anew")
        assert (await client.rest.environment(idle.id)).status == "stopped"
    assert "Traceback" not in served.said


async def started(client: Client, name: str, *command: str) -> Environment:
    """A new environment that runs."""
    request = CreateEnvironmentRequest(name=name, command=list(command))
    environment = await client.rest.create_environment(request)
    await client.rest.start(environment.id)
    return environment


async def present(client: Client) -> dict[str, tuple[object, ...]]:
    """What there is, with all that would change if it had been started anew."""
    environments = await client.rest.environments()
    found: dict[str, tuple[object, ...]] = {
        environment.id: (environment.status, environment.started_at) for environment in environments
    }
    for environment in environments:
        for session in await client.rest.sessions(environment.id):
            found[session.id] = (session.status, session.pid, session.created_at)
    return found


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
