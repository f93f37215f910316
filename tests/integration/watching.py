"""What clients see of a server that is killed or replaced in the middle of everything."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from tests.integration.served import Served
from tests.support import wait_for
from vibebox_tui.client.client import Client
from vibebox_tui.client.events import (
    LogHole,
    LogLines,
    LogLiveNow,
    LogResumed,
    TerminalEnded,
    TerminalReset,
    TerminalSizeChanged,
    TerminalText,
)
from vibebox_tui.client.terminal import TerminalLink
from vibebox_tui.emulator import Emulator
from vibebox_tui.protocol.models import CreateSessionRequest, Environment

ROWS, COLUMNS = 12, 50

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

    async def flows(self, *, resumed: int, more: int, patience: float) -> None:
        """Wait until it was taken up again so often, and goes on from there by `more` lines."""
        await wait_for(lambda: self.resumed == resumed, patience, "the log's resumption")
        seen = self.written
        await wait_for(lambda: self.written > seen + more, patience, "more lines")

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


class Watch:
    """What clients see of an environment's log and of two terminals: one that shows a full screen,
    `drawn`, and one that is typed into by `link`, `typed`.
    """

    def __init__(self, served: Served, client: Client, patience: float) -> None:
        self.log, self.drawn, self.typed = Log(), Screen(), Screen()
        self._served = served
        self._client = client
        self._patience = patience
        self._faults = 0
        self._keeper = 0
        self._before: dict[str, tuple[object, ...]] = {}
        self._picture: list[str] = []

    @contextlib.asynccontextmanager
    async def of(self, logged: Environment, host: Environment) -> AsyncIterator[TerminalLink]:
        """Follow the log of one environment and terminals in another, until the end of the block.

        Who comes afterwards has to see the full screen as it was.
        """
        client, size = self._client, CreateSessionRequest(rows=ROWS, cols=COLUMNS)
        still, typed = [await client.rest.create_session(host.id, size) for _ in range(2)]
        self._keeper, self._before = self._served.keeper.pid, await present(client)
        async with (
            client.terminal(still.id, rows=ROWS, columns=COLUMNS) as still_link,
            client.terminal(typed.id, rows=ROWS, columns=COLUMNS) as link,
            followed(
                self.log.follow(client, logged),
                self.drawn.follow(still_link),
                self.typed.follow(link),
            ),
        ):
            still_link.send(FULL_SCREEN)
            await self.until(lambda: "corner" in self.drawn.rows[9], "the full screen")
            self._picture = self.drawn.rows
            await self.until(lambda: self.log.is_live, "the live log")
            yield link
        await self._is_drawn_anew(still.id)

    async def survives(self, fault: Callable[[Served], None], more: int) -> None:
        """Have something happen to the server once the log has flowed by `more` lines."""
        await self.log.flows(resumed=self._faults, more=more, patience=self._patience)
        await asyncio.to_thread(fault, self._served)
        self._faults += 1
        self._served.assert_store_is_sound()

    async def assert_all_is_there(self) -> None:
        """Fail unless the log lacks nothing, the screen is as drawn, and everything still runs."""
        await self.until(lambda: self.log.is_whole, "the end of the log")
        self.log.assert_nothing_lost_or_doubled()
        assert self.log.resumed == self._faults
        assert self.drawn.rows == self._picture
        assert await present(self._client) == self._before
        assert self._served.keeper.pid == self._keeper

    async def until(self, predicate: Callable[[], Any], what: str) -> None:
        """Wait for something that is called `what`."""
        await wait_for(predicate, self._patience, what)

    async def _is_drawn_anew(self, session_id: str) -> None:
        late = Screen()
        async with (
            self._client.terminal(session_id, rows=ROWS, columns=COLUMNS) as link,
            followed(late.follow(link)),
        ):
            await self.until(lambda: late.rows == self._picture, "the screen, drawn anew")


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


def kill(served: Served) -> None:
    """Kill it and start it again."""
    served.kill()
    served.start()


def replace(served: Served) -> None:
    """Stop it as an upgrade does, and start the next one on what it has left."""
    served.stop()
    served.start()


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
