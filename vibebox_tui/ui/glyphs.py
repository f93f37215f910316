"""What is drawn for a state, a mark, a bar: one table for terminals with Unicode, one without."""

import locale
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Every glyph that the dashboard draws, each one cell wide.

    `bars` are the eight steps of a sparkline, from the lowest; `blank` a known nothing.
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
    ascending: str
    descending: str
    bars: str
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
    ascending="↑",
    descending="↓",
    bars="▁▂▃▄▅▆▇█",
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
    ascending="^",
    descending="v",
    bars="_.-:=+*#",
    box="++++-|",
)


def glyphs_for(environment: Mapping[str, str] = os.environ, encoding: str = "") -> Glyphs:
    """Choose by what the terminal can show.

    The Linux console's font lacks most of ours, and a locale that is not UTF-8 can't name them.
    """
    if environment.get("TERM", "") in {"linux", "dumb", "vt100", "vt220"}:
        return ASCII
    charset = encoding or locale.getpreferredencoding(False)
    return UNICODE if charset.lower().replace("-", "") == "utf8" else ASCII
