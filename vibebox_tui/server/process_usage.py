"""CPU and memory of a process and everything below it."""

import contextlib
import time
from pathlib import Path
from typing import Final

import psutil

from vibebox_tui.server.runtimes.base import Usage

_MIB: Final = 1024 * 1024

_GONE: Final = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)
"""What a process may answer that ends while it is being looked at, or isn't ours to see."""


class ProcessUsage:
    """Measures a process tree. CPU is what it used since the last look, so it takes two.

    A process that has ended between two looks counts too: its parent has its time then (on
    Linux; elsewhere the system doesn't say).
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._processes: dict[int, psutil.Process] = {}
        self._last: tuple[float, float] | None = None

    def measure(self) -> Usage:
        """CPU in percent of one core since the last call, and resident memory in MiB."""
        now = time.monotonic()
        seconds = resident = 0.0
        seen = 0
        for process in self._tree():
            with contextlib.suppress(*_GONE):
                times = process.cpu_times()
                seconds += times.user + times.system
                seconds += getattr(times, "children_user", 0.0)
                seconds += getattr(times, "children_system", 0.0)
                if process.pid != self._root:
                    resident += process.memory_info().rss
                    seen += 1
        cpu = self._rate(now, seconds)
        return Usage(cpu, round(resident / _MIB, 1) if seen else None)

    def _rate(self, now: float, seconds: float) -> float | None:
        last, self._last = self._last, (now, seconds)
        if last is None or now <= last[0]:
            return None
        return round(max(0.0, seconds - last[1]) / (now - last[0]) * 100, 1)

    def _tree(self) -> list[psutil.Process]:
        pids = [self._root, *_descendants(self._root)]
        self._processes = {
            pid: process
            for pid in pids
            if (process := self._processes.get(pid) or _process(pid)) is not None
        }
        return list(self._processes.values())


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except _GONE:
        return None


def _descendants(root: int) -> list[int]:
    """Every process below `root`; where Linux keeps lists of children, only these are read."""
    if not _children_file(root).exists():
        try:
            return [child.pid for child in psutil.Process(root).children(recursive=True)]
        except _GONE:
            return []
    found: list[int] = []
    waiting = [root]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    # Each thread has its own children.
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _children_file(pid: int) -> Path:
    return Path(f"/proc/{pid}/task/{pid}/children")
