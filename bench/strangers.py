"""Whether a crowd that never authenticates keeps out somebody who does.

Ten thousand connections from four processes and as many addresses of this machine: silent ones,
heads of requests without an end, WebSockets without a token and with a wrong one. While they come
and while they stay, somebody with a token asks by REST and opens WebSockets, each time anew; a
WebSocket from before goes on. Compared with the same while nobody else is there.

    python bench/strangers.py [--quick]

The last line is JSON; the exit status is 1 if a goal is missed.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
from figures import Figure, conclude
from websockets.asyncio.client import connect

SECRET: Final = "a secret of this measurement, long enough"
ADDRESSES: Final = [
    f"127.0.0.{number}" if sys.platform == "linux" else "127.0.0.1" for number in range(2, 6)
]
"""Where the crowd comes from, a process each."""

PATIENCE: Final = 30.0

MOST_SECONDS: Final = 5.0
"""Within which whoever has a token is to have an answer."""

PAUSE: Final = 0.05
"""Seconds between two attempts of who has a token."""

SPARE: Final = 200
"""Files of a process of the crowd beside its connections."""

UPGRADE: Final = (
    b"GET /api/v1/ws/logs%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
BEGINNINGS: Final = (
    b"",
    b"GET /api/v1/environments HTTP/1.1\r\nHost: x\r\nX-More: ",
    UPGRADE % b"",
    UPGRADE % b"?token=a.wrong.one",
)


def main() -> int:
    arguments = argparse.ArgumentParser(description="A crowd of strangers at the door.")
    arguments.add_argument("--quick", action="store_true", help="a tenth of the crowd")
    arguments.add_argument("--crowd", nargs=3, metavar=("PORT", "COUNT", "ADDRESS"))
    given = arguments.parse_args()
    if given.crowd:
        port, count, address = given.crowd
        asyncio.run(crowd(int(port), int(count), address))
        return 0
    return measure(1_000 if given.quick else 10_000)


# --- the crowd -----------------------------------------------------------------------------


async def crowd(port: int, count: int, address: str) -> None:
    """Open so many connections, say so, and hold what the server lets stand, until input ends."""
    allow_files(count + SPARE)
    opened = [await stranger(port, address, number) for number in range(count)]
    print(sum(writer is not None for writer in opened), flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def stranger(port: int, address: str, number: int) -> asyncio.StreamWriter | None:
    """One connection, which begins something and never ends it."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        writer.write(BEGINNINGS[number % len(BEGINNINGS)])
        return writer
    return None


def allow_files(count: int) -> None:
    """Have as many files open as that, where the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


@contextlib.contextmanager
def crowds(port: int, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that open the connections, all at once."""
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--crowd", str(port), str(count // len(ADDRESSES)), address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for address in ADDRESSES
    ]
    try:
        yield started
    finally:
        for process in started:
            process.communicate()


# --- who has a token -----------------------------------------------------------------------


def measure(count: int) -> int:
    with tempfile.TemporaryDirectory(prefix="vbx-bench-") as name, serving(Path(name)) as port:
        token = issue(Path(name))
        asyncio.run(attempts(port, token, lambda done: done >= 3))  # whatever loads late has
        alone, _ = asyncio.run(attempts(port, token, lambda done: done >= 20))
        print(f"alone: {statistics.median(alone) * 1000:.0f} ms at the median")
        with crowds(port, count) as started:
            during, failed, opened = asyncio.run(amid(port, token, started))
        print(
            f"{opened} strangers: {statistics.median(during) * 1000:.0f} ms at the median,"
            f" {max(during) * 1000:.0f} ms at the most, {len(during)} attempts, {failed} failed"
        )
    return conclude(
        [
            Figure("strangers that connected", opened, count * 0.99, "", at_least=True),
            Figure("attempts that failed", failed, 0, ""),
            Figure("the longest wait for an answer", max(during), MOST_SECONDS, "s"),
        ],
        attempts=len(during),
        times_of_alone=round(statistics.median(during) / statistics.median(alone), 1),
    )


async def amid(
    port: int, token: str, started: "list[subprocess.Popen[str]]"
) -> tuple[list[float], int, int]:
    """Attempts from the crowd's coming until a while after all of it is there."""
    arrivals = asyncio.gather(*(asyncio.to_thread(read_count, process) for process in started))
    after = 0

    def enough(_: int) -> bool:
        nonlocal after
        after += arrivals.done()
        return after > 20

    times, failed = await attempts(port, token, enough)
    return times, failed, sum(await arrivals)


def read_count(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


async def attempts(port: int, token: str, enough: Callable[[int], bool]) -> tuple[list[float], int]:
    """How long REST and a new WebSocket took together, each time; and how many didn't work."""
    times: list[float] = []
    failed = 0
    url = f"127.0.0.1:{port}/api/v1"
    headers = {"Authorization": f"Bearer {token}"}
    async with websocket(f"ws://{url}/ws/status", headers) as before:
        while not enough(len(times)):
            began = time.perf_counter()
            try:
                async with asyncio.timeout(PATIENCE):
                    await attempt(url, headers)
                    await before.send('{"type": "ping"}')
                    await before.recv()
            except Exception as error:
                failed += 1
                print(f"failed: {error!r}")
            times.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE)
    return times, failed


async def attempt(url: str, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=PATIENCE) as http:
        (await http.get(f"http://{url}/auth/me")).raise_for_status()
    async with websocket(f"ws://{url}/ws/logs", headers) as opened:
        await opened.send('{"type": "ping"}')
        await opened.recv()


def websocket(url: str, headers: dict[str, str]) -> connect:
    return connect(url, additional_headers=headers, proxy=None, open_timeout=PATIENCE)


# --- the server ----------------------------------------------------------------------------


@contextlib.contextmanager
def serving(directory: Path) -> Iterator[int]:
    """`vibebox serve` with a user, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    where = ["--data-dir", str(directory)]
    run_vibebox("user", "add", "ada@example.com", "--password", "a long password", *where)
    log = (directory / "log").open("wb")
    with (
        log,
        subprocess.Popen(
            [sys.executable, "-m", "vibebox_tui", "serve", "--port", str(port), *where],
            env={**os.environ, "VIBEBOX_SECRET": SECRET},
            stderr=log,
        ) as server,
    ):
        deadline = time.monotonic() + PATIENCE
        while not answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError("the server didn't start")
            time.sleep(0.05)
        try:
            yield port
        finally:
            server.terminate()


def answers(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/health", trust_env=False).is_success
    return False


def issue(directory: Path) -> str:
    return run_vibebox("token", "ada@example.com", "--data-dir", str(directory)).strip()


def run_vibebox(*arguments: str) -> str:
    command = [sys.executable, "-m", "vibebox_tui", *arguments]
    environment = {**os.environ, "VIBEBOX_SECRET": SECRET}
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout


if __name__ == "__main__":
    raise SystemExit(main())
