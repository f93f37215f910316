"""Numbers as text of a fixed width, so that they line up and don't jump."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from vibebox_tui.ui.glyphs import Glyphs

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

BUSY_CORE: Final = 100.0
"""Percent that fill a sparkline where no limit is known: one core."""


def cpu_text(cpu: float | None, glyphs: Glyphs) -> str:
    """CPU in percent of one core, 5 cells: `  41%`, ` 0.4%`, ` 200%`."""
    if cpu is None:
        return glyphs.absent.rjust(5)
    digits = f"{cpu:.1f}" if 0 < cpu < 9.95 else f"{cpu:.0f}"
    return f"{digits}%".rjust(5)


def memory_text(mebibytes: float | None, glyphs: Glyphs) -> str:
    """Memory in 5 cells: ` 310M`, ` 1.2G`, `  16G`."""
    if mebibytes is None:
        return glyphs.absent.rjust(5)
    if mebibytes < 999.5:
        return (f"{mebibytes:.0f}M" if mebibytes >= 9.95 else f"{mebibytes:.1f}M").rjust(5)
    gibibytes = mebibytes / 1024
    return (f"{gibibytes:.0f}G" if gibibytes >= 99.95 else f"{gibibytes:.1f}G").rjust(5)


def bytes_text(count: int) -> str:
    """An amount of data in at most 5 cells: `0B`, `312B`, `4.1K`, `120M`, `3.0G`."""
    amount, units = float(count), iter("BKMGTP")
    unit = next(units)
    while amount >= 999.5 and (larger := next(units, "")):
        amount, unit = amount / 1024, larger
    digits = f"{amount:.1f}" if unit != "B" and amount < 99.95 else f"{amount:.0f}"
    return f"{digits}{unit}"


def duration_text(seconds: float) -> str:
    """A length of time in at most two units: `4s`, `12m`, `3h20m`, `3d4h`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours}h{rest // _MINUTE}m" if rest >= _MINUTE else f"{hours}h"
    days, rest = divmod(whole, _DAY)
    return f"{days}d{rest // _HOUR}h" if rest >= _HOUR else f"{days}d"


def seconds_since(iso_time: str | None, now: float) -> float | None:
    """Seconds from an ISO 8601 time until `now`; None where there is no such time."""
    if not iso_time:
        return None
    try:
        return now - datetime.fromisoformat(iso_time).timestamp()
    except ValueError:
        return None


def round_trip_text(seconds: float | None, glyphs: Glyphs) -> str:
    """A round trip in milliseconds, 6 cells: ` 34 ms`."""
    if seconds is None:
        return f"{glyphs.absent} ms".rjust(6)
    milliseconds = seconds * 1000
    digits = "<1" if milliseconds < 1 else f"{milliseconds:.0f}"
    return f"{digits} ms".rjust(6)


def spark(values: Sequence[float | None], width: int, top: float, glyphs: Glyphs) -> str:
    """The newest `width` values as bars between 0 and `top`; unknown ones are blanks."""
    newest = values[-width:] if width else ()
    highest = max((value for value in newest if value is not None), default=0.0)
    scale = max(top, highest)
    return "".join(_bar(value, scale, glyphs) for value in newest).rjust(width)


def _bar(value: float | None, scale: float, glyphs: Glyphs) -> str:
    if value is None or scale <= 0:
        return " "
    last = len(glyphs.bars) - 1
    return glyphs.bars[min(last, math.floor(value / scale * len(glyphs.bars)))]
