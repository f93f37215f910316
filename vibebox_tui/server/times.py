"""Times as they travel: ISO 8601, UTC, milliseconds and `Z`."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@lru_cache(maxsize=256)
def iso_time(milliseconds: int) -> str:
    """The time as in `2025-10-01T12:34:56.789Z`; the lines of one read share theirs."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def iso_now() -> str:
    """The present time as text."""
    return iso_time(now_ms())
