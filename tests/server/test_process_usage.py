"""CPU and memory of process trees, held against what the kernel has counted."""

import subprocess
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.support import wait_for_sync
from vibebox_tui.server.process_usage import ProcessUsage

StartTree = Callable[[str], psutil.Process]


@pytest.fixture
def start_tree() -> Iterator[StartTree]:
    """Starts a shell script; all of it is ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str) -> psutil.Process:
        started.append(subprocess.Popen(["sh", "-c", script]))
        return psutil.Process(started[-1].pid)

    yield start
    for root in started:
        for process in psutil.Process(root.pid).children(recursive=True):
            process.kill()
        root.kill()
        root.wait()


def seconds_of(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def test_the_first_look_knows_no_cpu(start_tree: StartTree) -> None:
    root = start_tree("sleep 100; :")
    usage = ProcessUsage(root.pid)
    wait_for_sync(lambda: root.children())
    first = usage.measure()
    assert first.cpu is None
    assert first.memory is not None


def test_counts_everything_below_the_root(start_tree: StartTree) -> None:
    busy = "while :; do :; done"
    root = start_tree(f"sh -c '{busy}' & sh -c '{busy}' & wait")
    wait_for_sync(lambda: len(root.children()) == 2)
    tree = [root, *root.children()]
    usage = ProcessUsage(root.pid)
    usage.measure()
    began, spent = time.monotonic(), seconds_of(tree)
    wait_for_sync(lambda: seconds_of(tree) - spent > 1.0)
    cpu = usage.measure().cpu
    assert cpu is not None
    # However many cores were free: the share that the kernel says these had.
    expected = (seconds_of(tree) - spent) / (time.monotonic() - began) * 100
    assert cpu == pytest.approx(expected, rel=0.15)


def test_processes_that_came_and_went_between_two_looks_count(start_tree: StartTree) -> None:
    root = start_tree("while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done")
    usage = ProcessUsage(root.pid)
    usage.measure()
    began, spent = time.monotonic(), sum(root.cpu_times()[:4])
    wait_for_sync(lambda: sum(root.cpu_times()[:4]) - spent > 1.0)
    cpu = usage.measure().cpu
    assert cpu is not None
    assert cpu > 80.0 / (time.monotonic() - began)


def test_what_has_ended_uses_nothing_known(start_tree: StartTree) -> None:
    root = start_tree("exit 0")
    usage = ProcessUsage(root.pid)
    wait_for_sync(lambda: root.status() == psutil.STATUS_ZOMBIE)
    assert usage.measure().memory is None
