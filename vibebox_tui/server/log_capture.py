"""Capture: a stream of an environment's output becomes committed lines."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

from vibebox_tui.protocol.messages import Stream
from vibebox_tui.server.errors import StoreError
from vibebox_tui.server.lines import LineSplitter
from vibebox_tui.server.records import CapturePosition, LogLine
from vibebox_tui.server.runtimes.base import LogSink
from vibebox_tui.server.times import now_ms

_MOMENT: Final = 0.25
"""Seconds after which a piece of a line is given out without its end, as for a prompt."""

_RETRY: Final = 1.0
"""Seconds between attempts while the store refuses; meanwhile the child waits, nothing is lost."""

_log = logging.getLogger(__name__)


class LogCapture:
    """Takes one stream of a run into the log, from where it was committed before.

    What is fed and not committed is bounded by who feeds: nothing more comes before
    `acknowledge(position)`, which says that everything before `position` is committed.
    """

    def __init__(
        self,
        sink: LogSink,
        run: str,
        stream: Stream,
        acknowledge: Callable[[int], None],
        resume: CapturePosition | None = None,
    ) -> None:
        position, cut = (resume.position, resume.cut) if resume else (0, False)
        self._sink = sink
        self._run = run
        self._stream = stream
        self._acknowledge = acknowledge
        self._splitter = LineSplitter(position, cut)
        self._fed = position
        self._arrived: list[bytes] = []
        self._wake = asyncio.Event()
        self._finished = False
        self._task = asyncio.create_task(self._work(), name=f"capture of {stream}")

    def feed(self, data: bytes, position: int) -> None:
        """Take output whose first byte is number `position`; what is known already is skipped."""
        known = self._fed - position
        if known > 0:
            data = data[known:]
        elif known < 0:  # the rest of a cut line, which was acknowledged without being a line
            self._fed = position
            self._splitter.position = position
        if data:
            self._fed += len(data)
            self._arrived.append(data)
            self._wake.set()

    async def finish(self) -> None:
        """Nothing more will come: commit the rest."""
        self._finished = True
        self._wake.set()
        await self._task

    async def close(self) -> None:
        """Stop where it is; what isn't committed is still with the keeper."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _work(self) -> None:
        while not (self._finished and not self._arrived):
            in_time = await self._wait()
            self._wake.clear()
            arrived = b"".join(self._arrived)
            self._arrived.clear()
            lines = self._splitter.feed(arrived) if arrived else []
            if not in_time:
                lines += self._splitter.flush()
            await self._commit(lines)
        await self._commit(self._splitter.finish())

    async def _wait(self) -> bool:
        """Wait for output; False when a piece of a line has waited for its end long enough."""
        if self._arrived or self._finished:
            return True
        try:
            async with asyncio.timeout(_MOMENT if self._splitter.pending else None):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True

    async def _commit(self, lines: list[str]) -> None:
        position = self._splitter.position
        if lines:
            time = now_ms()
            place = CapturePosition(self._run, self._stream, position, self._splitter.cut)
            entries = [LogLine(time, self._stream, line) for line in lines]
            await append_patiently(self._sink, entries, place)
        self._acknowledge(position)


async def append_patiently(
    sink: LogSink, lines: Sequence[LogLine], *positions: CapturePosition
) -> None:
    """Commit the lines, however often the store has to be asked."""
    while True:
        try:
            await sink.append(lines, *positions)
        except StoreError as error:
            _log.error("output of an environment waits: %s", error)
            await asyncio.sleep(_RETRY)
        else:
            return
