"""A million lines under the fingers: what the log engine and the log pane cost.

In this process: a million lines in memory, filters and searches over them in slices as the pane
runs them, jumps. Then the dashboard at 120x40 in a PTY: an environment of a million lines is
opened; one that prints 20,000 lines a second is followed, and after it ten of 2,000 a second each,
merged in one pane: is the newest line shown in time, are keys acted on, has every line arrived. The
same filter over the same lines with grep and lnav, and toolong opening the file, stand beside where
they are installed.

    python bench/logs.py [--quick] [--only memory|opened|one|ten]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import psutil
from harness import VIBEBOX, Dashboard, Goal, environments, percentile, report
from in_terminal import ProgramInTerminal

from vibebox_tui.cli.server_choice import ServerOptions, connect
from vibebox_tui.logs.filters import Filter, Found, Selection
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.logs.ring import Ring
from vibebox_tui.logs.times import to_iso
from vibebox_tui.logs.view import Sieve, View
from vibebox_tui.logs.viewport import Viewport
from vibebox_tui.protocol.codec import decode_server_message, encode
from vibebox_tui.protocol.messages import LogBatch, LogEntry, Logs

SLICE: Final = 0.01
"""Seconds of scanning between two looks at the keys, as in the pane."""

ROWS: Final = 40
START: Final = 1_760_000_000_000
"""The time of the first line, milliseconds since the epoch."""

EXTRA_MIB: Final = 64.0
FIRST_SCREEN_MS: Final = 300.0
JUMP_MS: Final = 1000 / 60
FIRST_HITS_MS: Final = 100.0
TEXT_SECONDS: Final = 1.0
FIELD_SECONDS: Final = 4.0
DECODE_US: Final = 1.0
KEY_MS: Final = 50.0
BEHIND_MS: Final = 250.0
"""The goals: beyond the text's own size; a frame; the rest as the figures' names say."""

FLOOD: Final = """
import sys, time
rate, seconds, wait = map(int, sys.argv[1:])
time.sleep(wait)
start, sent = time.time(), 0
while (passed := time.time() - start) < seconds:
    due = int(passed * rate) - sent
    if due:
        now = time.time()
        sys.stdout.write("".join(
            f"INFO request {sent + n} took 12 ms t={now:.3f};\\n" for n in range(due)))
        sys.stdout.flush()
        sent += due
    time.sleep(0.005)
print(f"END {sent} lines", flush=True)
time.sleep(100000)
"""
"""Prints so many lines a second, each with the time it was printed at, after a pause."""

HISTORY: Final = """
import sys, time
count = int(sys.argv[1])
for start in range(0, count, 1000):
    sys.stdout.write("".join(
        f"INFO request {n} GET /api/items/{n % 977} took 12 ms\\n"
        for n in range(start, start + 1000)))
