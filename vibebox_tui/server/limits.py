"""Rates and counts, with an injected clock."""

import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from vibebox_tui.server.errors import ServerError

_FREE_REFUSALS: Final = 10
"""Refused tokens in a row that are answered at once: a dashboard's connections after an expiry."""

_LONGEST_DELAY: Final = 30.0
"""Seconds that a refusal is held back at most, as long as a client's longest back-off."""

Clock = Callable[[], float]
"""Seconds, rising."""

_SUBSCRIBER_BITS: Final = 64
"""Bits of an IPv6 address that whoever has it didn't choose."""

_FORGET_SECONDS: Final = 60.0
"""Window of the log-in attempts."""

_MAX_KEYS: Final = 10_000
"""Accounts and addresses remembered at once; beyond it the oldest are forgotten."""


@lru_cache(maxsize=1024)
def origin_of(address: str) -> str:
    """What counts as one address: of IPv6, the network that a subscriber has (RFC 6177)."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, _SUBSCRIBER_BITS), strict=False))


class RateLimitedError(ServerError):
    """Too much in too short a time; `retry_after` is in seconds."""

    kind = "TooManyRequests"
    status = 429

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, retryAfter=round(retry_after * 1000))
        self.retry_after = retry_after


class TokenBucket:
    """`rate` a second on average, `burst` at once."""

    __slots__ = ("_burst", "_clock", "_last", "_level", "_rate")

    def __init__(self, rate: float, burst: int, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._level = float(burst)
        self._last = clock()

    def take(self) -> float:
        """Take one: 0 where it was there, else the seconds until it will be."""
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._last) * self._rate)
        self._last = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self._rate


class ConnectionCounts:
    """How many connections there are for each key (a user, an environment's log).

    A connection that replaces another of the same key is let in above the limit while fewer than
    `grace` seconds have passed since the excess began.
    """

    def __init__(self, limit: int, grace: float = 0.0, clock: Clock = time.monotonic) -> None:
        self._limit = limit
        self._grace = grace
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._over_since: dict[str, float] = {}

    def enter(self, key: str) -> bool:
        """Count one more; False where that would be too many."""
        if self._counts[key] >= self._limit and not self._is_replacement(key):
            return False
        self._counts[key] += 1
        return True

    def leave(self, key: str) -> None:
        """Count one less."""
        self._counts[key] -= 1
        if self._counts[key] <= self._limit:
            self._over_since.pop(key, None)
        if self._counts[key] <= 0:
            del self._counts[key]

    def _is_replacement(self, key: str) -> bool:
        if self._grace <= 0 or self._counts[key] >= 2 * self._limit:
            return False
        since = self._over_since.setdefault(key, self._clock())
        return self._clock() - since < self._grace


class LoginThrottle:
    """Log-ins tried for each account and each address within the last minute.

    An attempt counts from its beginning, so that many at once are no way round; one that succeeds
    counts no longer.
    """

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._attempts: dict[str, list[float]] = {}

    def attempt(self, *keys: str) -> None:
        """Count an attempt for each of `keys`, while none of them has had too many.

        Raises:
            RateLimitedError: one has.
        """
        now = self._clock()
        recent = {key: self._recent(key, now) for key in keys}
        for times in recent.values():
            if len(times) >= self._per_minute:
                wait = _FORGET_SECONDS - (now - times[0])
                raise RateLimitedError("Too many log-in attempts, try again later", wait)
        for key, times in recent.items():
            self._attempts.pop(key, None)
            self._attempts[key] = [*times, now]
        while len(self._attempts) > _MAX_KEYS:
            del self._attempts[next(iter(self._attempts))]

    def succeeded(self, *keys: str) -> None:
        """Take back the newest attempt of each of `keys`."""
        for key in keys:
            if times := self._attempts.get(key):
                times.pop()

    def _recent(self, key: str, now: float) -> list[float]:
        return [at for at in self._attempts.get(key, ()) if now - at < _FORGET_SECONDS]


class Refusals:
    """Tokens refused to an address: the oftener in a row, the later it is answered.

    A client that starts its back-off anew whenever a connection opens would otherwise come back
    at once, for ever.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._refused: dict[str, tuple[int, float]] = {}

    def refused(self, address: str) -> float:
        """Note one more; the seconds to wait before it is answered."""
        now, address = self._clock(), origin_of(address)
        count, last = self._refused.pop(address, (0, now))
        count = 1 if now - last >= _FORGET_SECONDS else count + 1
        self._refused[address] = (count, now)
        while len(self._refused) > _MAX_KEYS:
            del self._refused[next(iter(self._refused))]
        doublings = count - _FREE_REFUSALS
        return min(2.0 ** min(doublings, 10), _LONGEST_DELAY) if doublings > 0 else 0.0

    def accepted(self, address: str) -> None:
        """A token was believed: begin anew."""
        self._refused.pop(origin_of(address), None)
