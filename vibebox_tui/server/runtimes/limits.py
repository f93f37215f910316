"""How an environment's limits on CPU and memory are held, and what of them can't be."""

import math
import os
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.runtimes.control_groups import ControlGroup, ControlGroups

_MIB: Final = 1024 * 1024

_NO_GROUPS: Final = "this server can't make control groups (cgroup v2)"


class Held(NamedTuple):
    """What a process of an environment is started with.

    `rlimits` are pairs of a resource's number and a bound, `cpus` the only ones it may run on
    (empty: all); `group` is its control group.
    """

    rlimits: list[tuple[int, int]]
    cpus: list[int]
    group: ControlGroup | None

    @property
    def directory(self) -> str:
        """The control group's, empty where there is none."""
        return "" if self.group is None else str(self.group.path)


class Limits:
    """Holds limits by control groups where there are such, else as far as it goes.

    Without them memory is bounded for each process by itself (RLIMIT_DATA), and CPU by the number
    of cores that it may run on.
    """

    def __init__(self, groups: ControlGroups | None, cores: Sequence[int] | None = None) -> None:
        self._groups = groups
        self._cores = _cores() if cores is None else sorted(cores)
        self._pinned: dict[str, list[int]] = {}

    @classmethod
    def find(cls) -> Self:
        """What this machine lets us do."""
        return cls(ControlGroups.find())

    def without_groups(self) -> "Limits":
        """What can be held by a keeper from before there were groups."""
        return Limits(None, cores=())

    def group(self, environment_id: str) -> ControlGroup | None:
        """The control group of an environment, where there are any."""
        return None if self._groups is None else self._groups.of(environment_id)

    def hold(self, environment: Environment) -> Held:
        """Prepare what holds an environment's limits. Raises OSError."""
        group = self.group(environment.id)
        if group is not None:
            group.prepare(environment)
            return Held([], [], group)
        return Held(_rlimits(environment), self._cpus(environment), None)

    def forget(self, environment_id: str) -> None:
        """Nothing of it runs any more."""
        self._pinned.pop(environment_id, None)
        group = self.group(environment_id)
        if group is not None:
            group.leave()

    def note(self, environment: Environment) -> str | None:
        """What of an environment's limits isn't held here, as a sentence; None: all of them are."""
        if self._groups is not None:
            return None
        said = [*_memory_note(environment), *self._cpu_note(environment)]
        return f"{'; '.join(said)}: {_NO_GROUPS}" if said else None

    # --- helpers

    def _cpus(self, environment: Environment) -> list[int]:
        """As many cores as its limit has, those that the fewest others are bound to."""
        pinned = self._pinned.pop(environment.id, [])
        cores = environment.cpu_limit
        if cores is None or math.ceil(cores) >= len(self._cores):
            return []
        if len(pinned) != math.ceil(cores):
            taken = Counter(cpu for cpus in self._pinned.values() for cpu in cpus)
            freest = sorted(self._cores, key=lambda cpu: (taken[cpu], cpu))
            pinned = sorted(freest[: math.ceil(cores)])
        self._pinned[environment.id] = pinned
        return pinned

    def _cpu_note(self, environment: Environment) -> list[str]:
        cores = environment.cpu_limit
        if cores is None:
            return []
        there = len(self._cores)
        if not there:
            return ["the CPU limit isn't held"]
        if cores >= there or cores == math.ceil(cores):
            return []
        most = min(math.ceil(cores), there)
        return [f"CPU is limited to {most} {'core' if most == 1 else 'cores'}, not {cores:g}"]


def _rlimits(environment: Environment) -> list[tuple[int, int]]:
    if environment.memory_limit is None:
        return []
    # Not RLIMIT_AS: node, Java and Go reserve far more address space than they use.
    return [(resource.RLIMIT_DATA, environment.memory_limit * _MIB)]


def _memory_note(environment: Environment) -> list[str]:
    if environment.memory_limit is None:
        return []
    if sys.platform != "linux":
        return ["the memory limit isn't held"]
    return ["memory is limited for each process, not for all of them together"]


def _cores() -> list[int]:
    """The cores that we may run on; none where the system has no way to say."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return []
