"""The engine's times: RFC 3339 with as many as nine decimals."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


@lru_cache(maxsize=1024)
def nanoseconds(moment: str) -> int | None:
    """Nanoseconds since the epoch; None for what is no time, or before 1970 as "never" is."""
    match = _MOMENT.fullmatch(moment)
    if match is None:
        return None
    seconds, decimals, zone = match.groups()
    try:
        whole = datetime.fromisoformat(seconds + zone.replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    found = int(whole.timestamp()) * 1_000_000_000 + int((decimals or "").ljust(9, "0"))
    return found if found > 0 else None
