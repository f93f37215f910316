"""How long a key takes from the dashboard's input to the cell of its echo on its output.

The dashboard runs at 120x40 in a PTY, a shell of an environment in one pane, its log beside it and
the list with CPU and memory. Keys are typed into the quiet shell, one after the other; the time is
from writing the byte to having read the bytes that draw it. Then the same while ten environments
write 2,000 log lines a second each.

    python bench/echo.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import random
import sys
import time
from typing import Final, NamedTuple

from harness import PROMPT, VIBEBOX, Dashboard, Goal, environments, percentile, report

MEDIAN_MS: Final = 8.0
SLOWEST_MS: Final = 20.0
"""p50 and p99 of an echo into a quiet terminal, in milliseconds."""

BUSY_SLOWEST_MS: Final = 60.0
"""p99 while ten environments write 2,000 lines a second each, in milliseconds."""

BYTES: Final = 300
"""Bytes written for a key, the median: the clock and the metrics write some now and then."""

LINES_PER_SECOND: Final = 2_000
BUSY_ENVIRONMENTS: Final = 10

LONGEST_LINE: Final = 20
"""Characters typed until the line is cleared, so that it never wraps."""

QUIET: Final = ("sleep", "100000")
BUSY: Final = (
    sys.executable,
    "-uc",
    "import itertools, time\n"
    "began = time.monotonic()\n"
    "for number in itertools.count():\n"
    f"    time.sleep(max(0, began + number / {LINES_PER_SECOND // 20} - time.monotonic()))\n"
    "    for line in range(20):\n"
    "        print(f'2026-01-01T00:00:00Z INFO request {number}.{line} served in 3 ms')\n",
)


class Echoes(NamedTuple):
    """Milliseconds and bytes of each key."""

    milliseconds: list[float]
    written: list[float]


def main() -> int:
    arguments = argparse.ArgumentParser(description="Time and bytes of an echo.")
    arguments.add_argument("--quick", action="store_true", help="100 keys in place of 600")
    keys = 100 if arguments.parse_args().quick else 600
    with environments(QUIET) as variables:
        quiet = measure(variables, keys)
    show("quiet", quiet)
    with environments(*[BUSY] * BUSY_ENVIRONMENTS) as variables:
        busy = measure(variables, keys)
    show("ten busy environments", busy)
    goals = [
        Goal("quiet, p50", percentile(quiet.milliseconds, 50), MEDIAN_MS, "ms"),
        Goal("quiet, p99", percentile(quiet.milliseconds, 99), SLOWEST_MS, "ms"),
        Goal("quiet, bytes per key", percentile(quiet.written, 50), BYTES, "bytes"),
        Goal("busy, p99", percentile(busy.milliseconds, 99), BUSY_SLOWEST_MS, "ms"),
    ]
    return report(goals, keys=keys)


def measure(variables: dict[str, str], keys: int) -> Echoes:
    """Type `keys` keys into a shell of the first environment, at moments that no timer knows."""
    echoes = Echoes([], [])
    with Dashboard(VIBEBOX, variables) as dashboard:
        dashboard.open_shell()
        typed = ""
        for number in range(keys):
            if len(typed) >= LONGEST_LINE:
                dashboard.type("\x15")
                typed = ""
                dashboard.read_for(0.3)
            typed += "abcdefghij"[number % 10]
            dashboard.read_for(random.uniform(0.02, 0.06))
            measure_key(dashboard, typed, echoes)
    return echoes


def measure_key(dashboard: Dashboard, typed: str, echoes: Echoes) -> None:
    """Type the last character of `typed` and wait until all of it stands behind the prompt."""
    written = dashboard.written
    began = time.monotonic()
    dashboard.type(typed[-1])
    shown = dashboard.until_shown(lambda rows: any(f"{PROMPT}{typed}" in row for row in rows))
    echoes.milliseconds.append((shown - began) * 1000)
    echoes.written.append(dashboard.written - written)


def show(name: str, echoes: Echoes) -> None:
    times = " ".join(
        f"p{part} {percentile(echoes.milliseconds, part):.1f}" for part in (50, 90, 99)
    )
    print(f"{name}: {times} ms, {percentile(echoes.written, 50):.0f} bytes a key")


if __name__ == "__main__":
    sys.exit(main())
