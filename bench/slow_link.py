"""What a user sees of a flood through a slow link: the newest screen, or what was long ago.

The dashboard runs in a PTY whose reader takes 64 KB a second. A terminal counts as fast as it can;
after Ctrl+C, how long until its effect is there, and how far what was on the screen before it was
behind what had been counted by then?

    python bench/slow_link.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import re
import sys
import time
from typing import Final

from harness import PROMPT, VIBEBOX, Dashboard, Goal, environments, percentile, report

BYTES_PER_SECOND: Final = 64_000

INTERRUPT_MS: Final = 1_000.0
"""From Ctrl+C to its effect on the screen, in milliseconds."""

COMMANDS: Final = {
    "yes": "yes",
    "counting": "i=0; while :; do i=$((i+1)); echo $i $i $i $i $i $i; done",
}


def main() -> int:
    arguments = argparse.ArgumentParser(description="A flood through a slow link.")
    arguments.add_argument("--quick", action="store_true", help="two rounds in place of six")
    rounds = 2 if arguments.parse_args().quick else 6
    goals = []
    with environments(("sleep", "100000")) as variables:
        for name, command in COMMANDS.items():
            times, rate = measure(variables, command, rounds)
            print(f"{name}: {rate / 1000:.1f} KB/s written, Ctrl+C after {max(times):.0f} ms")
            slowest = percentile(times, 100)
            goals.append(Goal(f"{name}: Ctrl+C, slowest", slowest, INTERRUPT_MS, "ms"))
    return report(goals, rounds=rounds, bytes_per_second=BYTES_PER_SECOND)


def measure(variables: dict[str, str], command: str, rounds: int) -> tuple[list[float], float]:
    """Milliseconds of each Ctrl+C, and the bytes a second that were written meanwhile."""
    times = []
    with Dashboard(
        VIBEBOX, variables, rows=60, columns=200, bytes_per_second=BYTES_PER_SECOND
    ) as dashboard:
        dashboard.open_shell()
        began, written = time.monotonic(), dashboard.written
        for number in range(rounds):
            dashboard.type(f"{command}\r")
            dashboard.read_for(3.0)
            times.append(interrupt(dashboard, number))
        return times, (dashboard.written - written) / (time.monotonic() - began)


def interrupt(dashboard: Dashboard, number: int) -> float:
    """Press Ctrl+C and have a mark echoed; milliseconds until that is on the screen."""
    mark = re.compile(rf"{re.escape(PROMPT)}: mark-{number}")
    began = time.monotonic()
    dashboard.type("\x03")
    dashboard.type(f": mark-{number}")
    at = dashboard.until_shown(lambda rows: any(mark.search(row) for row in rows))
    dashboard.type("\r")
    dashboard.read_for(0.5)
    return (at - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
