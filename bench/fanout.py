"""What it costs to send an environment's log to many clients, against the naive loop.

Our server captures the lines of a real environment, stores them, and sends them to clients that
know only the guide (and, printed as well, to clients that take batches). The naive loops of
Python's `websockets` and of Node's `ws` encode a message once and send it to one client after the
other; they capture and store nothing. Compared is the server's CPU per message delivered, at
saturation with 1, 10 and 100 clients; then 1,000 lines a second to 100 clients.

    python bench/fanout.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed. Node's part is left out, with the
reason, where Node or the package isn't there (NODE_PATH says where packages are).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psutil
from figures import Figure, conclude
from measured_server import MeasuredServer
from websocket_clients import Counters, WebSocketClient

RATIOS: Final = {1: 2.0, 10: 8.0, 100: 50.0}
"""By the number of clients, how many times less than the better naive loop a message may cost."""

STEADY_CLIENTS: Final = 100
STEADY_RATE: Final = 1_000
"""Lines a second."""

STEADY_CPU: Final = 20.0
"""Percent of a core."""

ADDED_MS: Final = 33.0
"""Milliseconds from the environment's write to the client's read, the median."""

MARKER: Final = b'"type":"log"'
BATCH_MARKER: Final = b'"seq":'

WRITER: Final = (
    "import sys, time\n"
    "lines, rate = int(sys.argv[1]), float(sys.argv[2])\n"
    "sys.stdin = open(sys.argv[3])\n"
    "began = time.monotonic()\n"
    "step = 1000 if not rate else 1\n"
    "for first in range(0, lines, step):\n"
    "    if rate:\n"
    "        time.sleep(max(0, began + first / rate - time.monotonic()))\n"
    "    now = time.time()\n"
    "    sys.stdout.write(''.join(f'{now:.6f} INFO request {n} served in 3 ms by worker 7\\n'\n"
    "        for n in range(first, min(first + step, lines))))\n"
    "    sys.stdout.flush()\n"
    "time.sleep(1000)\n"
)
"""Writes LINES at RATE (0: as fast as it can) once the FIFO has been opened for writing."""


class Cost(NamedTuple):
    """Microseconds of the server's CPU per message, and messages a second to all clients."""

    microseconds: float
    per_second: float


