"""How long a server asks to be left alone (RFC 9110, 10.2.3). Pure."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def seconds_asked_for(headers: Mapping[str, str], otherwise: float, now: float) -> float:
    """Seconds that `Retry-After` names, as such or as a date, seen from `now` (since the epoch).

    `otherwise` where the header is missing or can't be understood; never less than 0.
    """
    text = headers.get("Retry-After", "")
    seconds = _number(text)
    if seconds is None:
        seconds = _until(text, now)
    return otherwise if seconds is None else max(0.0, seconds)


def _number(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _until(text: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None
