"""How fast one busy environment's output gets into the store, and what that does to who writes.

A program writes line by line, flushing each: first into a pipe to `cat`, then as an environment,
where every line is captured, numbered and committed.

    python bench/capture.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import subprocess
import sys
import time
from typing import Final

from figures import Figure, conclude
from measured_server import MeasuredServer

LINES_PER_SECOND: Final = 50_000
RATE_OF_CAT: Final = 2 / 3

PATIENCE: Final = 120.0
"""Seconds that the lines may take into the store."""

WRITER: Final = (
    "import sys, time\n"
    "lines = int(sys.argv[1])\n"
    "began = time.monotonic()\n"
    "for number in range(lines):\n"
    "    sys.stdout.write('2026-01-01T00:00:00Z INFO request %d served in 3 ms\\n' % number)\n"
    "    sys.stdout.flush()\n"
    "took = time.monotonic() - began\n"
    "print('took', took, file=sys.stderr, flush=True)\n"
    "time.sleep(1000 if sys.argv[2:] else 0)\n"
)


def main() -> int:
    arguments = argparse.ArgumentParser(description="How fast logs are captured.")
    arguments.add_argument("--quick", action="store_true", help="a fifth of the lines")
    lines = 100_000 if arguments.parse_args().quick else 500_000
    with MeasuredServer() as server:
        cat = rate_into_cat(lines)
        writer, stored = rates_as_environment(server, lines)
        cat = (cat + rate_into_cat(lines)) / 2
    return conclude(
        [
            Figure("lines committed", stored, LINES_PER_SECOND, "a second", at_least=True),
            Figure("writer's rate to that into cat", writer / cat, RATE_OF_CAT, "", at_least=True),
        ],
        lines=lines,
        into_cat=round(cat),
        as_environment=round(writer),
    )


def rate_into_cat(lines: int) -> float:
    """Lines a second that the writer writes into a pipe to `cat`."""
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as cat,
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(lines)], stdout=cat.stdin, stderr=subprocess.PIPE
        ) as writer,
    ):
        said = writer.communicate()[1]
        if cat.stdin is not None:
            cat.stdin.close()
    return lines / float(said.split()[1])


def rates_as_environment(server: MeasuredServer, lines: int) -> tuple[float, float]:
    """Lines a second that the writer writes, and that are committed from its start on."""
    environment = server.environment(sys.executable, "-c", WRITER, str(lines), "stay")
    began = time.monotonic()
    server.start(environment)
    path = f"/environments/{environment}/logs?tail=1"
    while last_seq(server, path) < lines + 1:  # the last one says how long it took
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError("the lines aren't in the store")
        time.sleep(0.05)
    took = time.monotonic() - began
    last = server.statistics(f"{path}&stream=stderr")
    return lines / float(entries(last)[-1]["message"].split()[1]), lines / took


def last_seq(server: MeasuredServer, path: str) -> int:
    found = entries(server.statistics(path))
    return int(found[-1]["seq"]) if found else 0


def entries(answer: object) -> list[dict[str, str]]:
    found = answer.get("data", answer.get("entries")) if isinstance(answer, dict) else answer
    return found if isinstance(found, list) else []


if __name__ == "__main__":
    sys.exit(main())
