"""Times of lines: read from the wire, told to a person, and read from what a person types."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final

from vibebox_tui.errors import VibeBoxError

UNKNOWN_TIME: Final = 0
"""The time of a line that came without one, in milliseconds since the epoch."""

_MS_LENGTH: Final = len("2025-10-01T12:34:56.789Z")


_FRACTIONS: Final = {f"{number:03d}": number for number in range(1000)}


class TimeStyle(StrEnum):
    """How the time before each line is told."""

    OFF = "off"
    RELATIVE = "relative"
    LOCAL = "local"
    UTC = "UTC"

    def next(self) -> "TimeStyle":
        """The style after this one, in the order in which a key goes through them."""
        styles = list(TimeStyle)
        return styles[(styles.index(self) + 1) % len(styles)]


class MomentError(VibeBoxError):
    """What was typed is no time that can be jumped to."""


def to_milliseconds(text: str | None) -> int:
    """Milliseconds since the epoch of an ISO 8601 time; UNKNOWN_TIME where it is none."""
    if not text:
        return UNKNOWN_TIME
    if len(text) == _MS_LENGTH and text[19] == "." and text[23] == "Z":
        second, fraction = _second(text[:19]), _FRACTIONS.get(text[20:23])
        if second is not None and fraction is not None:
            return second + fraction
    try:
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return UNKNOWN_TIME


def to_iso(milliseconds: int) -> str:
    """An ISO 8601 time in UTC with milliseconds and `Z`, as it is on the wire."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def time_text(milliseconds: int, style: TimeStyle, now: int, zone: tzinfo | None = None) -> str:
    """A line's time in the width of its style, blank where it isn't known.

    `now` is in milliseconds since the epoch; `zone` is the local zone, None the machine's own.
    """
    if style is TimeStyle.OFF:
        return ""
    if milliseconds == UNKNOWN_TIME:
        return " " * TIME_WIDTHS[style]
    if style is TimeStyle.RELATIVE:
        return _ago(now - milliseconds).rjust(TIME_WIDTHS[style])
    second, fraction = divmod(milliseconds, 1000)
    clock = _clock(second, UTC if style is TimeStyle.UTC else zone)
    return f"{clock}.{fraction:03d}"


TIME_WIDTHS: Final = {
    TimeStyle.OFF: 0,
    TimeStyle.RELATIVE: len("-23h59m"),
    TimeStyle.LOCAL: len("14:02:09.123"),
    TimeStyle.UTC: len("14:02:09.123"),
}
"""Cells of a time in each style."""


def parse_moment(text: str, now: int, zone: tzinfo | None = None) -> int:
    """The time that a person means, in milliseconds since the epoch.

    Understood are a time of day in the local `zone` (`14:02`, `14:02:09`; one that would be in
    the future is yesterday's), a time ago (`-5m`, `-1h30m`, `-2d`), a date, and an ISO 8601 time,
    local where it has no zone of its own.

    Raises:
        MomentError: it is none of these.
    """
    text = text.strip()
    if ago := _AGO.fullmatch(text):
        return now - 1000 * sum(
            int(number) * _UNITS[unit] for number, unit in _AGO_PART.findall(ago[1])
        )
    here = datetime.fromtimestamp(now / 1000, zone)
    try:
        if _TIME_OF_DAY.fullmatch(text):
            return _today_or_yesterday(text, here)
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise MomentError(
            f"{text!r} is no time: write 14:02, -5m, or 2025-10-01T14:02:09"
        ) from None


_AGO = re.compile(r"-\s*((?:\d{1,9}[smhdw])+)")
_AGO_PART = re.compile(r"(\d+)([smhdw])")
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def _today_or_yesterday(text: str, here: datetime) -> int:
    hour, minute, *rest = text.split(":")
    seconds = float(rest[0]) if rest else 0.0
    moment = here.replace(
        hour=int(hour),
        minute=int(minute),
        second=int(seconds),
        microsecond=round(seconds % 1 * 1_000_000),
    )
    return round((moment - timedelta(days=moment > here)).timestamp() * 1000)


@lru_cache(maxsize=256)
def _second(text: str) -> int | None:
    """Milliseconds of a time in whole seconds, UTC; lines of the same second share the answer."""
    try:
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _clock(second: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(second, zone).strftime("%H:%M:%S")


def _ago(milliseconds: int) -> str:
    seconds = max(0, milliseconds) // 1000
    if seconds < 60:
        return f"-{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"-{minutes}m{seconds:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"-{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"-{days}d{hours:02d}h" if days < 100 else f"-{min(days, 99_999)}d"
