"""One life of a local environment."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from vibebox_tui.protocol.messages import Stream
from vibebox_tui.server.keeper.child import STDERR, STDOUT
from vibebox_tui.server.kept_child import KeptChild
from vibebox_tui.server.log_capture import LogCapture
from vibebox_tui.server.process_usage import ProcessUsage
from vibebox_tui.server.records import CapturePosition
from vibebox_tui.server.runtimes.base import Exit, LogSink, Usage
from vibebox_tui.server.runtimes.control_groups import ControlGroup
from vibebox_tui.server.times import iso_now, iso_time

_STREAMS: Final[Mapping[int, Stream]] = {STDOUT: "stdout", STDERR: "stderr"}

_FORCED: Final = 10.0
"""Seconds in which the kernel has to be rid of what got SIGKILL."""


class LocalRun:
    """A command under the keeper, from its start to the last line that it wrote."""

    container_id = None

    def __init__(
        self,
        log: LogSink,
        run_id: str,
        resume: Sequence[CapturePosition] = (),
        *,
        group: ControlGroup | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.started_at = iso_now()
        self._group = group
        self._killed_before = 0 if group is None else group.killed_for_memory
        self._ended = ended
        known = {position.stream: position for position in resume}
        self._child: KeptChild | None = None
        self._usage: ProcessUsage | None = None
        self._end: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._finishing: asyncio.Task[None] | None = None
        self._captures = {
            number: LogCapture(
                log, run_id, stream, partial(self._acknowledge, number), known.get(stream)
            )
            for number, stream in _STREAMS.items()
        }
        self.positions = {
            number: known[stream].position for number, stream in _STREAMS.items() if stream in known
        }

    async def leave(self) -> None:
        """Let go of it: what isn't committed stays with the keeper."""
        if self._finishing is not None:
            self._finishing.cancel()
        for capture in self._captures.values():
            await capture.close()

    async def wait(self) -> Exit:
        """Wait for its end, and for all of its output to be committed."""
        return await asyncio.shield(self._end)

    async def stop(self, grace: float) -> None:
        """SIGTERM to all of it; SIGKILL to what is left after `grace` seconds."""
        if self._child is None:
            return
        self._child.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self.wait()
        except TimeoutError:
            self._child.signal(signal.SIGKILL)
            async with asyncio.timeout(_FORCED):
                await self.wait()

    async def usage(self) -> Usage:
        """CPU and memory of the whole process tree."""
        if self._usage is None or self._end.done():
            return Usage(None, None)
        return await asyncio.to_thread(self._usage.measure)

    # --- ChildListener

    def started(self, child: KeptChild) -> None:
        self._child = child
        self._usage = ProcessUsage(child.root)
        if child.started_at is not None:
            self.started_at = iso_time(int(child.started_at * 1000))

    def output(self, stream: int, data: bytes, position: int) -> None:
        self._captures[stream].feed(data, position)

    def exited(self, code: int | None) -> None:
        self._finish(Exit(code, describe(code) + self._out_of_memory(code)))

    def lost(self) -> None:
        self._finish(Exit(None, "the keeper, which owned its processes, has gone"))

    # --- helpers

    def _out_of_memory(self, code: int | None) -> str:
        """What there is to add of a command that has failed at its memory limit."""
        killed = 0 if self._group is None else self._group.killed_for_memory - self._killed_before
        if code == 0 or killed <= 0:
            return ""
        who = "one of its processes" if killed == 1 else f"{killed} of its processes"
        return f": out of memory, {who} came to its limit"

    def _finish(self, end: Exit) -> None:
        if self._finishing is None:
            self._finishing = asyncio.create_task(self._drain(end), name="last lines of a run")

    async def _drain(self, end: Exit) -> None:
        for capture in self._captures.values():
            await capture.finish()
        if self._child is not None:
            self._child.forget()
        self._ended()
        if not self._end.done():
            self._end.set_result(end)

    def _acknowledge(self, number: int, position: int) -> None:
        if self._child is not None:
            self._child.acknowledge(number, position)


def describe(code: int | None) -> str:
    """An exit code for people."""
    if code is None:
        return "ended in an unknown way"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
