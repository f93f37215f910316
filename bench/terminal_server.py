"""A terminal through our server, against terminado: how soon an echo comes, how fast a flood is.

Ours goes from the PTY over the keeper to the server, which keeps the session's emulated screen
true, numbers the output and saves the screen; terminado passes on what it reads. Both have a
`sh` in each of two terminals, and a client of each that reads as fast as it can. Echoes are
measured in one while the other is quiet, and while that is flooded with redraws of the full
screen, which ours has to draw: that flood is compared with what the emulator alone draws of it.

    python bench/terminal_server.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed. terminado is installed into a
virtual environment that goes afterwards; where that can't be, the reason is said and only ours is
measured.
"""

import argparse
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from figures import Figure, conclude
from measured_server import MeasuredServer
from terminal_payloads import PAYLOADS
from websocket_clients import WebSocketClient

from vibebox_tui.emulator import Emulator

Type = Callable[[WebSocketClient, str], None]

FLOODS: Final = 3
"""Floods of lines, of which the median counts."""

CHUNK: Final = 65_536
"""Bytes that the emulator alone is fed at a time, as a busy PTY gives them."""

SECONDS_TO_INSTALL: Final = 120

TERMINADO: Final = (
    "import sys, tornado.httpserver, tornado.ioloop, tornado.web\n"
    "from terminado import TermSocket, UniqueTermManager\n"
    "manager = UniqueTermManager(shell_command=['/bin/sh'])\n"
    "app = tornado.web.Application([('/ws', TermSocket, {'term_manager': manager})])\n"
    "app.listen(int(sys.argv[1]), '127.0.0.1')\n"
    "tornado.ioloop.IOLoop.current().start()\n"
)


@dataclass(frozen=True, slots=True)
class Speeds:
    """Milliseconds of an echo, the median, alone and beside redraws; MB/s of floods."""

    echo: float
    flood: float
    redraws: float
    echo_meanwhile: float

    def facts(self, name: str) -> dict[str, object]:
        return {
            f"{name}_echo_ms": round(self.echo, 3),
            f"{name}_flood_mb_per_second": round(self.flood, 2),
            f"{name}_redraws_mb_per_second": round(self.redraws, 2),
            f"{name}_echo_meanwhile_ms": round(self.echo_meanwhile, 3),
        }


