"""How fast the emulator is, as a ratio to stock pyte in the same run.

    python bench/terminal.py [--quick]

Payloads are of the kinds that vtebench has and of kinds that real programs send; sessions of vim
and htop are the recordings in tests/emulator/captured. Ours runs with 10,000 lines of
scrollback, pyte's `Screen` has none. Where node and @xterm/headless are installed (`NODE_PATH`)
its figures stand beside. The last line is one JSON object; the exit status is 1 where a goal is
missed.
"""

import argparse
import gc
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyte

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from terminal_payloads import PAYLOADS

from vibebox_tui.emulator import Emulator
from vibebox_tui.emulator.snapshot import snapshot

ROWS, COLUMNS = 24, 80

CHUNK = 65_536
"""Bytes fed at a time, what a busy pseudo-terminal or socket gives at once."""

STOCK_BYTES = 96 * 1024
"""Of each payload for stock pyte, which takes a tenth of a second for as many."""

SCROLLED = ("plain text", "long lines", "ls -lR --color", "build log", "git log -p")
"""Payloads that show what keeping their lines costs; the goal is for their geometric mean."""

GOALS = {
    "geometric mean": 10.0,
    "each": 5.0,
    "plain text": 30.0,
    "flood MB/s": 60.0,
    "snapshot ms": 5.0,
    "scrollback MiB": 8.0,
    "scrollback cost": 0.05,
}


def main() -> int:
    """Measure, print, and say by the exit status whether all goals are met."""
    parser = argparse.ArgumentParser(description="Measure the emulator against stock pyte.")
    parser.add_argument("--quick", action="store_true", help="a third of the rounds")
    parser.add_argument("--only", help="payloads whose name contains this")
    options = parser.parse_args()
    rounds = 2 if options.quick else 6
    names = [name for name in PAYLOADS if not options.only or options.only in name]
    rows = [_compare(name, PAYLOADS[name](), rounds) for name in names]
    if options.only:
        return 0
    results = _summarise(rows)
    results |= _measure_floods(rounds) | _measure_scrollback(rounds) | _measure_snapshot(rounds)
    missed = _missed(results)
    for name, value in results.items():
        if isinstance(value, float):
            print(f"{name:28} {value:8.2f}")
    if reference := _xterm_js(names):
        results["xterm.js"] = reference
    print(f"missed: {', '.join(missed)}" if missed else "all goals met")
    print(json.dumps({**results, "missed": missed}))
    return 1 if missed else 0


@dataclass(frozen=True, slots=True)
class Row:
    """One payload's speeds in bytes per second."""

    name: str
    ours: float
    stock: float

    @property
    def ratio(self) -> float:
        return self.ours / self.stock


