"""The running dashboard in a PTY: keys go in, and each byte of what it draws has its time."""

import asyncio
import json
import math
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from in_terminal import ProgramInTerminal, empty_home

from vibebox_tui.cli.server_choice import ServerOptions, connect
from vibebox_tui.protocol.models import CreateEnvironmentRequest

VIBEBOX: Final = [sys.executable, "-m", "vibebox_tui"]

PROMPT: Final = "ready$ "
"""What the shells of the measured terminals say."""

SWITCH_INTERVAL: Final = 0.0005
"""Seconds until the thread that reads gets its turn while the other one draws: what it notes is
no later than that."""

STATUS_QUESTION: Final = b"\x1b[5n"
STATUS_ANSWER: Final = b"\x1b[0n"
"""Device status report: any terminal answers it when it has read that far."""


class Dashboard(ProgramInTerminal):
    """A program that draws, in a terminal that may be slow: `bytes_per_second` at most are read.

    `written` counts the bytes that it drew, `last_read` is when the newest of them were read, in
    seconds of `time.monotonic`.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        *,
        rows: int = 40,
        columns: int = 120,
        bytes_per_second: float = math.inf,
    ) -> None:
        colours = {"COLORTERM": "truecolor"}
        super().__init__(command, {**environment, **colours}, rows=rows, columns=columns)
        self.bytes_per_second = bytes_per_second
        self.written = 0
        self.last_read = self.began
        self._pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        sys.setswitchinterval(SWITCH_INTERVAL)
        threading.Thread(target=self._read_on, daemon=True).start()

    def until_shown(self, shown: Callable[[Sequence[str]], bool], seconds: float = 10.0) -> float:
        """Wait until the screen's rows satisfy `shown`; return when the bytes came that made it.

        Raises:
            TimeoutError: they don't in time, or the program ended.
        """
        deadline = time.monotonic() + seconds
        while not shown(self.display):
            if not self._read(deadline):
                raise TimeoutError("not shown in time:\n" + "\n".join(self.display))
        return self.last_read

    def open_shell(self) -> None:
        """From the list of environments into a shell of the first one, with its log beside it."""
        self.until("bench-0.*running")
        self.type("1l")
        self.until("Logs: bench-0")
        self.until_quiet()  # where there is room, a terminal comes beside it by itself
        self.type("t" if "Terminal: bench-0" in "".join(self.display) else "+")
        self.until("No terminal here|Enter types here")
        self.type("\r")
        self.until(re.escape(PROMPT))
        self.until_quiet()

    def until_quiet(self, seconds: float = 0.3, patience: float = 10.0) -> None:
        """Wait until nothing has been drawn for so long, or the patience is at its end."""
        end = time.monotonic() + patience
        while time.monotonic() < end and self._read(time.monotonic() + seconds):
            pass

    def _read(self, deadline: float) -> bool:
        """Draw what the thread has read, or wait for it until the deadline; False: no more."""
        try:
            at, data = self._pieces.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return False
        self.last_read = at
        self._emulator.feed(data)
        self._emulator.take_replies()
        return bool(data)

    def _read_on(self) -> None:
        """Read as soon as there is something, or as fast as the link is; note when it came."""
        is_slow = not math.isinf(self.bytes_per_second)
        tail = b""
        while True:
            try:
                data = os.read(self._pty, 1_024 if is_slow else 65_536)
            except OSError:
                data = b""
            self._pieces.put((time.monotonic(), data))
            if not data:
                return
            self.written += len(data)
            if is_slow:
                time.sleep(len(data) / self.bytes_per_second)
            tail = self._answer(tail + data)

    def _answer(self, seen: bytes) -> bytes:
        """Answer what the dashboard asks between frames, as a terminal does that has read so far;
        return the end of `seen`, where a question may have begun."""
        for _ in range(seen.count(STATUS_QUESTION)):
            os.write(self._pty, STATUS_ANSWER)
        return seen[-(len(STATUS_QUESTION) - 1) :]


@contextmanager
def environments(*commands: Sequence[str]) -> Iterator[dict[str, str]]:
    """A server of a user with an empty home, and an environment for each command, running; the
    variables with which a dashboard shows them, `bench-0` and so on."""
    with empty_home() as variables:
        os.environ.clear()
        os.environ.update(variables, SHELL="/bin/sh")
        Path(variables["HOME"], ".profile").write_text(f"PS1={PROMPT!r}\n")
        subprocess.run([*VIBEBOX, "server", "start"], check=True, capture_output=True)
        try:
            asyncio.run(_create(commands))
            yield dict(os.environ)
        finally:
            asyncio.run(_stop())
            subprocess.run([*VIBEBOX, "server", "stop"], check=True, capture_output=True)


async def _stop() -> None:
    """Stop what runs: it would go on without the server."""
    async with connect(ServerOptions()) as client:
        for environment in await client.rest.environments():
            for session in await client.rest.sessions(environment.id):
                await client.rest.end_session(session.id)
            await client.rest.stop(environment.id)


async def _create(commands: Sequence[Sequence[str]]) -> None:
    async with connect(ServerOptions()) as client:
        for number, command in enumerate(commands):
            request = CreateEnvironmentRequest(name=f"bench-{number}", command=list(command))
            environment = await client.rest.create_environment(request)
            await client.rest.start(environment.id)


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that must not be larger than `most`."""

    name: str
    value: float
    most: float
    unit: str

    @property
    def is_met(self) -> bool:
        return self.value <= self.most


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of all values are not above (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def report(goals: Sequence[Goal], **facts: object) -> int:
    """Print each goal and whether it is met, and all of it as one line of JSON; the exit status."""
    for goal in goals:
        verdict = "met" if goal.is_met else "missed"
        print(f"{goal.name:48} {goal.value:10.1f} {goal.unit} (goal {goal.most:g}): {verdict}")
    figures = {goal.name: {"value": round(goal.value, 3), "goal": goal.most} for goal in goals}
    met = all(goal.is_met for goal in goals)
    print(json.dumps({**facts, "figures": figures, "met": met}))
    return 0 if met else 1
