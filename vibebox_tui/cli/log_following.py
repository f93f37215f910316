"""`vibebox logs --follow`: what there is, then what comes, of several logs by time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Final

import click

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LogEvent, LogHole, LogLines, LogResumed
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.hold_back import HoldBack
from vibebox_tui.logs.ring import Line
from vibebox_tui.logs.sift import Sifter
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import Environment

RELEASE_SECONDS: Final = 0.05
"""Between two looks at which lines have waited long enough for those of other logs."""

Pages = Callable[[Environment], AsyncIterator[list[LogEntry]]]
"""The history of a log that is wanted, page by page."""


class FollowedLog:
    """One log: its history, and then what comes, each line once."""

    def __init__(
        self, environment: Environment, events: Subscription[LogEvent], selection: Selection
    ) -> None:
        self._environment = environment
        self._events = events
        self._sifter = Sifter(selection)
        self._last_seq = 0

    async def history(self, pages: Pages) -> AsyncIterator[Line]:
        """The lines that there are, as far as they are wanted."""
        async for page in pages(self._environment):
            self._last_seq = page[-1].seq or 0
            for line in self._sifter.take(page):
                yield line

    async def live(self) -> AsyncIterator[list[Line]]:
        """What comes after the history; losses are told on standard error."""
        async for event in self._events:
            match event:
                case LogLines(entries):
                    new = [each for each in entries if not each.seq or each.seq > self._last_seq]
                    yield self._sifter.take(new)
                case LogHole(first, last, why):
                    self._complain(f"lines {first} to {last} are gone: {why}")
                case LogResumed() if not event.complete:
                    self._complain("the link was lost; lines may be missing here")

    def _complain(self, what: str) -> None:
        click.echo(f"vibebox: {self._environment.name}: {what}", err=True)


async def open_logs(
    client: Client, environments: list[Environment], selection: Selection, stack: AsyncExitStack
) -> list[FollowedLog]:
    """Subscribe to all of the logs, before their history is read: so nothing is lost between."""
    return [
        FollowedLog(each, await stack.enter_async_context(client.logs(each.id, tail=0)), selection)
        for each in environments
    ]


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
