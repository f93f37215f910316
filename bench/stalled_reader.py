"""What a reader that doesn't read costs: the server's memory, and the others' lines.

Ten clients follow a flood, then ten of which one reads nothing; in the end that one catches up.

    python bench/stalled_reader.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import sys
import threading
from typing import Final

from fanout import readers_of_a_log
from figures import Figure, conclude
from measured_server import MeasuredServer
from websocket_clients import Counters

CLIENTS: Final = 10
MEMORY_MIB: Final = 8.0
"""What a stalled reader may add to the server."""

SPEED: Final = 0.9
"""The least part of their speed without it that the others have; the rest is the noise here."""


def main() -> int:
    arguments = argparse.ArgumentParser(description="What a stalled reader costs.")
    arguments.add_argument("--quick", action="store_true", help="a fifth of the lines")
    lines = 100_000 if arguments.parse_args().quick else 500_000
    without, alone, _ = measure(lines, stalled=False)
    beside, with_one, caught_up = measure(lines, stalled=True)
    return conclude(
        [
            Figure("memory that it adds", (beside - without) / 1024**2, MEMORY_MIB, "MiB"),
            Figure("speed of the others", alone / with_one, SPEED, "of before", at_least=True),
            Figure("lines that it lacks in the end", lines - caught_up, 0, "lines"),
        ],
        lines=lines,
    )


def measure(lines: int, *, stalled: bool) -> tuple[int, float, int]:
    """The server's most memory, the seconds until the readers had all, and what the stalled one
    had after catching up."""
    with (
        MeasuredServer() as server,
        readers_of_a_log(server, CLIENTS, lines, 0, "") as (readers, gate),
    ):
        late = set_aside(readers) if stalled else None
        peak = Peak(server)
        gate.write_text("go")
        seconds = readers.read_until(lines)
        most = peak.end()
        if late is None:
            return most, seconds, lines
        late.read_until(lines)
        return most, seconds, late.counts[0]


def set_aside(readers: Counters) -> Counters:
    """Take one client from them, that is not read from for now."""
    client = readers.clients.pop()
    readers.counts.pop()
    readers._selector.unregister(client.socket)
    return Counters([client], readers._marker)


class Peak:
    """The most memory that a server has had since."""

    def __init__(self, server: MeasuredServer) -> None:
        self._server = server
        self._most = server.resident
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def end(self) -> int:
        """Bytes, up to now."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self._most = max(self._most, self._server.resident)


if __name__ == "__main__":
    sys.exit(main())
