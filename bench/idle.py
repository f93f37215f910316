"""What the dashboard and its server cost while nothing happens.

Three environments that sleep, a shell attached in the dashboard, in a real terminal; measured is
the CPU time of the dashboard and of the server with all of its processes. The goal: together less
than 2 % of a core.

    python bench/idle.py [--quick]

The last line is JSON; the exit status is 1 if the goal is missed.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import psutil
from in_terminal import ProgramInTerminal, empty_home

from vibebox_tui.cli.server_choice import ServerOptions, connect
from vibebox_tui.cli.server_process import process_of
from vibebox_tui.protocol.models import CreateEnvironmentRequest

GOAL_PERCENT: Final = 2.0
"""Of one core, dashboard and server together."""

SETTLE_SECONDS: Final = 5.0
"""After the shell has answered, before measuring."""

VIBEBOX: Final = [sys.executable, "-m", "vibebox_tui"]


def main() -> int:
    arguments = argparse.ArgumentParser(description="CPU of an idle dashboard and its server.")
    arguments.add_argument("--quick", action="store_true", help="ten seconds in place of sixty")
    seconds = 10.0 if arguments.parse_args().quick else 60.0
    with empty_home() as environment:
        os.environ.clear()
        os.environ.update(environment)
        try:
            percent = measure(environment, seconds)
        finally:
            subprocess.run([*VIBEBOX, "server", "stop"], check=True, capture_output=True)
    total = sum(percent.values())
    for name, value in percent.items():
        print(f"{name:10} {value:5.2f} % of a core")
    met = total < GOAL_PERCENT
    verdict = "met" if met else "missed"
    print(f"together   {total:5.2f} %; the goal of less than {GOAL_PERCENT} % is {verdict}")
    figures = {name: round(value, 2) for name, value in percent.items()}
    print(json.dumps({"seconds": seconds, "percent": figures, "goal": GOAL_PERCENT, "met": met}))
    return 0 if met else 1


def measure(environment: dict[str, str], seconds: float) -> dict[str, float]:
    """CPU of both programs over so long, in percent of a core."""
    server = asyncio.run(start_sleepers())
    with ProgramInTerminal(VIBEBOX, environment) as dashboard:
        dashboard.until("sleeper-3.*running")
        for keys, shown in (
            ("1t", "Enter opens a shell"),
            ("\r", "captured"),
            ("echo shell-$((1+1))\r", "shell-2"),
        ):
            dashboard.type(keys)
            dashboard.until(shown)
        dashboard.read_for(SETTLE_SECONDS)
        before, began = cpu_seconds(dashboard.process, server), time.monotonic()
        dashboard.read_for(seconds)
        after, elapsed = cpu_seconds(dashboard.process, server), time.monotonic() - began
    return {name: 100 * (after[name] - before[name]) / elapsed for name in before}


async def start_sleepers() -> int:
    """Start the server and three environments that sleep; return the server's process id."""
    async with connect(ServerOptions()) as client:
        for number in (1, 2, 3):
            request = CreateEnvironmentRequest(
                name=f"sleeper-{number}", command=["sleep", "3600"], working_directory="/"
            )
            environment = await client.rest.create_environment(request)
            await client.rest.start(environment.id)
    process = process_of(Path(os.environ["XDG_RUNTIME_DIR"]) / "vibebox" / "server.sock")
    assert process is not None
    return process


def cpu_seconds(dashboard: int, server: int) -> dict[str, float]:
    """CPU time used so far by the dashboard, and by the server with all that it has started."""
    family = [psutil.Process(server), *psutil.Process(server).children(recursive=True)]
    return {"dashboard": used(psutil.Process(dashboard)), "server": sum(map(used, family))}


def used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    sys.exit(main())