print(f"END {count} lines", flush=True)
time.sleep(100000)
"""
"""Prints so many lines, and waits."""

WAIT_SECONDS: Final = 8
"""From the start of the environments until they print: the dashboard is to be there by then."""


def main() -> int:
    arguments = argparse.ArgumentParser(description="A million lines of log.")
    arguments.add_argument("--quick", action="store_true", help="100,000 lines, 10 s of arriving")
    arguments.add_argument("--only", choices=("memory", "opened", "one", "ten"), help="one part")
    chosen = arguments.parse_args()
    lines, seconds = (100_000, 10) if chosen.quick else (1_000_000, 60)
    parts: dict[str, Callable[[], Iterable[Goal]]] = {
        "memory": lambda: [*in_memory(lines), decoding()],
        "opened": lambda: opened(lines),
        "one": lambda: arriving(1, 20_000, seconds),
        "ten": lambda: arriving(10, 2_000, seconds),
    }
    names = [chosen.only] if chosen.only else list(parts)
    goals = [goal for name in names for goal in parts[name]()]
    return report(goals, lines=lines, seconds=seconds, parts=names)


# --- in memory -------------------------------------------------------------------------------


def in_memory(count: int) -> list[Goal]:
    """Figures of the engine on `count` lines, scaled to a million where they are times."""
    ring, text_bytes, gained = build(count)
    scale = 1_000_000 / count
    goals = [Goal("memory beyond the text, a million lines", gained * scale, EXTRA_MIB, "MiB")]
    goals.append(Goal("g, G and jumps to a time, worst", worst_jump(ring), JUMP_MS, "ms"))
    everything = Selection()
    for name, sieve, most in (
        ("text", Selection((Filter.parse('"status=503"'),)), TEXT_SECONDS),
        ("expression", Selection((Filter.parse(r"items/(1|2)\d+"),)), TEXT_SECONDS),
        ("level", Selection(lowest=Level.ERROR), TEXT_SECONDS),
        ("search", Found(everything, Pattern("id=77")), TEXT_SECONDS),
        ("field", Selection((Filter.parse("status>=500"),)), FIELD_SECONDS),
    ):
        first, whole = scan(ring, sieve)
        goals.append(Goal(f"filter by {name}: first hits", first * 1000, FIRST_HITS_MS, "ms"))
        goals.append(Goal(f"filter by {name}: a million lines", whole * scale, most, "s"))
    beside(ring, text_bytes)
    return goals


def build(count: int) -> tuple[Ring, int, float]:
    """A ring of `count` lines, the bytes of their text, and the MiB that it takes beyond them."""
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    ring, text_bytes = Ring(2**30), 0
    began = time.perf_counter()
    for start in range(0, count, 1000):
        batch = [entry(number) for number in range(start, start + 1000)]
        text_bytes += sum(len(each.message) for each in batch)
        ring.append(batch)
    seconds = time.perf_counter() - began
    gc.collect()
    gained = (process.memory_info().rss - before - text_bytes) / 2**20
    print(f"{'made and taken in, a line':48} {seconds / count * 1e6:10.1f} us")
    return ring, text_bytes, gained


def entry(number: int) -> LogEntry:
    """Line `number`: one of a hundred is an error, one of fifty has status 503."""
    level = "ERROR" if number % 100 == 7 else "INFO"
    status = 503 if number % 50 == 7 else 200
    text = (
        f"{level} request id={number} GET /api/items/{number % 977} status={status}"
        f" took={number % 300}ms user=alice"
    )
    return LogEntry("bench", "stdout", text, to_iso(START + number), number + 1)


def screen(view: View) -> Viewport:
    view.scan(SLICE)
    viewport = Viewport(view, lambda position: 1)
    viewport.height = ROWS
    assert len(viewport.rows()) == ROWS, "a whole screen of lines"
    return viewport


def worst_jump(ring: Ring) -> float:
    """Milliseconds of the slowest of many jumps, to either end and to times in between."""
    view = View(ring, Selection())
    while not view.scan(SLICE):
        pass
    viewport = screen(view)
    times = [START + len(ring) * part // 100 for part in range(100)]
    jumps: list[Callable[[], None]] = [viewport.go_to_start, viewport.follow]
    jumps += [lambda time=time: viewport.go_to(ring.at_time(time)) for time in times]
    return max(milliseconds(jump, viewport) for jump in jumps)


def milliseconds(jump: Callable[[], None], viewport: Viewport) -> float:
    began = time.perf_counter()
    jump()
    lines = [viewport.view.ring.line(row.position) for row in viewport.rows()]
    assert len(lines) == ROWS, "a whole screen of lines"
    return (time.perf_counter() - began) * 1000


def scan(ring: Ring, sieve: Sieve) -> tuple[float, float]:
    """Seconds until the first hits are known, and until all are, in slices."""
    view = View(ring, sieve)
    began = time.perf_counter()
    first = 0.0
    while not view.scan(SLICE):
        if not first and len(view):
            first = time.perf_counter() - began
    whole = time.perf_counter() - began
    return first or whole, whole


def beside(ring: Ring, text_bytes: int) -> None:
    """Print how long others take for the same filter over the same lines, from a file."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "bench.log"
        file.write_bytes(b"".join(bytes(chunk.text) for chunk in ring.chunks))
        for command in (
            ["grep", "-c", "status=503", str(file)],
            ["lnav", "-n", "-q", "-c", ":filter-in status=503", str(file)],
        ):
            if shutil.which(command[0]):
                began = time.perf_counter()
                # grep would stop at the first hit where what it writes goes to /dev/null.
                subprocess.run(command, capture_output=True, check=False, cwd=directory)
                seconds = time.perf_counter() - began
                print(f"{command[0] + ', the same filter, from a file':48} {seconds:10.2f} s")
        if toolong := shutil.which("tl"):
            with ProgramInTerminal([toolong, str(file)], dict(os.environ), rows=ROWS) as terminal:
                seconds = terminal.until(f"id={len(ring) - 1} ", seconds=120)
            print(f"{'toolong, the file opened to its end':48} {seconds:10.2f} s")
    print(f"{'text':48} {text_bytes / 2**20:10.1f} MiB")


