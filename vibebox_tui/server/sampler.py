"""CPU and memory of what runs: a sample every two seconds, and those of the last minutes."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from vibebox_tui.protocol.models import Sample
from vibebox_tui.server.runtimes.base import Run, Usage
from vibebox_tui.server.times import now_ms

_FIRST_INTERVAL: Final = 0.5
"""Seconds to the second sample: CPU takes two, and nobody should wait for it."""

_HISTORY: Final = 300
"""Samples kept of each environment: ten minutes."""

_UNKNOWN: Final = Usage(None, None)

_log = logging.getLogger(__name__)


class Sampler:
    """Samples each running environment, and calls back after every sample."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._latest: dict[str, Usage] = {}
        self._history: dict[str, deque[Sample]] = {}

    def watch(self, environment_id: str, run: Run, sampled: Callable[[], None]) -> None:
        """Begin to sample a run."""
        self._tasks[environment_id] = asyncio.create_task(
            self._sample(environment_id, run, sampled), name="samples of an environment"
        )

    async def forget(self, environment_id: str) -> None:
        """Stop sampling: what doesn't run uses nothing that could be known. History stays."""
        self._latest.pop(environment_id, None)
        task = self._tasks.pop(environment_id, None)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def drop(self, environment_id: str) -> None:
        """Forget the history too."""
        self._history.pop(environment_id, None)

    def latest(self, environment_id: str) -> Usage:
        """The newest sample; what isn't known is None."""
        return self._latest.get(environment_id, _UNKNOWN)

    def history(self, environment_id: str) -> list[Sample]:
        """The samples of the last minutes, oldest first."""
        return list(self._history.get(environment_id, ()))

    async def _sample(self, environment_id: str, run: Run, sampled: Callable[[], None]) -> None:
        history = self._history.setdefault(environment_id, deque(maxlen=_HISTORY))
        pause = _FIRST_INTERVAL
        while True:
            try:
                usage = await run.usage()
            except Exception:
                _log.exception("no sample of environment %s", environment_id)
                usage = _UNKNOWN
            self._latest[environment_id] = usage
            if usage != _UNKNOWN:
                history.append(Sample(now_ms(), usage.cpu, usage.memory))
            sampled()
            await asyncio.sleep(pause)
            pause = self._interval
