"""Control groups (cgroup v2): what an environment may use, with all that it has started.

A server makes groups only where they are its own to make: in a control group that was delegated
to it (systemd's `Delegate=`), at the root of a container's, or at the root of a machine without
systemd. See the kernel's cgroup-v2 document, "Delegation" and "No Internal Process Constraint".
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from vibebox_tui.protocol.models import Environment

_WANTED: Final = frozenset({"cpu", "memory"})
"""The controllers without which there is no use in it."""

_PERIOD: Final = 100_000
"""Microseconds over which CPU time is counted, the kernel's own choice."""

_LEAST_QUOTA: Final = 1_000
"""Microseconds of a period, the least that the kernel takes."""

_MIB: Final = 1024 * 1024

_DELEGATED: Final = ("user.delegate", "trusted.delegate")
"""Extended attributes by which systemd says that a group has been delegated."""

_OURS: Final = "server"
"""The leaf that a container's processes are moved to, so that its root may have groups."""

_KILL_SECONDS: Final = 5.0
"""Time for the kernel to be rid of what was killed."""

_LOOK_SECONDS: Final = 0.01


class ControlGroup:
    """The group of one environment; it is there while something of that environment is."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self, environment: Environment) -> None:
        """Make it where it is missing, with the environment's limits. Raises OSError."""
        self.path.mkdir(exist_ok=True)
        cores, mebibytes = environment.cpu_limit, environment.memory_limit
        quota = "max" if cores is None else str(max(_LEAST_QUOTA, round(cores * _PERIOD)))
        self._write("cpu.max", f"{quota} {_PERIOD}")
        self._write("memory.max", "max" if mebibytes is None else str(mebibytes * _MIB))
        with contextlib.suppress(FileNotFoundError):  # a kernel that doesn't count swap
            self._write("memory.swap.max", "max" if mebibytes is None else "0")

    @property
    def killed_for_memory(self) -> int:
        """How many of its processes the kernel has killed because its memory was used up."""
        with contextlib.suppress(OSError, ValueError):
            for line in (self.path / "memory.events").read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
        return 0

    def leave(self) -> None:
        """Remove it, unless something still runs in it."""
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def end(self) -> None:
        """Kill whatever still runs in it, wherever that has hidden, and remove it. Blocks."""
        deadline = time.monotonic() + _KILL_SECONDS
        while self.path.exists() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self._write("cgroup.kill", "1")
            self.leave()
            if self.path.exists():
                time.sleep(_LOOK_SECONDS)

    def _write(self, name: str, text: str) -> None:
        # Not write_text: that would make a file which the kernel doesn't have.
        descriptor = os.open(self.path / name, os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


class ControlGroups:
    """The group below which a server has one for each of its environments."""

    def __init__(self, base: Path) -> None:
        self.base = base

    @classmethod
    def find(cls, mount: Path | None = None, own: str | None = None) -> Self | None:
        """The place for them, made ready; None where this process may make none.

        `mount` is where cgroup v2 is mounted and `own` the group of this process in it, as the
        system says.
        """
        mount = mount or _mount()
        own = own or _own()
        if mount is None or own is None:
            return None
        for base in _places(mount, own):
            if _makes_ready(base, is_root=base == mount):
                return cls(base)
        return None

    def of(self, environment_id: str) -> ControlGroup:
        """The group of an environment, whether or not it is there."""
        return ControlGroup(self.base / f"vibebox-{environment_id}")


def _places(mount: Path, own: str) -> Iterator[Path]:
    """Where groups of ours may be: beside our own, below it."""
    group = mount / own.lstrip("/")
    if group == mount:
        yield mount
        return
    yield from (place for place in (group.parent, group) if _is_delegated(place))
    if group.parent == mount and group.name == _OURS:
        yield mount  # where a server before this one has moved us to


def _is_delegated(group: Path) -> bool:
    with contextlib.suppress(OSError):
        if os.geteuid() and group.stat().st_uid == os.geteuid():
            return True
    for name in _DELEGATED:
        with contextlib.suppress(OSError, AttributeError):
            if os.getxattr(group, name) == b"1":
                return True
    return False


def _makes_ready(base: Path, *, is_root: bool) -> bool:
    """Have groups below `base` get their CPU and memory limited; whether they can."""
    try:
        if not set((base / "cgroup.controllers").read_text().split()) >= _WANTED:
            return False
        if not set((base / "cgroup.subtree_control").read_text().split()) >= _WANTED:
            _enable(base, is_root=is_root)
        probe = base / f"vibebox-probe-{os.getpid()}"
        probe.mkdir()
        usable = (probe / "cpu.max").exists() and (probe / "memory.max").exists()
        probe.rmdir()
    except OSError:
        return False
    return usable


def _enable(base: Path, *, is_root: bool) -> None:
    control = base / "cgroup.subtree_control"
    wanted = " ".join(f"+{name}" for name in sorted(_WANTED))
    try:
        control.write_text(wanted)
    except OSError:
        if not is_root:
            raise
        # A container's root, which may not have processes and groups at once.
        leaf = base / _OURS
        leaf.mkdir(exist_ok=True)
        for number in (base / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (leaf / "cgroup.procs").write_text(number)
        control.write_text(wanted)


def _mount() -> Path | None:
    """Where cgroup v2 is mounted."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            if after.split(" ", 1)[0] == "cgroup2":
                return Path(before.split(" ")[4])
    return None


def _own() -> str | None:
    """The path of our own group below the mount."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return line[3:]
    return None