def decoding() -> Goal:
    """Microseconds to decode one line of a batch as it comes over a connection."""
    entries = [entry(number) for number in range(5000)]
    frame = encode(Logs(LogBatch("bench", 5000, entries)))
    rounds = 20
    best = min(timed(lambda: decode_server_message(frame)) for _ in range(rounds))
    return Goal("decoding a batched line", best / len(entries) * 1e6, DECODE_US, "us")


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# --- opened ------------------------------------------------------------------------------------


def opened(count: int) -> Iterator[Goal]:
    """Milliseconds from the key that opens an environment of `count` lines until its newest ones
    are on the screen.
    """
    history = [sys.executable, "-c", HISTORY, str(count)]
    with (
        environments(["sleep", "100000"], history) as variables,
        Dashboard(VIBEBOX, variables, rows=ROWS, columns=120) as dashboard,
    ):
        dashboard.until("bench-1.*running")
        asyncio.run(all_kept(count + 1))
        dashboard.until_quiet()
        began = time.monotonic()
        dashboard.type("2l")
        shown = dashboard.until_shown(lambda rows: any(f"END {count} lines" in row for row in rows))
    yield Goal("first screen of the history", (shown - began) * 1000, FIRST_SCREEN_MS, "ms")


async def all_kept(count: int) -> None:
    """Wait until the server has so many lines of one of the environments."""
    async with connect(ServerOptions()) as client:
        ids = [environment.id for environment in await client.rest.environments()]
        kept = 0
        while kept < count:
            await asyncio.sleep(0.5)
            pages = [await client.rest.logs(each, limit=1) for each in ids]
            kept = max(page.next_seq - 1 for page in pages)


# --- arriving ----------------------------------------------------------------------------------


def arriving(count: int, rate: int, seconds: int) -> Iterator[Goal]:
    """Figures of the dashboard while `count` environments print `rate` lines a second each, all
    of them in one pane.
    """
    wait = WAIT_SECONDS + count
    flood = [sys.executable, "-c", FLOOD, str(rate), str(seconds), str(wait)]
    name = f"{count} x {rate:,} lines/s"
    with (
        environments(*[flood] * count) as variables,
        Dashboard(VIBEBOX, variables, rows=ROWS, columns=160 if count > 1 else 120) as dashboard,
    ):
        dashboard.until("bench-0.*running")
        dashboard.type("1l")
        dashboard.until("Logs: bench-0")
        if count > 1:
            dashboard.type("a")
            dashboard.until(rf"Logs: all \({count}\)")
        dashboard.until(r"took 12 ms t=\d", seconds=60)
        keys, behind = watch(dashboard, seconds - 3)
        printed = ends(dashboard, count)
        dashboard.until(rf"{sum(printed) + count:,} kept", seconds=30)
    wanted = count * rate * seconds
    print(f"{name}: all of {sum(printed):,} lines have arrived; {len(keys)} keys were timed")
    yield Goal(f"{name}: a key, p99", percentile(keys, 99), KEY_MS, "ms")
    yield Goal(f"{name}: the display is behind, p99", percentile(behind, 99), BEHIND_MS, "ms")
    yield Goal(f"{name}: too few lines", max(0, wanted - sum(printed)) / rate / count, 1.0, "s")


def ends(dashboard: Dashboard, count: int) -> list[int]:
    """How many lines each environment says at its end that it printed, once all have said it."""

    def said(rows: Sequence[str]) -> list[int]:
        return [int(number) for row in rows for number in re.findall(r"END (\d+) lines", row)]

    dashboard.type("&END\r")
    dashboard.until_shown(lambda rows: len(said(rows)) == count, seconds=60)
    return said(dashboard.display)


def watch(dashboard: Dashboard, seconds: float) -> tuple[list[float], list[float]]:
    """For so long, milliseconds from a key to its effect, and from a line's time to its drawing.

    The key is the one that pauses, and follows again: the border says so.
    """
    keys: list[float] = []
    behind: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for word in ("PAUSED", "FOLLOW"):
            began = time.monotonic()
            dashboard.type("f")
            shown = dashboard.until_shown(partial(says, word))
            keys.append((shown - began) * 1000)
            dashboard.read_for(0.1)
        if newest := stamps(dashboard.display):
            behind.append((time.time() - newest) * 1000)
    return keys, behind


def says(word: str, rows: Sequence[str]) -> bool:
    """Whether a border says `word`."""
    return any(f" {word} " in row for row in rows)


def stamps(rows: Sequence[str]) -> float:
    """The newest time that a line on the screen was printed at; 0 where there is none."""
    return max(
        (float(stamp) for row in rows for stamp in re.findall(r" t=([\d.]+);", row)), default=0
    )


if __name__ == "__main__":
    sys.exit(main())
