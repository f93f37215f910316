"""What is drawn for a state, a mark, a bar: one table for terminals with Unicode, one without."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Every glyph that the dashboard draws, each one cell wide.

    `cut` stands at the end of a line that goes on. `bars` are the eight steps of a sparkline, from
    the lowest; `blank` a known nothing.
    """

    unicode: bool
    running: str
    stopped: str
    error: str
    changing: str
    unknown: str
    selected: str
    marked: str
    pinned: str
    absent: str
    rule: str
    separator: str
    ellipsis: str
    cut: str
    ascending: str
    descending: str
    bars: str
    bar_cursor: str
    box: str
    """A frame's corners (upper left and right, lower left and right), its rule and its side."""

    def state(self, status: str) -> str:
        """The glyph for an environment's status; a status that we don't know has its own."""
        match status:
            case "running":
                return self.running
            case "stopped":
                return self.stopped
            case "error":
                return self.error
            case "starting" | "stopping":
                return self.changing
            case _:
                return self.unknown


UNICODE = Glyphs(
    unicode=True,
    running="●",
    stopped="○",
    error="✗",
    changing="◐",
    unknown="?",
    selected="▸",
    marked="✓",
    pinned="▴",
    absent="–",
    rule="─",
    separator="·",
    ellipsis="…",
    cut="›",
    ascending="↑",
    descending="↓",
    bars="▁▂▃▄▅▆▇█",
    bar_cursor="▏",
    box="╭╮╰╯─│",
)

ASCII = Glyphs(
    unicode=False,
    running="*",
    stopped="o",
    error="x",
    changing="~",
    unknown="?",
    selected=">",
    marked="+",
    pinned="^",
    absent="-",
    rule="-",
    separator="|",
    ellipsis=".",
    cut=">",
    ascending="^",
    descending="v",
    bars="_.-:=+*#",
    bar_cursor="|",
    box="++++-|",
)


def glyphs_for(environment: Mapping[str, str] = os.environ) -> Glyphs:
    """Choose by what the terminal can show.

    The Linux console's font lacks most of ours, and a locale that is not UTF-8 can't name them.
    """
    if environment.get("TERM", "") in {"linux", "dumb", "vt100", "vt220"}:
        return ASCII
    return UNICODE if _is_utf8(environment) else ASCII


def _is_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale is UTF-8, as its variables say; where none is set, terminals are.

    Not asked of `locale`: Python takes UTF-8 for the C locale (PEP 540), or puts `C.UTF-8` into
    LC_CTYPE (PEP 538), whatever the terminal shows.
    """
    names = [environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if not names[0] and names[1] == "C.UTF-8" and names[2] in {"C", "POSIX"}:
        return False
    language = next((name for name in names if name), "")
    return not language or "utf" in language.lower()
