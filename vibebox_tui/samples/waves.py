"""A job that looks for primes in waves: more of the processor at the top, more memory after it."""

import math
import signal
import sys
import time
from typing import NoReturn

WAVE_SECONDS = 40.0
"""From one top to the next."""

SLICE_SECONDS = 0.1
"""Work and rest alternate within so long a time."""

LEAST, MOST = 0.02, 0.45
"""The part of one core that is used at the bottom and at the top."""

HELD_MIB = 96
"""Memory that is held at the top of its wave, which lags behind that of the work."""

BLOCK = 20_000
"""How many numbers are sieved at once."""

FARTHEST = 200_000_000
"""Where the search begins anew: beyond it a block takes longer than a slice."""

REPORT_SECONDS = 2.0
"""Between two lines of the log."""


def wave(seconds: float) -> float:
    """Between 0 and 1."""
    return (1 - math.cos(2 * math.pi * seconds / WAVE_SECONDS)) / 2


def primes_between(first: int, last: int) -> int:
    """How many primes there are from `first` up to, but not including, `last`."""
    sieve = bytearray(b"\x01") * (last - first)
    for factor in range(2, math.isqrt(last) + 1):
        start = max(factor * factor, -(-first // factor) * factor)
        sieve[start - first :: factor] = bytes(len(range(start, last, factor)))
    return sum(sieve)


class Search:
    """Primes found so far, and memory held meanwhile."""

    def __init__(self) -> None:
        self.reached = 2
        self.found = 0
        self._held: list[bytearray] = []

    @property
    def held(self) -> int:
        """MiB of memory held."""
        return len(self._held)

    def work(self, seconds: float) -> None:
        """Search for so long, counted in processor time."""
        until = time.process_time() + seconds
        while time.process_time() < until:
            self.found += primes_between(self.reached, self.reached + BLOCK)
            self.reached += BLOCK
            if self.reached > FARTHEST:
                self.reached, self.found = 2, 0

    def hold(self, mebibytes: int) -> None:
        """Hold so much memory, touched so that it counts."""
        while self.held < mebibytes:
            self._held.append(bytearray(b"\xff") * (1 << 20))
        del self._held[mebibytes:]


def end(*_: object) -> NoReturn:
    """Say goodbye when told to end."""
    print("waves: told to end", flush=True)
    raise SystemExit(0)


def main() -> None:
    """Search until told to end."""
    signal.signal(signal.SIGTERM, end)
    began = time.monotonic()
    print(f"[INFO] waves begins, a top every {WAVE_SECONDS:.0f} s", flush=True)
    search, reported = Search(), began
    while True:
        now = time.monotonic()
        share = LEAST + (MOST - LEAST) * wave(now - began)
        search.work(share * SLICE_SECONDS)
        search.hold(round(HELD_MIB * wave(now - began - WAVE_SECONDS / 6)))
        if now - reported >= REPORT_SECONDS:
            report(search, share)
            reported = now
        time.sleep((1 - share) * SLICE_SECONDS)


def report(search: Search, share: float) -> None:
    """Log how far the search has come; a full load is worth a warning."""
    level, stream = ("WARN", sys.stderr) if share > 0.9 * MOST else ("INFO", sys.stdout)
    bar = "█" * round(20 * share / MOST)
    line = f"{search.found:,} primes below {search.reached:,}; {search.held} MiB held {bar}"
    print(f"[{level}] {line}", file=stream, flush=True)


if __name__ == "__main__":
    main()
