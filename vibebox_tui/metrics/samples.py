"""CPU and memory of one environment over time, from pushed states and fetched histories."""

from collections.abc import Iterable

from vibebox_tui.metrics.window import DEFAULT_SPAN, Window
from vibebox_tui.protocol.messages import EnvironmentStatus
from vibebox_tui.protocol.models import EnvironmentStats, Sample


class Usage:
    """What an environment uses: CPU in percent of one core, memory in MiB, and their limits.

    `cpu_limit` is in cores, `memory_limit` in MiB; None is "no limit known". `seen_at` is when
    the newest state was received (seconds since the epoch).
    """

    def __init__(
        self,
        *,
        cpu_limit: float | None = None,
        memory_limit: int | None = None,
        span: float = DEFAULT_SPAN,
    ) -> None:
        self.cpu = Window(span)
        self.memory = Window(span)
        self.cpu_limit = cpu_limit
        self.memory_limit = memory_limit
        self.seen_at: float | None = None
        self._status: EnvironmentStatus | None = None

    def take_status(self, status: EnvironmentStatus, at: float) -> None:
        """Add what `status`, received at `at` (seconds since the epoch), says of the usage."""
        self._status, self.seen_at = status, at
        self.cpu.add(at, status.cpu_usage)
        self.memory.add(at, status.memory_usage)

    def take_stats(self, stats: EnvironmentStats) -> None:
        """Add the recent history and the limits that the server knows."""
        self.cpu_limit = stats.cpu_limit
        self.memory_limit = stats.memory_limit
        self.take_samples(stats.history)

    def take_samples(self, samples: Iterable[Sample]) -> None:
        """Add samples, in whatever order."""
        for sample in samples:
            self.cpu.add(sample.timestamp / 1000, sample.cpu_usage)
            self.memory.add(sample.timestamp / 1000, sample.memory_usage)

    @property
    def is_running(self) -> bool:
        """Whether the newest state says that it runs; only then values can grow old."""
        return self._status is not None and self._status.status == "running"

    @property
    def present_cpu(self) -> float | None:
        """CPU as the newest state has it; None where that doesn't know it."""
        return self._status.cpu_usage if self._status else None

    @property
    def present_memory(self) -> float | None:
        """Memory as the newest state has it; None where that doesn't know it."""
        return self._status.memory_usage if self._status else None

    @property
    def cpu_top(self) -> float:
        """The CPU percentage of a full bar: the limit, else whole cores enough for the peak."""
        if self.cpu_limit:
            return self.cpu_limit * 100
        cores = -(-(self.cpu.peak() or 0.0) // 100)
        return max(1.0, cores) * 100

    @property
    def memory_top(self) -> float:
        """The MiB of a full bar: the limit, else the peak with a quarter of room above it."""
        if self.memory_limit:
            return float(self.memory_limit)
        return (self.memory.peak() or 0.0) * 1.25 or 1.0