def main() -> int:
    arguments = argparse.ArgumentParser(description="A terminal through the server.")
    arguments.add_argument("--quick", action="store_true", help="fewer keys, shorter floods")
    quick = arguments.parse_args().quick
    keys, megabytes, redraws = (300, 5, 5) if quick else (2000, 30, 15)
    os.environ["SHELL"] = "/bin/sh"
    with tempfile.TemporaryDirectory(prefix="vbx-bench-") as directory:
        log, screens = Path(directory) / "log", Path(directory) / "screens"
        log.write_text("".join(lines(megabytes)))
        payload = PAYLOADS["htop"]()
        screens.write_bytes(payload * (redraws * 1_000_000 // len(payload) + 1))
        pace = emulator_pace(screens.read_bytes())
        with our_clients() as clients:
            ours = measure(*clients, type_to_ours, keys, log, screens)
        facts = ours.facts("our") | {"emulator_mb_per_second": round(pace, 2)}
        print(json.dumps(facts), flush=True)
        python, reason = install_terminado(Path(directory))
        if python is None:
            return conclude([], terminado=reason, **facts)
        with terminado_clients(python) as clients:
            theirs = measure(*clients, type_to_terminado, keys, log, screens)
    return conclude(
        [
            Figure("echo, p50", ours.echo, theirs.echo, "ms"),
            Figure("flood of lines", ours.flood, theirs.flood, "MB/s", at_least=True),
            Figure("flood of redraws", ours.redraws, pace, "MB/s", at_least=True),
            Figure("echo meanwhile, p50", ours.echo_meanwhile, theirs.echo_meanwhile, "ms"),
        ],
        **facts,
        **theirs.facts("terminado"),
    )


def emulator_pace(redraws: bytes) -> float:
    """MB/s that the emulator draws of it, with nothing else to do; the median of some rounds."""
    speeds = []
    for _ in range(FLOODS):
        emulator = Emulator(24, 80, scrollback_lines=2_000)
        began = time.process_time()
        for start in range(0, len(redraws), CHUNK):
            emulator.feed(redraws[start : start + CHUNK])
        speeds.append(len(redraws) / 1e6 / (time.process_time() - began))
    return median(speeds)


def lines(megabytes: int) -> Iterator[str]:
    size = number = 0
    while size < megabytes * 1_000_000:
        line = f"2026-01-01T00:00:00Z INFO request {number} served in 3 ms by worker 7\n"
        number += 1
        size += len(line)
        yield line


def measure(
    client: WebSocketClient,
    other: WebSocketClient,
    type_: Type,
    keys: int,
    log: Path,
    screens: Path,
) -> Speeds:
    for one in (client, other):
        type_(one, "echo rea''dy\n")
        one.wait_for(b"ready")
    time.sleep(0.3)
    echo = median(echoes(client, type_, keys))
    floods = [flood(client, type_, log) for _ in range(FLOODS)]
    redraws, meanwhile = beside(other, client, type_, screens)
    return Speeds(echo, median(floods), redraws, meanwhile)


def echoes(client: WebSocketClient, type_: Type, keys: int) -> list[float]:
    """Milliseconds from keys to their echoes; the line is left empty."""
    times = []
    for number in range(keys):
        if number % 60 == 59:
            type_(client, "\x15")
            time.sleep(0.05)
        began = time.perf_counter()
        type_(client, "j")
        client.wait_for(b"j")
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(0.002)
    type_(client, "\x15")
    return times


def flood(client: WebSocketClient, type_: Type, file: Path) -> float:
    """MB/s of a file through a terminal."""
    began = time.perf_counter()
    type_(client, f"cat {file}; echo fini''shed\n")
    client.wait_for(b"finished")
    return file.stat().st_size / 1e6 / (time.perf_counter() - began)


def beside(
    flooded: WebSocketClient, client: WebSocketClient, type_: Type, file: Path
) -> tuple[float, float]:
    """MB/s of a flood, and milliseconds of an echo in the other terminal meanwhile."""
    with multiprocessing.get_context("fork").Pool(1, begin_flood, (flooded, type_, file)) as pool:
        result = pool.apply_async(flood_begun)
        times: list[float] = []
        while not result.ready():
            times += echoes(client, type_, 10)
        return result.get(), median(times)


begun: list[tuple[WebSocketClient, Type, Path]] = []
"""In the process that reads a flood: what it is to do."""


def begin_flood(client: WebSocketClient, type_: Type, file: Path) -> None:
    begun.append((client, type_, file))


def flood_begun() -> float:
    return flood(*begun.pop())


# --- ours


@contextmanager
def our_clients() -> Iterator[tuple[WebSocketClient, WebSocketClient]]:
    with MeasuredServer() as server:
        environment = server.environment("true")
        clients = our_client(server, environment), our_client(server, environment)
        try:
            yield clients
        finally:
            for client in clients:
                client.close()


def our_client(server: MeasuredServer, environment: str) -> WebSocketClient:
    session = server.session(environment)
    target = f"/api/v1/ws/terminal?sessionId={session}"
    client = WebSocketClient(server.socket, target, server.token)
    sessions[client] = session
    return client


sessions: dict[WebSocketClient, str] = {}
"""Of each client of ours, the session that it types into."""


def type_to_ours(client: WebSocketClient, data: str) -> None:
    client.send("terminal_input", sessionId=sessions[client], data=data)


# --- terminado


def install_terminado(directory: Path) -> tuple[Path | None, str]:
    """The Python of a virtual environment that has it, or why there is none."""
    python = directory / "venv" / "bin" / "python"
    try:
        for command in (
            [sys.executable, "-m", "venv", str(directory / "venv")],
            [str(python), "-m", "pip", "install", "-q", "terminado"],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=SECONDS_TO_INSTALL)
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"left out: it can't be installed: {error}"
    return python, "installed"


@contextmanager
def terminado_clients(python: Path) -> Iterator[tuple[WebSocketClient, WebSocketClient]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([str(python), "-c", TERMINADO, str(port)])
    try:
        clients = connect(port, process), connect(port, process)
        yield clients
        for client in clients:
            client.close()
    finally:
        process.kill()
        process.wait()


def connect(port: int, process: "subprocess.Popen[bytes]") -> WebSocketClient:
    deadline = time.monotonic() + 30
    while True:
        try:
            return WebSocketClient(port, "/ws")
        except ConnectionRefusedError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.05)


def type_to_terminado(client: WebSocketClient, data: str) -> None:
    client.send_bytes(json.dumps(["stdin", data]).encode())


if __name__ == "__main__":
    sys.exit(main())
