"""Run the public conformance suite esctest2 against the emulator.

    python -m tests.emulator.esctest PATH [--include REGEX] [--json]

PATH is a checkout of ThomasDickey/esctest2, or its `esctest` directory. The suite runs as it is,
in a process of its own on a pseudo-terminal, and believes that it talks to xterm; every answer
it gets comes from the emulator's state, checksums of the screen (DECRQCRA) from its cells. The
last line counts what passed; the tests that didn't are listed before it.
"""

import argparse
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from vibebox_tui.emulator import Emulator

ROWS, COLUMNS = 25, 80
"""The size that the suite asks for before each test."""

_TIMEOUT = 0.15
"""Seconds that the suite waits for an answer; the emulator gives one at once or never."""

_LONGEST_RUN = 1200.0
"""Seconds for the whole suite."""

_OUTCOME = re.compile(r"(Passed\.|Fails as expected|Skipped because|\*\*\* TEST \S+ FAILED)")


def main() -> int:
    """Run the suite and print what passed; 0 when it ran to its end."""
    options = _options()
    directory = options.path / "esctest" if (options.path / "esctest").is_dir() else options.path
    if not (directory / "esctest.py").is_file():
        print(f"{options.path} has no esctest.py: give the directory of esctest2.")
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "esctest.log"
        finished = _run(directory, log, options)
        outcomes = parse_log(log.read_text(errors="replace"))
    _print(outcomes)
    return 0 if finished else 1


def parse_log(text: str) -> dict[str, str]:
    """Test name to `passed`, `failed`, `known` (a bug of xterm's that we have too) or `skipped`."""
    outcomes: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if match := re.search(r"Run test: (\S+)", line):
            name = match[1]
        elif name and name not in outcomes and (match := _OUTCOME.search(line)):
            outcomes[name] = _KINDS.get(match[1].split()[0], "failed")
    return outcomes


_KINDS = {"Passed.": "passed", "Fails": "known", "Skipped": "skipped"}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run esctest2 against the emulator.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--include", default="^(?!XtermWinops)", help="regex of test names")
    parser.add_argument("--log", type=Path, help="keep the suite's own log here")
    return parser.parse_args()


def _run(directory: Path, log: Path, options: argparse.Namespace) -> bool:
    """Run the suite on a pseudo-terminal with the emulator at its other end."""
    controller, worker = pty.openpty()
    fcntl.ioctl(worker, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [
        sys.executable,
        "esctest.py",
        "--no-print-logs",
        "--max-vt-level=5",
        "--expected-terminal=xterm",
        "--xterm-reverse-wrap=383",
        f"--timeout={_TIMEOUT}",
        f"--include={options.include}",
        f"--logfile={log}",
        "--options",
        "xtermWinopsEnabled",
        "allowC2Controls",
    ]
    with subprocess.Popen(command, cwd=directory, stdin=worker, stdout=worker) as process:
        os.close(worker)
        try:
            finished = _converse(process, controller)
        finally:
            process.kill()
            os.close(controller)
    if options.log:
        options.log.write_bytes(log.read_bytes())
    return finished


def _converse(process: "subprocess.Popen[bytes]", controller: int) -> bool:
    emulator = Emulator(ROWS, COLUMNS, resizable=True)
    deadline = time.monotonic() + _LONGEST_RUN
    while time.monotonic() < deadline:
        ready, _, _ = select.select([controller], [], [], 0.5)
        if not ready:
            if process.poll() is not None:
                return True
            continue
        try:
            data = os.read(controller, 65536)
        except OSError:  # Linux reports the closed other end so
            return True
        emulator.feed(data)
        if replies := emulator.take_replies():
            os.write(controller, replies)
    return False


def _print(outcomes: dict[str, str]) -> None:
    for name, outcome in sorted(outcomes.items()):
        if outcome != "passed":
            print(f"{outcome:8} {name}")
    counts = {
        kind: list(outcomes.values()).count(kind)
        for kind in ("passed", "failed", "known", "skipped")
    }
    print(
        f"{len(outcomes)} tests: " + ", ".join(f"{count} {kind}" for kind, count in counts.items())
    )


if __name__ == "__main__":
    sys.exit(main())
