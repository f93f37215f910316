"""What of a screen no sequence can say, in an OSC of our own that every other terminal swallows.

`OSC 7070 ; name=numbers ; … BEL`: the character that REP repeats, cursors that wait at the
margin, and lines that go on in the next one though no text ran over their end, the newest prompt.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from .grid import Grid
from .motion import Motion

NUMBER = 7070
"""Of the OSC; nobody else is known to use it."""


def said(facts: dict[str, list[int]]) -> str:
    """The sequence that has another screen `recall` these facts, by name."""
    fields = [f"{name}={' '.join(map(str, numbers))}" for name, numbers in facts.items()]
    return f"\x1b]{NUMBER};{';'.join(fields)}\x07"


def recall(screen: Motion, text: str) -> None:
    """Take the facts of such a sequence, from its first name on; nonsense changes nothing."""
    for field in text.split(";"):
        name, _, numbers = field.partition("=")
        if take := _FACTS.get(name):
            for number in re.findall("-?[0-9]{1,7}", numbers):
                take(screen, int(number))


def _take_last(screen: Motion, code: int) -> None:
    if code == 0:
        screen.last_drawn = ""
    elif 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0x110000:
        screen.last_drawn = chr(code)


def _take_pending(screen: Motion, _: int) -> None:
    screen.cursor.pending = True


def _take_saved(screen: Motion, alternate: int) -> None:
    saved = screen.saved[bool(alternate)]
    screen.saved[bool(alternate)] = replace(saved, pending=True)


def _take_primary(screen: Grid, row: int) -> None:
    if 0 <= row < screen.lines:
        screen.primary[row].wrapped = True
    elif -len(screen.scrollback) <= row < 0:
        screen.scrollback.set_wrapped(row)


def _take_prompt(screen: Motion, row: int) -> None:
    is_there = -len(screen.scrollback) <= row < screen.lines
    lines = screen.primary if row >= 0 else screen.scrollback
    screen.prompt = lines[row] if is_there else None


def _take_alternate(screen: Grid, row: int) -> None:
    if 0 <= row < screen.lines:
        screen.alternate[row].wrapped = True


_FACTS: dict[str, Callable[[Motion, int], None]] = {
    "last": _take_last,
    "pending": _take_pending,
    "saved": _take_saved,
    "primary": _take_primary,
    "alternate": _take_alternate,
    "prompt": _take_prompt,
}
"""What to do with each number: a code point or 0, a flag, whose cursor (1 the alternate screen),
a row of the primary (negative in the scrollback), a row of the alternate, and again a row of the
primary, or one that there is none."""