def main() -> int:
    arguments = argparse.ArgumentParser(description="What fan-out costs.")
    arguments.add_argument("--quick", action="store_true", help="a fifth of the messages")
    share = 5 if arguments.parse_args().quick else 1
    figures: list[Figure] = []
    facts: dict[str, object] = {}
    for clients, least in RATIOS.items():
        naive = naive_costs(clients, 120_000 // (20 if clients > 10 else 4) // share, facts)
        ours = our_cost(clients, 200_000 // share, "")
        batched = our_cost(clients, 200_000 // share, "?batch=1")
        show(clients, {**naive, "ours": ours, "ours, batches": batched})
        best = min(cost.microseconds for cost in naive.values())
        ratio = best / ours.microseconds
        figures.append(Figure(f"{clients} clients", ratio, least, "times less", at_least=True))
        facts[f"{clients} clients, batches"] = round(best / batched.microseconds, 1)
    return conclude([*figures, *steady(5 if share > 1 else 20)], **facts)


def show(clients: int, costs: dict[str, Cost]) -> None:
    for name, cost in costs.items():
        print(
            f"{clients:4} clients, {name:14} {cost.microseconds:8.3f} µs a message,"
            f" {cost.per_second:12,.0f} messages a second"
        )


# --- the naive loops


def naive_costs(clients: int, lines: int, facts: dict[str, object]) -> dict[str, Cost]:
    """Of each loop that can be run here."""
    with naive_python() as loop:
        costs = {"websockets": naive_cost(loop, clients, lines)}
    reason = why_no_node()
    if reason is None:
        with naive_node() as loop:
            costs["ws"] = naive_cost(loop, clients, lines)
    facts["ws"] = reason or "measured"
    return costs


def naive_cost(loop: tuple[psutil.Process, Path], clients: int, lines: int) -> Cost:
    process, path = loop
    readers = Counters([WebSocketClient(path) for _ in range(clients)], MARKER_SPACED)
    before = process.cpu_times()
    readers.clients[0].socket.setblocking(True)
    readers.clients[0].send_bytes(json.dumps({"lines": lines, "rate": 0}).encode())
    readers.clients[0].socket.setblocking(False)
    seconds = readers.read_until(lines)
    after = process.cpu_times()
    readers.close()
    cpu = after.user + after.system - before.user - before.system
    messages = lines * clients
    return Cost(cpu / messages * 1e6, messages / seconds)


MARKER_SPACED: Final = b'"log"'
"""Of the naive loops' messages: JSON of Python's library has blanks, that of Node's none."""


@contextmanager
def naive_python() -> Iterator[tuple[psutil.Process, Path]]:
    with running([sys.executable, str(Path(__file__).with_name("naive_loop.py"))]) as loop:
        yield loop


@contextmanager
def naive_node() -> Iterator[tuple[psutil.Process, Path]]:
    script = str(Path(__file__).with_name("naive_loop.mjs"))
    with running(["node", script], str(ws_package())) as loop:
        yield loop


@contextmanager
def running(command: list[str], *more: str) -> Iterator[tuple[psutil.Process, Path]]:
    with tempfile.TemporaryDirectory(prefix="vbx-bench-") as directory:
        path = Path(directory) / "naive.sock"
        process = subprocess.Popen([*command, str(path), *more])
        try:
            deadline = time.monotonic() + 30
            while not path.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            yield psutil.Process(process.pid), path
        finally:
            process.kill()
            process.wait()


def ws_package() -> Path | None:
    """The package `ws`, where NODE_PATH or this checkout has it."""
    root = Path(__file__).parents[1]
    places = [*os.environ.get("NODE_PATH", "").split(os.pathsep), root / "node_modules"]
    places.append(root / ".pytest_cache/d/guide/node_modules")
    found = (Path(place) / "ws" for place in places if place)
    return next((package for package in found if package.is_dir()), None)


def why_no_node() -> str | None:
    if shutil.which("node") is None:
        return "left out: there is no node"
    return None if ws_package() else "left out: the package ws isn't found; set NODE_PATH"


# --- ours


@contextmanager
def readers_of_a_log(
    server: MeasuredServer, clients: int, lines: int, rate: float, query: str
) -> Iterator[tuple[Counters, Path]]:
    """Clients that follow a writer, and the FIFO to be opened for it to begin."""
    gate = server.directory / f"gate-{time.monotonic_ns()}"
    os.mkfifo(gate)
    writer = server.environment(sys.executable, "-c", WRITER, str(lines), str(rate), str(gate))
    server.start(writer)
    sockets = [
        WebSocketClient(server.socket, f"/api/v1/ws/logs{query}", server.token)
        for _ in range(clients)
    ]
    for client in sockets:
        client.send("log_subscribe", environmentId=writer)
        client.send("ping")
        client.wait_for(b"pong")
    readers = Counters(sockets, BATCH_MARKER if query else MARKER)
    try:
        yield readers, gate
    finally:
        readers.close()
        server.post(f"/environments/{writer}/stop")


def our_cost(clients: int, lines: int, query: str) -> Cost:
    with (
        MeasuredServer() as server,
        readers_of_a_log(server, clients, lines, 0, query) as (readers, gate),
    ):
        before = server.cpu
        gate.write_text("go")
        seconds = readers.read_until(lines)
        cpu = server.cpu - before
    messages = lines * clients
    return Cost(cpu / messages * 1e6, messages / seconds)


def steady(seconds: int) -> list[Figure]:
    """A steady log to many clients; that nothing is lost is what `read_until` waits for."""
    lines = STEADY_RATE * seconds
    with (
        MeasuredServer() as server,
        readers_of_a_log(server, STEADY_CLIENTS, lines, STEADY_RATE, "") as (readers, gate),
    ):
        watched = readers.clients.pop()
        readers.counts.pop()
        readers._selector.unregister(watched.socket)
        watched.socket.setblocking(True)
        before, began = server.cpu, time.monotonic()
        gate.write_text("go")
        delays: list[float] = []
        with draining(readers):
            for _ in range(lines):
                message = json.loads(watched.next())["payload"]["message"]
                delays.append(time.time() - float(message.split()[0]))
            took = time.monotonic() - began
        cpu = (server.cpu - before) / took * 100
        readers.read_until(lines)
        watched.close()
    median = sorted(delays)[len(delays) // 2] * 1000
    name = f"{STEADY_RATE} lines/s to {STEADY_CLIENTS}"
    return [
        Figure(f"{name}: CPU", cpu, STEADY_CPU, "% of a core"),
        Figure(f"{name}: delay, p50", median, ADDED_MS, "ms"),
    ]


@contextmanager
def draining(readers: Counters) -> Iterator[None]:
    """Read the other clients meanwhile, in a thread."""
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            readers.read(0.1)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
