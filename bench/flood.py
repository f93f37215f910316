"""What a flood in a terminal costs everything else: keys, Ctrl+C, memory.

The dashboard runs at 120x40 in a PTY. In a shell of an environment `yes` runs, then `cat` of a
file of 100 MB. Meanwhile letters are typed into the filter of the list of environments: the time
is from the byte to the cell. Then Ctrl+C, and the time until the prompt is there; last, how much
memory the dashboard has gained.

    python bench/flood.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import psutil
from harness import PROMPT, VIBEBOX, Dashboard, Goal, environments, percentile, report

KEY_MS: Final = 50.0
"""p99 of a key in another pane, in milliseconds."""

INTERRUPT_MS: Final = 200.0
"""From Ctrl+C to the prompt, in milliseconds."""

MEMORY_MIB: Final = 64.0
"""What a flood may add to the dashboard: 8 MiB of scrollback, caches, what is on its way."""

FILE_BYTES: Final = 100_000_000

TYPED: Final = "bench"
"""What the filter is given, again and again: every environment's name has it."""


class Flood(NamedTuple):
    """Milliseconds of each key elsewhere, of the interrupt, and MiB gained."""

    keys: list[float]
    interrupt: float
    memory: float


def main() -> int:
    arguments = argparse.ArgumentParser(description="What a flood costs.")
    arguments.add_argument("--quick", action="store_true", help="50 keys in place of 250")
    keys = 50 if arguments.parse_args().quick else 250
    with environments(("sleep", "100000")) as variables:
        file = Path(variables["HOME"]) / "log.txt"
        write_log(file)
        floods = {
            "yes": measure(variables, "yes", keys),
            "cat": measure(variables, f"while cat {file}; do :; done", keys),
        }
    goals = []
    for name, flood in floods.items():
        goals += [
            Goal(f"{name}: a key elsewhere, p99", percentile(flood.keys, 99), KEY_MS, "ms"),
            Goal(f"{name}: prompt after Ctrl+C", flood.interrupt, INTERRUPT_MS, "ms"),
            Goal(f"{name}: memory gained", flood.memory, MEMORY_MIB, "MiB"),
        ]
    return report(goals, keys=keys)


def write_log(file: Path) -> None:
    """A file like a log, of the size that is to be printed."""
    lines = "".join(
        f"2026-01-01T00:00:{number % 60:02}Z \x1b[32mINFO\x1b[0m request {number} took 3 ms\n"
        for number in range(10_000)
    )
    with file.open("w") as out:
        for _ in range(FILE_BYTES // len(lines)):
            out.write(lines)


def measure(variables: dict[str, str], command: str, keys: int) -> Flood:
    """Run `command` in a shell, type elsewhere, interrupt it."""
    with Dashboard(VIBEBOX, variables) as dashboard:
        dashboard.open_shell()
        before = memory(dashboard)
        dashboard.type(f"{command}\r")
        dashboard.read_for(2.0)
        dashboard.type("\x1dq")
        dashboard.read_for(0.2)
        times = type_elsewhere(dashboard, keys)
        return Flood(times, interrupt(dashboard), memory(dashboard) - before)


def type_elsewhere(dashboard: Dashboard, keys: int) -> list[float]:
    """Type into the list's filter while the flood goes on; the milliseconds of each key."""
    for pane in ("f follow", "Enter open"):
        dashboard.type("\x1b[Z")
        dashboard.until(pane)
    dashboard.type("/")
    dashboard.read_for(0.3)
    times: list[float] = []
    while len(times) < keys:
        times += [timed(dashboard, key, TYPED[: at + 1]) for at, key in enumerate(TYPED)]
        dashboard.type("\x7f" * len(TYPED))
        dashboard.read_for(0.1)
    return times


def timed(dashboard: Dashboard, key: str, shown: str) -> float:
    """Type `key` and wait until the filter shows `shown`; in milliseconds."""
    began = time.monotonic()
    dashboard.type(key)
    at = dashboard.until_shown(lambda rows: any(row.startswith(f"│ {shown} ") for row in rows))
    dashboard.read_for(0.02)
    return (at - began) * 1000


def interrupt(dashboard: Dashboard) -> float:
    """Go back into the terminal and press Ctrl+C; milliseconds until the prompt is there."""
    dashboard.type("\x1b")
    dashboard.read_for(0.3)
    dashboard.type("t")
    dashboard.read_for(0.3)
    dashboard.type("\r")
    dashboard.until("captured")
    began = time.monotonic()
    dashboard.type("\x03")
    at = dashboard.until_shown(lambda rows: any(PROMPT in row for row in rows[-8:]))
    return (at - began) * 1000


def memory(dashboard: Dashboard) -> float:
    """Resident memory of the dashboard, in MiB."""
    return psutil.Process(dashboard.process).memory_info().rss / 1024**2


if __name__ == "__main__":
    sys.exit(main())
