"""Capture: a stream of an environment's output becomes committed lines."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from vibebox_tui.protocol.messages import Stream
from vibebox_tui.server.errors import StoreError
from vibebox_tui.server.lines import LineSplitter
from vibebox_tui.server.log_block import LogBlock
from vibebox_tui.server.records import CapturePosition
from vibebox_tui.server.runtimes.base import LogSink
from vibebox_tui.server.times import now_ms

_MOMENT: Final = 0.25
"""Seconds after which a piece of a line is given out without its end, as for a prompt."""

_GATHER: Final = 0.012
"""Seconds from one commit to the next while little comes: a commit costs as much as the lines of
this time, and who watches sees them on the next tick of the server's writers anyway."""

_ENOUGH: Final = 32 * 1024
"""Bytes that are worth a commit of their own."""

_COMMIT: Final = 128 * 1024
"""Bytes in one commit at most: about so much is then encoded and sent in one go."""

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
        self._arrived: deque[bytes] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._committed_at = -_GATHER
        self._loop = asyncio.get_running_loop()
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
            self._waiting += len(data)
            self._wake_up()

    async def finish(self) -> None:
        """Nothing more will come: commit the rest."""
        self._finished = True
        self._wake.set()
        await self._task

    async def close(self) -> None:
        """Stop where it is; what isn't committed is still with the keeper."""
        if self._timer is not None:
            self._timer.cancel()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    # --- helpers

    def _wake_up(self) -> None:
        """Commit at once after a quiet moment or where much has come, else with what follows."""
        wait = self._committed_at + _GATHER - self._loop.time()
        if wait <= 0 or self._waiting >= _ENOUGH:
            self._wake.set()
        elif self._timer is None:
            self._timer = self._loop.call_later(wait, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        if self._waiting:
            self._wake.set()

    async def _work(self) -> None:
        while not (self._finished and not self._arrived):
            in_time = await self._wait()
            lines = self._splitter.feed(self._take())
            if not in_time:
                lines += self._splitter.flush()
            await self._commit(lines)
        await self._commit(self._splitter.finish())

    async def _wait(self) -> bool:
        """Wait for output; False when a piece of a line has waited for its end long enough."""
        if self._waiting >= _ENOUGH or self._finished:
            return True
        self._wake.clear()
        if self._waiting:
            self._wake_up()
        try:
            async with asyncio.timeout(_MOMENT if self._splitter.pending else None):
                await self._wake.wait()
        except TimeoutError:
            return bool(self._waiting)
        return True

    def _take(self) -> bytes:
        """What has come, of much the first."""
        pieces = []
        size = 0
        while self._arrived and size < _COMMIT:
            pieces.append(self._arrived.popleft())
            size += len(pieces[-1])
        self._waiting -= size
        return b"".join(pieces)

    async def _commit(self, lines: list[str]) -> None:
        position = self._splitter.position
        self._committed_at = self._loop.time()
        if lines:
            place = CapturePosition(self._run, self._stream, position, self._splitter.cut)
            block = LogBlock.of(now_ms(), self._stream, lines)
            await append_patiently(self._sink, [block], place)
        self._acknowledge(position)


async def append_patiently(
    sink: LogSink, blocks: Sequence[LogBlock], *positions: CapturePosition
) -> None:
    """Commit the lines, however often the store has to be asked."""
    while True:
        try:
            await sink.append(blocks, *positions)
        except StoreError as error:
            _log.error("output of an environment waits: %s", error)
            await asyncio.sleep(_RETRY)
        else:
            return
