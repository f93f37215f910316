"""What connections cost: the memory of idle ones, and how many can be set up in a second.

Compared with `websockets`' own server, which neither verifies a token nor knows its users.

    python bench/connections.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import resource
import sys
import time
from pathlib import Path
from typing import Final

from fanout import naive_python
from figures import Figure, conclude
from measured_server import MeasuredServer
from websocket_clients import WebSocketClient

KIB_EACH: Final = 20.0
"""Of the server's resident memory, without compression."""

WARMING: Final = 50
"""Connections opened before anything is measured: what is made once isn't theirs."""


def main() -> int:
    arguments = argparse.ArgumentParser(description="What connections cost.")
    arguments.add_argument("--quick", action="store_true", help="300 in place of 1,000")
    count = 300 if arguments.parse_args().quick else 1000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rates, memory = [], 0.0
    with naive_python() as (_, path), MeasuredServer() as server:
        target = "/api/v1/ws/status"
        close(open_all(path, WARMING, "/", None)[0])
        close(open_all(server.socket, WARMING, target, server.token)[0])
        naive = []
        for _ in range(3):
            clients, seconds = open_all(path, count, "/", None)
            naive.append(count / seconds)
            close(clients)
            before = server.resident
            clients, seconds = open_all(server.socket, count, target, server.token)
            rates.append(count / seconds)
            memory = max(memory, (server.resident - before) / count / 1024)
            close(clients)
    ratio = sorted(rates)[1] / sorted(naive)[1]
    return conclude(
        [
            Figure(f"memory of each of {count} idle ones", memory, KIB_EACH, "KiB"),
            Figure("set-up rate to that of websockets", ratio, 1.0, "", at_least=True),
        ],
        set_up_per_second=round(sorted(rates)[1]),
        set_up_per_second_websockets=round(sorted(naive)[1]),
    )


def open_all(
    path: Path, count: int, target: str, token: str | None
) -> tuple[list[WebSocketClient], float]:
    """Open connections one after the other; the last has been answered, so all have."""
    began = time.monotonic()
    clients = [WebSocketClient(path, target, token) for _ in range(count)]
    return clients, time.monotonic() - began


def close(clients: list[WebSocketClient]) -> None:
    for client in clients:
        client.close()
    time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
