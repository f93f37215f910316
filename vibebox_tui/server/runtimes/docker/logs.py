"""The log of one container, followed from where it was committed before."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.log_capture import append_patiently
from vibebox_tui.server.records import CapturePosition
from vibebox_tui.server.runtimes.base import LogSink
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.log_records import (
    FrameReader,
    LogAssembler,
    PlainReader,
    Record,
)

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_MOMENT: Final = 0.25
"""Seconds after which a piece of a line is given out without its end, as for a prompt."""

_LAST: Final = 30.0
"""Seconds without a byte after which the rest of an ended container's log counts as read."""


class ContainerLog:
    """Takes a container's log into an environment's, each line once.

    `tail` bounds what is taken of a log that is seen for the first time.
    """

    def __init__(
        self,
        engine: Engine,
        container_id: str,
        sink: LogSink,
        known: Sequence[CapturePosition],
        *,
        tty: bool,
        tail: int | None = None,
    ) -> None:
        self._engine = engine
        self._container_id = container_id
        self._sink = sink
        self._tty = tty
        self._tail = tail
        self._assembler = LogAssembler(container_id, known)
        self._halted = asyncio.Event()

    async def follow(self) -> None:
        """Take what there is and what comes, until the container has ended.

        Raises EngineError, RuntimeAwayError.
        """
        await self._read(follow=True)

    def halt(self) -> None:
        """Have `follow` return, between two commits."""
        self._halted.set()

    async def halted(self, seconds: float) -> None:
        """Wait until it is to halt, but no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._halted.wait()

    async def finish(self) -> None:
        """Take the rest of it, once the container has ended.

        Raises EngineError, RuntimeAwayError.
        """
        self._halted.clear()
        await self._read(follow=False)
        await self._commit([], flush=True)

    async def _read(self, *, follow: bool) -> None:
        self._assembler.rewind()
        since = self._assembler.since
        request = self._engine.stream(
            f"containers/{self._container_id}/logs",
            silence=None if follow else _LAST,
            stdout=1,
            stderr=1,
            timestamps=1,
            follow=int(follow),
            since=since,
            tail=self._tail if since is None else None,
        )
        async with (
            request as response,
            contextlib.aclosing(_records(response, tty=self._tty)) as batches,
        ):
            await self._take(batches)

    async def _take(self, batches: AsyncIterator[list[Record]]) -> None:
        """Commit each batch before the next is read: the engine waits, nothing piles up here."""
        coming = asyncio.ensure_future(anext(batches, None))
        halted = asyncio.ensure_future(self._halted.wait())
        try:
            while not self._halted.is_set():
                wait = _MOMENT if self._assembler.pending else None
                done, _ = await asyncio.wait(
                    [coming, halted], timeout=wait, return_when=asyncio.FIRST_COMPLETED
                )
                if coming in done:
                    batch = coming.result()
                    if batch is None:
                        return
                    await self._commit(batch)
                    coming = asyncio.ensure_future(anext(batches, None))
                elif not done:
                    await self._commit([], flush=True)
        finally:
            for waiting in (coming, halted):
                waiting.cancel()
            await asyncio.gather(coming, halted, return_exceptions=True)

    async def _commit(self, batch: list[Record], *, flush: bool = False) -> None:
        lines = self._assembler.feed(batch)
        if flush:
            lines += self._assembler.flush()
        if lines:
            await append_patiently(self._sink, blocks_of(lines), *self._assembler.places())


async def _records(response: "ClientResponse", *, tty: bool) -> AsyncGenerator[list[Record], None]:
    if tty:
        plain = PlainReader()
        async for data, _ in response.content.iter_chunks():
            yield plain.feed(data)
    else:
        frames = FrameReader()
        async for data in response.content.iter_any():
            yield frames.feed(data)
