"""What the keeper costs that owns everything, also while no server takes what is written.

Environments that first wait and then all flood, while the keeper's server is away and after it
has come back; beside it tmux, which owns as many programs doing the same.

    python bench/keeper.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psutil
from figures import Figure, conclude

from vibebox_tui.server.keeper.launch import Launch
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.kept_child import Unclaimed

MOST_MIB: Final = 15.0

FLOOD: Final = "read go < gate; yes 'a line of some forty characters, or so' & exec sleep 1000"
"""Waits at a FIFO, then writes as fast as anybody reads."""

PATIENCE: Final = 30.0
SETTLING: Final = 2.0
"""Seconds in which a flood has filled whatever takes it."""

LOOKS: Final = 20
"""At what is resident, during a flood that is taken; the highest counts."""


def main() -> int:
    arguments = argparse.ArgumentParser(description="What the keeper costs.")
    arguments.add_argument("--quick", action="store_true", help="a third of the environments")
    count = 10 if arguments.parse_args().quick else 30
    with tempfile.TemporaryDirectory(prefix="vbx-bench-") as name:
        directory = Path(name)
        calm, flooded, taken = asyncio.run(keeper(directory, count))
        peer = tmux(directory, count)
    return conclude(
        [
            Figure("keeper with what waits", calm, MOST_MIB, "MiB"),
            Figure("keeper with floods and no server", flooded, MOST_MIB, "MiB"),
            Figure("keeper with floods and a server", taken, MOST_MIB, "MiB"),
            Figure("floods and no server, to tmux", flooded / peer, 1.5, ""),
        ],
        environments=count,
        tmux=round(peer, 1),
    )


async def keeper(directory: Path, count: int) -> tuple[float, float, float]:
    """MiB resident of a keeper with so many environments.

    While these wait, while they flood for nobody, and while they flood for a server.
    """
    client = await KeeperClient.open(directory)
    assert client.pid is not None
    process = psutil.Process(client.pid)
    with gate(directory) as open_gate:
        for number in range(count):
            launch = Launch(
                f"run/{number}/", ["sh", "-c", FLOOD], "sh", str(directory), dict(os.environ), [],
                0, 0,
            )  # fmt: skip
            await client.spawn(launch, Unclaimed())
        calm = resident(process)
        print(f"{count} environments wait: {calm:.1f} MiB")
        await client.close()
        await asyncio.to_thread(open_gate, count)
    flooded = resident(process)
    print(f"they flood, and there is no server: {flooded:.1f} MiB")
    client = await KeeperClient.open(directory)
    for child in client.found:
        client.adopt(child, Unclaimed(), {})
    taken = 0.0
    for _ in range(LOOKS):
        await asyncio.sleep(SETTLING / LOOKS)
        taken = max(taken, resident(process))
    print(f"they flood, and the server takes it: {taken:.1f} MiB")
    await client.quit()
    process.wait(PATIENCE)
    return calm, flooded, taken


def tmux(directory: Path, count: int) -> float:
    """MiB resident of a tmux server with as many windows of the same."""
    command = ["tmux", "-S", str(directory / "tmux"), "-f", os.devnull]
    with gate(directory) as open_gate:
        begin = ["new-session", "-d", "-c", str(directory), FLOOD]
        subprocess.run([*command, *begin], check=True)
        try:
            for _ in range(count - 1):
                subprocess.run([*command, "new-window", "-c", str(directory), FLOOD], check=True)
            asked = [*command, "display-message", "-p", "#{pid}"]
            said = subprocess.run(asked, check=True, capture_output=True, text=True)
            open_gate(count)
            time.sleep(SETTLING)
            flooded = resident(psutil.Process(int(said.stdout)))
        finally:
            subprocess.run([*command, "kill-server"], check=True)
    print(f"tmux with {count} windows of the same: {flooded:.1f} MiB")
    return flooded


@contextlib.contextmanager
def gate(directory: Path) -> Iterator[Callable[[int], None]]:
    """A FIFO that programs wait at until it is opened for all of them."""
    path = directory / "gate"
    os.mkfifo(path)

    def open_for(count: int) -> None:
        # Every reader has it open by now, or finds the lines when it has.
        descriptor = os.open(path, os.O_RDWR)
        os.write(descriptor, b"\n" * count)
        time.sleep(SETTLING)
        os.close(descriptor)

    yield open_for
    path.unlink()


def resident(process: psutil.Process) -> float:
    """MiB of memory that a process has resident."""
    return float(process.memory_info().rss) / 2**20


if __name__ == "__main__":
    raise SystemExit(main())