def _compare(name: str, payload: bytes, rounds: int) -> Row:
    stock = _speed(_stock, payload[:STOCK_BYTES], max(2, rounds // 2))
    ours = _speed(_ours, payload, rounds)
    row = Row(name, ours, stock)
    print(
        f"{name:24} {ours / 1e6:8.2f} MB/s {stock / 1e6:8.2f} MB/s {row.ratio:8.1f} x", flush=True
    )
    return row


def _speed(make: Callable[[], Callable[[bytes], None]], payload: bytes, rounds: int) -> float:
    """Bytes per second of CPU time, the best of some rounds, each on a fresh terminal."""
    chunks = [payload[start : start + CHUNK] for start in range(0, len(payload), CHUNK)]
    return len(payload) / min(_seconds(make(), chunks) for _ in range(rounds))


def _seconds(feed: Callable[[bytes], None], chunks: list[bytes]) -> float:
    gc.collect()
    started = time.process_time()
    for chunk in chunks:
        feed(chunk)
    return time.process_time() - started


def _ours() -> Callable[[bytes], None]:
    return Emulator(ROWS, COLUMNS).feed


def _without_scrollback() -> Callable[[bytes], None]:
    return Emulator(ROWS, COLUMNS, scrollback_lines=0).feed


def _stock() -> Callable[[bytes], None]:
    return pyte.ByteStream(StockScreen(COLUMNS, ROWS)).feed


class StockScreen(pyte.Screen):
    """pyte's screen, but for the calls with which it raises on what vim and tmux send."""

    def select_graphic_rendition(self, *attributes: int, **_: object) -> None:
        super().select_graphic_rendition(*attributes)

    def set_margins(self, *margins: int, **_: object) -> None:
        super().set_margins(*margins[:2])

    def report_device_attributes(self, *_: object, **__: object) -> None:
        pass


def _summarise(rows: Iterable[Row]) -> dict[str, object]:
    ratios = {row.name: row.ratio for row in rows}
    mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
    return {
        "ratios": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "geometric mean": mean,
        "each": min(ratios.values()),
        "plain text": ratios["plain text"],
    }


def _measure_floods(rounds: int) -> dict[str, object]:
    """Ten megabytes in one feed, in MB/s; the slowest of `y` lines and a coloured log."""
    line = b"2024-05-01 12:00:00 \x1b[32mINFO\x1b[0m request 4711 took 12 ms\r\n"
    floods = {
        "y": b"y\r\n" * (10_000_000 // 3),
        "bare": b"y\n" * 5_000_000,
        "log": line * (10_000_000 // len(line)),
    }
    speeds = {
        name: len(flood) / 1e6 / min(_seconds(_ours(), [flood]) for _ in range(rounds))
        for name, flood in floods.items()
    }
    return {
        "floods": {name: round(speed, 1) for name, speed in speeds.items()},
        "flood MB/s": min(speeds.values()),
    }


def _measure_scrollback(rounds: int) -> dict[str, object]:
    """Memory of 10,000 lines of 80 columns, and what keeping them costs of the throughput."""
    payload = PAYLOADS["plain text"]()
    gc.collect()
    tracemalloc.start()
    emulator = Emulator(ROWS, COLUMNS)
    for start in range(0, 2 * len(payload), CHUNK):
        emulator.feed(payload[start % len(payload) : start % len(payload) + CHUNK])
    size = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    lines = emulator.scrollback_length
    costs = {name: _scrollback_cost(PAYLOADS[name](), 3 * rounds) for name in SCROLLED}
    return {
        "scrollback lines": lines,
        "scrollback MiB": size * 10_000 / lines,
        "scrollback costs": {name: round(cost, 3) for name, cost in costs.items()},
        "scrollback cost": math.prod(1 + cost for cost in costs.values()) ** (1 / len(costs)) - 1,
    }


def _scrollback_cost(payload: bytes, rounds: int) -> float:
    """The share by which keeping the lines of `payload` makes it slower: the median of pairs."""
    small = [payload[start : start + 1024] for start in range(0, len(payload), 1024)]
    pairs = [  # chunks too small to be a flood for either
        (_seconds(_ours(), small), _seconds(_without_scrollback(), small)) for _ in range(rounds)
    ]
    return statistics.median(with_it / without for with_it, without in pairs) - 1


def _measure_snapshot(rounds: int) -> dict[str, object]:
    emulator = Emulator(60, 200)
    for row in range(60):
        cells = "".join(f"\x1b[38;5;{(row + x) % 256}m{chr(97 + x % 26) * 8}" for x in range(25))
        emulator.feed(f"\x1b[{row + 1}H{cells}")
    best = math.inf
    for _ in range(5 * rounds):
        started = time.process_time()
        snapshot(emulator, scrollback=False)
        best = min(best, time.process_time() - started)
    return {"snapshot ms": best * 1000}


def _missed(results: dict[str, object]) -> list[str]:
    missed = []
    for name, goal in GOALS.items():
        value = results[name]
        assert isinstance(value, float)
        at_most = name in ("snapshot ms", "scrollback MiB", "scrollback cost")
        if (value > goal) if at_most else (value < goal):
            missed.append(name)
    return missed


def _xterm_js(names: list[str]) -> dict[str, float] | None:
    """xterm.js's speeds in MB/s, where node has it."""
    if shutil.which("node") is None or "NODE_PATH" not in os.environ:
        return None
    script = Path(__file__).with_name("terminal_xterm.mjs")
    speeds = {}
    for name in names:
        run = subprocess.run(
            ["node", str(script)],
            input=PAYLOADS[name](),
            capture_output=True,
            timeout=120,
            check=False,
        )
        if run.returncode:
            return None
        speeds[name] = float(run.stdout)
        print(f"xterm.js {name:24} {speeds[name]:8.2f} MB/s")
    return speeds


if __name__ == "__main__":
    sys.exit(main())
