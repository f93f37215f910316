"""A terminal through our server, against terminado: how soon an echo comes, how fast a flood is.

Ours goes from the PTY over the keeper to the server, which keeps the session's emulated screen
true, numbers the output and saves the screen; terminado passes on what it reads. Both have a
`sh`, and one client that reads as fast as it can.

    python bench/terminal_server.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed. terminado is installed into a
virtual environment that goes afterwards; where that can't be, the reason is said and only ours is
measured.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from figures import Figure, conclude
from measured_server import MeasuredServer
from websocket_clients import WebSocketClient

Type = Callable[[WebSocketClient, str], None]

SECONDS_TO_INSTALL: Final = 120

TERMINADO: Final = (
    "import sys, tornado.httpserver, tornado.ioloop, tornado.web\n"
    "from terminado import SingleTermManager, TermSocket\n"
    "manager = SingleTermManager(shell_command=['/bin/sh'])\n"
    "app = tornado.web.Application([('/ws', TermSocket, {'term_manager': manager})])\n"
    "app.listen(int(sys.argv[1]), '127.0.0.1')\n"
    "tornado.ioloop.IOLoop.current().start()\n"
)


def main() -> int:
    arguments = argparse.ArgumentParser(description="A terminal through the server.")
    arguments.add_argument("--quick", action="store_true", help="fewer keys, a shorter flood")
    quick = arguments.parse_args().quick
    keys, megabytes = (300, 5) if quick else (2000, 40)
    os.environ["SHELL"] = "/bin/sh"
    with tempfile.TemporaryDirectory(prefix="vbx-bench-") as directory:
        file = Path(directory) / "flood.txt"
        file.write_text("".join(lines(megabytes)))
        with our_client() as client:
            ours = measure(client, type_to_ours, keys, file)
        facts: dict[str, object] = {"echo_ms": ours[0], "flood_mb_per_second": ours[1]}
        python, reason = install_terminado(Path(directory))
        if python is None:
            return conclude([], terminado=reason, **facts)
        with terminado_client(python) as client:
            theirs = measure(client, type_to_terminado, keys, file)
    return conclude(
        [
            Figure("echo, p50", ours[0], theirs[0], "ms"),
            Figure("flood", ours[1], theirs[1], "MB/s", at_least=True),
        ],
        **facts,
    )


def lines(megabytes: int) -> Iterator[str]:
    size = number = 0
    while size < megabytes * 1_000_000:
        line = f"2026-01-01T00:00:00Z INFO request {number} served in 3 ms by worker 7\n"
        number += 1
        size += len(line)
        yield line


def measure(client: WebSocketClient, type_: Type, keys: int, file: Path) -> tuple[float, float]:
    """Milliseconds of an echo, the median, and MB/s of a flood."""
    type_(client, "echo rea''dy\n")
    client.wait_for(b"ready")
    time.sleep(0.3)
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
    began = time.perf_counter()
    type_(client, f"cat {file}; echo fini''shed\n")
    client.wait_for(b"finished")
    seconds = time.perf_counter() - began
    return sorted(times)[keys // 2], file.stat().st_size / 1e6 / seconds


# --- ours


@contextmanager
def our_client() -> Iterator[WebSocketClient]:
    with MeasuredServer() as server:
        session = server.session(server.environment("true"))
        target = f"/api/v1/ws/terminal?sessionId={session}"
        client = WebSocketClient(server.socket, target, server.token)
        sessions[client] = session
        try:
            yield client
        finally:
            client.close()


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
def terminado_client(python: Path) -> Iterator[WebSocketClient]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([str(python), "-c", TERMINADO, str(port)])
    try:
        client = connect(port, process)
        yield client
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
