"""How long the dashboard takes to its first picture with live data, in a real terminal.

Measured from the start of the process to the row of the screen that shows it: the header, all
environments, a line of a log. In the same run, for comparison: Python alone, and the smallest
Textual app. The goal: `vibebox demo` shows live data within a second, its server's start included.

    python bench/startup.py [--quick]

The last line is JSON; the exit status is 1 if the goal is missed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Final

from in_terminal import ProgramInTerminal, empty_home

from vibebox_tui.samples import SAMPLES

GOAL_SECONDS: Final = 1.0
"""From the start of `vibebox demo` to a screen with live data, the median of all runs."""

VIBEBOX: Final = [sys.executable, "-m", "vibebox_tui"]

BARE_APP: Final = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare-app-is-up")
Bare().run()
"""


def main() -> int:
    arguments = argparse.ArgumentParser(description="Time to the first picture with live data.")
    arguments.add_argument("--quick", action="store_true", help="two runs in place of seven")
    runs = 2 if arguments.parse_args().quick else 7
    figures: dict[str, list[float]] = {}
    for _ in range(runs):
        with empty_home() as environment:
            for name, seconds in measure(environment).items():
                figures.setdefault(name, []).append(seconds)
    medians = {name: round(statistics.median(values), 3) for name, values in figures.items()}
    for name, values in figures.items():
        spread = f"{min(values):.3f} to {max(values):.3f}"
        print(f"{name:44} {medians[name]:.3f} s   ({spread})")
    live = medians["vibebox demo: a log line"]
    met = live <= GOAL_SECONDS
    verdict = "met" if met else "missed"
    print(f"live data after {live:.3f} s; the goal of {GOAL_SECONDS:.1f} s is {verdict}")
    print(json.dumps({"runs": runs, "seconds": medians, "goal": GOAL_SECONDS, "met": met}))
    return 0 if met else 1


def measure(environment: dict[str, str]) -> dict[str, float]:
    """One run of everything, in seconds."""
    return {
        "python alone": run_python(environment, "pass"),
        "python with textual.app imported": run_python(environment, "import textual.app"),
        "bare Textual app: first picture": bare_app(environment),
        **demo(environment),
        **own_server(environment),
    }


def run_python(environment: dict[str, str], code: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return time.monotonic() - began


def bare_app(environment: dict[str, str]) -> float:
    with ProgramInTerminal([sys.executable, "-c", BARE_APP], environment) as program:
        return program.until("bare-app-is-up")


def demo(environment: dict[str, str]) -> dict[str, float]:
    first = SAMPLES[0]
    with ProgramInTerminal([*VIBEBOX, "demo"], environment) as program:
        return {
            "vibebox demo: first picture": program.until("vibebox"),
            "vibebox demo: all environments running": max(
                program.until(rf"{sample.name}.*running") for sample in SAMPLES
            ),
            "vibebox demo: a log line": program.until(first.sign),
        }


def own_server(environment: dict[str, str]) -> dict[str, float]:
    """The user's own server: not running, then found running."""
    figures = {}
    for state in ("server not yet running", "server running"):
        with ProgramInTerminal(VIBEBOX, environment) as program:
            figures[f"vibebox, {state}: connected"] = program.until(r"\d+ ms")
    subprocess.run([*VIBEBOX, "server", "stop"], env=environment, check=True, capture_output=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
