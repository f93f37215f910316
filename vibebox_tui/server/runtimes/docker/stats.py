"""CPU, memory and I/O of one container, from one stream of the engine's samples."""

import asyncio
import contextlib
from typing import Final

from vibebox_tui.server.errors import EngineError
from vibebox_tui.server.runtimes.base import Usage
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.moments import nanoseconds
from vibebox_tui.server.runtimes.docker.wire import MemoryStats, Stats

_MIB: Final = 1024 * 1024

_AGAIN: Final = 1.0
"""Seconds until a stream that has ended is asked for again."""

_PAGE_CACHE: Final = ("total_inactive_file", "inactive_file")
"""What the docker command takes off the memory in use: control groups of version 1, version 2."""


class ContainerStats:
    """Follows a container's samples; `usage` is the newest one."""

    def __init__(self, engine: Engine, container_id: str) -> None:
        self._engine = engine
        self._path = f"containers/{container_id}/stats"
        self.usage = Usage(None, None)

    async def follow(self) -> None:
        """Follow until cancelled. Raises RuntimeAwayError."""
        before: Stats | None = None
        while True:
            with contextlib.suppress(EngineError):
                async with contextlib.aclosing(
                    self._engine.lines(self._path, Stats, stream=1)
                ) as samples:
                    async for sample in samples:
                        self.usage = usage(sample, before)
                        before = sample
            await asyncio.sleep(_AGAIN)


def usage(sample: Stats, before: Stats | None) -> Usage:
    """What a sample says; CPU is what was used since the one before, in percent of one core."""
    networks = (sample.networks or {}).values()
    block = (sample.blkio_stats.io_service_bytes_recursive or []) if sample.blkio_stats else []
    moved = {"read": 0, "write": 0}
    for entry in block:
        moved[entry.op.lower()] = moved.get(entry.op.lower(), 0) + entry.value
    return Usage(
        cpu=_cpu(sample, before),
        memory=_memory(sample.memory_stats),
        network_received=sum(network.rx_bytes for network in networks),
        network_sent=sum(network.tx_bytes for network in networks),
        block_read=moved["read"],
        block_written=moved["write"],
    )


def _cpu(sample: Stats, before: Stats | None) -> float | None:
    now = nanoseconds(sample.read)
    then = nanoseconds(before.read) if before is not None else None
    if before is None or now is None or then is None or now <= then:
        return None
    used = sample.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage
    return round(max(0, used) / (now - then) * 100, 1)


def _memory(memory: MemoryStats) -> float | None:
    """MiB without the page cache, as the docker command shows it."""
    if memory.usage is None:
        return None
    figures = memory.stats or {}
    cache = next((figures[name] for name in _PAGE_CACHE if name in figures), 0)
    used = memory.usage - cache if cache < memory.usage else memory.usage
    return round(used / _MIB, 1)
