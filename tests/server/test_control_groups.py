"""What holds an environment's limits, on this machine as far as it lets us."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.inside import Inside
from tests.support import wait_for
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.runtimes.control_groups import ControlGroup, ControlGroups
from vibebox_tui.server.runtimes.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def with_limits(cores: float | None = None, mebibytes: int | None = None) -> Environment:
    return Environment("an-id", "a name", cpu_limit=cores, memory_limit=mebibytes)


# --- where groups may be -------------------------------------------------------------------


def hierarchy(path: Path, controllers: str = "cpu memory pids") -> Path:
    """A directory with the files of a control group that are read before one is made."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "cgroup.controllers").write_text(controllers)
    (path / "cgroup.subtree_control").write_text("")
    (path / "cgroup.procs").write_text("")
    return path


@pytest.mark.parametrize("own", ["/", "/user.slice/session-2.scope", "/system.slice/x.service"])
def test_without_controllers_there_are_no_groups(tmp_path: Path, own: str) -> None:
    hierarchy(tmp_path, controllers="hugetlb")
    hierarchy(tmp_path / own.lstrip("/"), controllers="hugetlb")
    assert ControlGroups.find(tmp_path, own) is None


def test_what_was_not_delegated_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    service = hierarchy(tmp_path / "system.slice/x.service")
    assert ControlGroups.find(tmp_path, "/system.slice/x.service") is None
    assert (service / "cgroup.subtree_control").read_text() == ""
    assert [path.name for path in service.iterdir() if path.is_dir()] == []


TWO_EATERS = """
import subprocess, sys
eater = [sys.executable, "-c", "x = bytearray(60 << 20); import time; time.sleep(5)"]
both = [subprocess.Popen(eater), subprocess.Popen(eater)]
sys.exit(max(abs(each.wait()) for each in both))
"""
"""Each of the two stays below 100 MiB, and both together don't."""


# --- groups of this machine ----------------------------------------------------------------


@pytest.fixture(scope="session")
def groups() -> ControlGroups:
    found = ControlGroups.find()
    if found is None:
        pytest.skip("no control groups (cgroup v2) can be made here")
    return found


@pytest.fixture
def group(groups: ControlGroups) -> ControlGroup:
    return groups.of(f"test-{os.getpid()}")


def test_a_group_has_its_environments_limits(group: ControlGroup) -> None:
    group.prepare(with_limits(1.5, 64))
    assert (group.path / "cpu.max").read_text().split() == ["150000", "100000"]
    assert int((group.path / "memory.max").read_text()) == 64 * 2**20
    group.prepare(with_limits())
    assert (group.path / "cpu.max").read_text().split()[0] == "max"
    assert (group.path / "memory.max").read_text().strip() == "max"
    group.leave()
    assert not group.path.exists()


def test_a_group_ends_whoever_is_in_it(group: ControlGroup) -> None:
    group.prepare(with_limits())
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    (group.path / "cgroup.procs").write_text(str(child.pid))
    group.leave()
    assert group.path.exists(), "somebody is in it"
    group.end()
    assert child.wait(10) == -9
    assert not group.path.exists()


async def test_memory_is_limited_for_all_processes_together(
    groups: ControlGroups, inside: Inside
) -> None:
    environment = await inside.create(sys.executable, "-c", TWO_EATERS, memory_limit=100)
    await inside.environments.start(environment.id)
    ended = await inside.status(environment, "error")
    assert "out of memory" in (ended.last_error or "")
    assert ended.limits_note is None


async def test_cpu_is_limited_to_a_part_of_a_core(groups: ControlGroups, inside: Inside) -> None:
    environment = await inside.start("while :; do :; done & while :; do :; done", cpu_limit=0.2)
    stat = groups.of(environment.id).path / "cpu.stat"
    await wait_for(lambda: counted(stat, "nr_periods") >= 20)
    used = counted(stat, "usage_usec") / counted(stat, "nr_periods") / 100_000
    assert used <= 0.3
    assert counted(stat, "nr_throttled") > 0


def counted(stat: Path, name: str) -> int:
    return int(dict(line.split() for line in stat.read_text().splitlines())[name])


async def test_terminals_are_under_the_same_limits(groups: ControlGroups, inside: Inside) -> None:
    environment = await inside.start("exec sleep 1000", memory_limit=100)
    session = await inside.session(environment)
    procs = groups.of(environment.id).path / "cgroup.procs"
    assert str(session.pid) in procs.read_text().split()
    await inside.environments.delete(environment.id)
    assert not procs.exists()


# --- without groups ------------------------------------------------------------------------


def test_what_cant_be_held_is_said() -> None:
    limits = Limits(None, cores=range(4))
    assert limits.note(with_limits()) is None
    assert limits.note(with_limits(cores=2)) is None
    said = "CPU is limited to 2 cores, not 1.5: this server can't make control groups (cgroup v2)"
    assert limits.note(with_limits(cores=1.5)) == said
    assert "for each process" in (limits.note(with_limits(mebibytes=64)) or "")
    assert "CPU limit isn't held" in (Limits(None, cores=()).note(with_limits(cores=1)) or "")


def test_environments_are_spread_over_the_cores() -> None:
    limits = Limits(None, cores=range(4))
    first = limits.hold(Environment("1", "1", cpu_limit=2)).cpus
    second = limits.hold(Environment("2", "2", cpu_limit=1.5)).cpus
    assert (first, second) == ([0, 1], [2, 3])
    assert limits.hold(Environment("1", "1", cpu_limit=2)).cpus == first, "it stays where it was"
    limits.forget("1")
    assert limits.hold(Environment("3", "3", cpu_limit=1)).cpus == [0]
    assert limits.hold(Environment("4", "4", cpu_limit=8)).cpus == []


async def test_cores_are_limited_where_there_are_no_groups(inside: Inside) -> None:
    inside.runtime._limits = Limits(None)
    environment = await inside.start("nproc; exec sleep 1000", cpu_limit=0.5, memory_limit=100)
    await inside.logs("1")
    session = await inside.session(environment)
    assert len(os.sched_getaffinity(session.pid or 0)) == 1
    note = inside.environments.get(environment.id).limits_note or ""
    assert "for each process" in note
    assert "1 core, not 0.5" in note or os.cpu_count() == 1
