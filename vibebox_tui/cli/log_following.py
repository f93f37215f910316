"""`vibebox logs --follow`: what there is, then what comes, of several logs by time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Final

import click

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LogEvent, LogHole, LogLines, LogLiveNow, LogResumed
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.hold_back import HoldBack
from vibebox_tui.logs.ring import Line
from vibebox_tui.logs.sift import Sifter
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import Environment, LogPage

RELEASE_SECONDS: Final = 0.05
"""Between two looks at which lines have waited long enough for those of other logs."""

PAGE_LINES: Final = 1000
"""Lines that are asked of a server at a time; what every server of ours gives."""

Pages = Callable[[Environment], AsyncIterator[LogPage]]
"""The history of a log that is wanted, page by page."""


class FollowedLog:
    """One log: its history, and then what comes, each line once."""

    def __init__(
        self,
        environment: Environment,
        events: Subscription[LogEvent],
        selection: Selection,
        rest: RestClient,
    ) -> None:
        self._environment = environment
        self._events = events
        self._rest = rest
        self._sifter = Sifter(selection)
        self._read_to: int | None = None
        """The number of the last line that there was when the history was read; None: it wasn't."""

    async def history(self, pages: Pages) -> AsyncIterator[Line]:
        """The lines that there are, as far as they are wanted."""
        async for page in pages(self._environment):
            self._read_to = page.next_seq - 1
            for line in self._sifter.take(page.data):
                yield line

    async def live(self) -> AsyncIterator[list[Line]]:
        """What comes after the history; losses are told on standard error."""
        async for event in self._events:
            match event:
                case LogLiveNow():
                    async for entries in self._missed():
                        yield self._sifter.take(entries)
                case LogLines(entries):
                    yield self._sifter.take(self._unread(entries))
                case LogHole(first, last, why):
                    self._complain(f"lines {first} to {last} are gone: {why}")
                case LogResumed() if not event.complete:
                    self._complain("the link was lost; lines may be missing here")

    async def _missed(self) -> AsyncIterator[list[LogEntry]]:
        """What was logged after the history was read and before the subscription began."""
        while self._read_to is not None:
            page = await self._rest.logs(
                self._environment.id, since_seq=self._read_to, limit=PAGE_LINES
            )
            if not page.data:
                return
            yield page.data
            self._read_to = page.data[-1].seq

    def _unread(self, entries: list[LogEntry]) -> list[LogEntry]:
        read_to = self._read_to or 0
        return [each for each in entries if not each.seq or each.seq > read_to]

    def _complain(self, what: str) -> None:
        click.echo(f"vibebox: {self._environment.name}: {what}", err=True)


async def open_logs(
    client: Client, environments: list[Environment], selection: Selection, stack: AsyncExitStack
) -> list[FollowedLog]:
    """Subscribe to all of the logs, before their history is read."""
    logs = []
    for each in environments:
        events = await stack.enter_async_context(client.logs(each.id, tail=0))
        logs.append(FollowedLog(each, events, selection, client.rest))
    return logs


async def print_live(logs: list[FollowedLog], show: Callable[[list[Line], int], None]) -> None:
    """Show what comes, by time, each line a moment later where there are several logs."""
    held: HoldBack[Line] = HoldBack()

    async def take(source: int, log: FollowedLog) -> None:
        async for lines in log.live():
            if len(logs) == 1:
                show(lines, source)
                continue
            for line in lines:
                at = line.time or round(time.time() * 1000)
                held.take(source, at, line, time.monotonic(), continues=line.is_continuation)

    async def release() -> None:
        while True:
            await asyncio.sleep(RELEASE_SECONDS)
            for record in held.release(time.monotonic()):
                show(record.lines, record.source)

    releasing = asyncio.create_task(release())
    try:
        async with asyncio.TaskGroup() as tasks:
            for source, log in enumerate(logs):
                tasks.create_task(take(source, log))
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        releasing.cancel()
        for record in held.release_all():
            show(record.lines, record.source)
