"""Days on a bad line in a few minutes: nothing is lost, nothing shows twice, nothing grows.

An environment writes numbered lines at 2,000 a second, which a quick and a slow reader follow; a
session echoes numbered input. Between them and the server is a relay. At random, every few
seconds, connections are reset, cut in the middle of a frame, swallowed, delayed or throttled, or
the server is killed (SIGKILL), restarted or frozen. At the end every line has come once and in
order, every input has been written and echoed once, and memory, tasks and descriptors are what
they were: here, in the server and in the keeper. With `--small` the server keeps so little that
there must be gaps, and each is to be named exactly. With `--spared` the server is frozen but never
killed, so that one process has to stay as it is throughout.

    python bench/soak.py [--minutes N | --seconds N] [--seed S] [--small] [--spared]

The last line is JSON; the exit status is 1 if anything was not as it should be.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from soak_checks import Complaints, EchoCheck, Growth, LogCheck, Sample
from soak_faults import Faults
from soak_server import SoakServer

from tests.faults import FaultRelay
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import TokenFile
from vibebox_tui.client.events import LinkPhase
from vibebox_tui.client.settings import ClientSettings, PendingInput
from vibebox_tui.client.terminal import TerminalLink
from vibebox_tui.paths import credential_file
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    CreateSessionRequest,
    Environment,
    Session,
)

LINES_PER_SECOND: Final = 2_000
INPUTS_PER_SECOND: Final = 20

ALL_LOG_BYTES: Final = 512 * 1024 * 1024
SMALL_LOG_BYTES: Final = 60_000
"""Bytes of log that the server keeps: everything, or a second or two of it."""

SETTLING: Final = 90.0
"""Seconds for everything to arrive once nothing is done any more; a breaker may be open for 60."""

MOST_GROWTH: Final = {
    "dashboard": Sample(24.0, 6, 8),
    "server": Sample(24.0, 12, 12),
    "keeper": Sample(6.0, 0, 4),
}
"""By how much the end may be above the beginning: what is under way. A connection that vanished
without a word costs the server a few tasks until its pings remain unanswered; the keeper has up
to 1 MiB of each stream while the server is away."""

SETTINGS: Final = ClientSettings(
    open_timeout=3.0,
    request_timeout=5.0,
    ping_interval=1.0,
    stale_after=1.5,
    drop_after=3.0,
    pending_input=PendingInput.ALWAYS,
)
"""A tenth of the usual times, so that a minute has as many losses as ten."""

WRITER: Final = """
import itertools, os, sys, time
began = time.monotonic()
for step in itertools.count():
    first = step * 100 + 1
    print("".join(f"line {n}\\n" for n in range(first, first + 100)), end="", flush=True)
    if os.path.exists(sys.argv[1]):
        break
    time.sleep(max(0.0, began + (step + 1) * 100 / RATE - time.monotonic()))
print(f"end {first + 99}", flush=True)
time.sleep(1e6)
""".replace("RATE", str(LINES_PER_SECOND))
"""Writes numbered lines until a file is there, then says which was the last."""

ECHOER: Final = """
import os, sys, termios, tty
tty.setraw(0, termios.TCSANOW)
record = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
os.write(1, b"ready\\r\\n")
rest = b""
while data := os.read(0, 65536):
    *lines, rest = (rest + data).split(b"\\n")
    for line in lines:
        os.write(record, line + b"\\n")
        os.write(1, b"echo " + line + b"\\r\\n")
