"""What the dashboard is told from outside: all of it has a default that suits a terminal."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from vibebox_tui.logs.ring import DEFAULT_BYTES
from vibebox_tui.ui.glyphs import UNICODE, Glyphs

Clock = Callable[[], float]
"""Seconds since the epoch; tests hand in one that stands still."""


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """How the dashboard looks and behaves, made once by the command line.

    `keymap` maps the ids of bindings (as `?` shows them) to keys, several with commas between
    them. `escape_key` is what leaves a captured terminal; with `confirm_paste` a paste of several
    lines into one has to be confirmed. With `programs_copy` a program in a terminal may write to
    the clipboard (OSC 52), which is then said; never read it. The lines of all log panes together
    take at most `log_memory` bytes; a terminal keeps `scrollback` lines.
    """

    theme: str = "vibebox-dark"
    glyphs: Glyphs = UNICODE
    keymap: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    escape_key: str = "ctrl+right_square_bracket"
    confirm_paste: bool = True
    programs_copy: bool = False
    log_memory: int = DEFAULT_BYTES
    scrollback: int = 10_000
    clock: Clock = time.time