"""
"""Writes each line of its input into a file, then echoes it."""


def main() -> int:
    arguments = argparse.ArgumentParser(description="A bad line, for a while.")
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--seconds", type=float, help="in place of --minutes")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--small", action="store_true", help="keep little of the log")
    arguments.add_argument("--spared", action="store_true", help="never kill the server")
    given = arguments.parse_args()
    seconds = given.seconds or given.minutes * 60
    directory = Path(tempfile.mkdtemp(prefix="vbx-"))
    soak = Soak(directory, seed=given.seed, is_small=given.small, spares_server=given.spared)
    status = asyncio.run(soak.run(seconds))
    if status:
        print(f"the server's log and data are in {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return status


class Soak:
    """One run, in a directory of its own."""

    def __init__(self, directory: Path, *, seed: int, is_small: bool, spares_server: bool) -> None:
        self._directory = directory
        self._seed = seed
        self._is_small = is_small
        self._spares_server = spares_server
        self._process = psutil.Process()
        self._complaints = Complaints()
        self._server = SoakServer(directory, SMALL_LOG_BYTES if is_small else ALL_LOG_BYTES)
        self._logs = [
            LogCheck(name, self._complaints, may_have_holes=is_small) for name in ("quick", "slow")
        ]
        self._echo = EchoCheck(directory / "inputs", self._complaints)
        self._growths = [Growth(name, most) for name, most in MOST_GROWTH.items()]
        self._is_typing = True
        self._shown = 0
        self._faults: Faults | None = None

    async def run(self, seconds: float) -> int:
        """Run for so long and report; the exit status."""
        began = time.monotonic()
        await asyncio.to_thread(self._server.start)
        try:
            async with self._parts() as (relay, client):
                environment, session = await self._begin(client)
                await self._soak(relay, client, environment, session, seconds)
        finally:
            await asyncio.to_thread(self._server.end)
        return self._report(time.monotonic() - began)

    @asynccontextmanager
    async def _parts(self) -> AsyncIterator[tuple[FaultRelay, Client]]:
        async with FaultRelay(self._server.socket) as relay:
            client = Client(
                ServerAddress.parse(f"http://127.0.0.1:{relay.port}"),
                TokenFile(credential_file(self._server.socket)),
                settings=SETTINGS,
                chance=random.Random(self._seed).random,
            )
            async with client:
                yield relay, client

    async def _begin(self, client: Client) -> tuple[Environment, Session]:
        """An environment that will write and a session, with its echoing program not yet there."""
        programs = {"writer.py": WRITER, "echoer.py": ECHOER}
        for name, text in programs.items():
            (self._directory / name).write_text(text)
        command = [sys.executable, str(self._directory / "writer.py"), str(self._stop_file)]
        request = CreateEnvironmentRequest(name="soak", command=command)
        environment = await client.rest.create_environment(request)
        await client.rest.start(environment.id)
        session = await client.rest.create_session(environment.id, CreateSessionRequest())
        return environment, session

    @property
    def _stop_file(self) -> Path:
        return self._directory / "stop"

    async def _soak(
        self,
        relay: FaultRelay,
        client: Client,
        environment: Environment,
        session: Session,
        seconds: float,
    ) -> None:
        chance = random.Random(self._seed)
        self._faults = Faults(
            relay, self._server, client, chance, spares_server=self._spares_server
        )
        async with client.terminal(session.id, rows=24, columns=80) as terminal:
            readers = [
                asyncio.create_task(self._read_log(client, environment, self._logs[0], 0.0)),
                asyncio.create_task(self._read_log(client, environment, self._logs[1], 12.0)),
                asyncio.create_task(self._type(terminal)),
            ]
            screen = asyncio.create_task(self._read_terminal(terminal))
            watch = asyncio.create_task(self._watch(client))
            try:
                await self._faults.run(seconds)
                self._is_typing = False
                self._stop_file.touch()
                client.retry_now()
                await self._settle(readers)
            finally:
                for task in (*readers, screen, watch):
                    task.cancel()
                await asyncio.gather(*readers, screen, watch, return_exceptions=True)
        self._shown = self._echo.finish()

    # --- readers ---------------------------------------------------------------------------

    async def _read_log(
        self, client: Client, environment: Environment, check: LogCheck, pause: float
    ) -> None:
        """Follow the log to its end; a slow reader sleeps for `pause` seconds now and then."""
        loop = asyncio.get_running_loop()
        sleep_at = loop.time() + pause
        async with client.logs(environment.id, tail=100_000) as log:
            async for event in log:
                check.take(event)
                if check.is_over:
                    return
                if pause and self._is_typing and loop.time() > sleep_at:
                    await asyncio.sleep(pause)
                    sleep_at = loop.time() + pause

    async def _read_terminal(self, terminal: TerminalLink) -> None:
        async for event in terminal:
            self._echo.take(event)

    async def _type(self, terminal: TerminalLink) -> None:
        """Start the program that echoes, then type a number every now and then."""
        record = self._directory / "inputs"
        program = self._directory / "echoer.py"
        terminal.send(f"exec {sys.executable} {program} {record}\n")
        while not record.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.05)
        while self._is_typing:
            terminal.send(f"{self._echo.next_number()}\n")
            await asyncio.sleep(1 / INPUTS_PER_SECOND)
        while self._echo.newest < self._echo.typed:  # noqa: ASYNC110 - a screen is looked at
            await asyncio.sleep(0.1)

    async def _watch(self, client: Client) -> None:
        """Sample what is in use whenever every link stands: then it has to be the same."""
        async with client.watch_link() as states:
            async for state in states:
                if state.phase is LinkPhase.CONNECTED:
                    await asyncio.to_thread(self._look, len(asyncio.all_tasks()))

    def _look(self, tasks: int) -> None:
        server = self._server
        dashboard, served, kept = self._growths
        dashboard.add(Sample.of([self._process], tasks))
        served.add(Sample.of([server.process], server.tasks))
        kept.add(Sample.of(server.keepers))

    async def _settle(self, readers: "list[asyncio.Task[None]]") -> None:
        done, late = await asyncio.wait(readers, timeout=SETTLING)
        for task in done:
            if (error := task.exception()) is not None:
                self._complaints.add(f"a reader failed: {error!r}")
        for task in late:
            self._complaints.add(f"not at its end after {SETTLING:.0f} s: {task.get_coro()}")

    # --- the end ---------------------------------------------------------------------------

    def _report(self, seconds: float) -> int:
        assert self._faults is not None
        for growth in self._growths:
            self._report_growth(growth)
        if self._is_small and not any(log.holes for log in self._logs):
            self._complaints.add("there was no gap, so none could be named")
        for text in self._complaints.told:
            print(text)
        facts = {
            "seed": self._seed,
            "seconds": round(seconds, 1),
            "lines": [log.lines for log in self._logs],
            "missing": [log.missing for log in self._logs],
            "gaps": [log.holes for log in self._logs],
            "resumed": [log.resumed for log in self._logs],
            "inputs": self._echo.typed,
            "echoes_shown": self._shown,
            "growth": {
                each.name: list(asdict(each.since_the_beginning()).values())
                for each in self._growths
            },
            "faults": dict(self._faults.counts),
            "complaints": self._complaints.count,
        }
        print(json.dumps(facts))
        return 1 if self._complaints.count else 0

    def _report_growth(self, growth: Growth) -> None:
        found, most = asdict(growth.since_the_beginning()), asdict(growth.most)
        for name, value in found.items():
            print(f"{growth.name}, {name}: {value:+g} (at most {most[name]:g})")
            if value > most[name]:
                self._complaints.add(f"{growth.name}: {name} grew by {value:g}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
