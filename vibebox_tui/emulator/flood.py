"""A flood costs what remains of it: text that will have scrolled away is not drawn.

Where more newlines follow in what is already there than screen and scrollback can hold, and
nothing but text, SGR and newlines stands before them, only the pen and the column that this text
leaves behind matter. They are worked out without drawing, to the same result.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .screen import Screen
from .sgr import apply_sgr
from .style import Style

_SGR = re.compile(r"\x1b\[([\d;:]*)m")

_OTHER = re.compile(
    "\x1b(?!\\[[\\d;:]*m)|[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\ud800-\udfff]"
)
"""What is neither text nor SGR nor a newline."""

_OTHER_SEQUENCE = re.compile("\x1b(?!\\[[\\d;:]*m)")
_OTHER_ASCII = [chr(code) for code in (*range(32), 127) if chr(code) not in "\n\r\x1b"]

_LAST_CHARACTERS = 400
"""Characters looked at for the last one drawn, the one that REP would repeat."""


@dataclass(frozen=True, slots=True)
class Flood:
    """A stretch of nothing but text, SGR and newlines, from `start` to `stop`, of which what
    comes before `end` needs not be drawn."""

    start: int
    end: int
    stop: int
    newlines: int
    """Before `end`."""
    kept: int
    """Lines that screen and scrollback hold."""


def find_flood(data: str, screen: Screen) -> Flood | None:
    """The first stretch of `data` that is a flood for this screen."""
    kept = _lines_kept(screen)
    enough = kept + 2 * screen.lines
    if len(data) <= enough or data.count("\n") <= enough:
        return None
    for start, stop in _clean_stretches(data, enough):
        if data.count("\n", start, stop) > enough:
            start = data.find("\n", start) + 1  # what wraps, or is half drawn, is in this line
            end = _before_newlines(data, kept + screen.lines, stop)
            end = data.rfind("\r", start, end) + 1 or end
            if data[end - 1] != "\r" and not data[start:end].isascii():
                continue
            newlines = data.count("\n", start, end)
            if newlines > screen.lines:
                return Flood(start, end, stop, newlines, kept)
    return None


def _clean_stretches(data: str, longer_than: int) -> Iterator[tuple[int, int]]:
    start = 0
    if data.isascii() and not any(map(data.__contains__, _OTHER_ASCII)):
        other = _OTHER_SEQUENCE  # its search jumps from ESC to ESC
    else:
        other = _OTHER
    for match in other.finditer(data):
        stop = match.start()
        if stop - start > longer_than:
            yield start, stop
        start = stop + 1
    if len(data) - start > longer_than:
        yield start, len(data)


def skip(flood: Flood, data: str, screen: Screen) -> bool:
    """Do to the screen's pen and cursor what the flood would have done; not where what was drawn
    before it has changed what the screen keeps."""
    if _lines_kept(screen) != flood.kept or screen.modes.newline or not screen.whole_screen:
        return False
    stretch = data[flood.start : flood.end]
    cursor = screen.cursor
    if stretch.endswith("\r"):
        cursor.x = 0
    else:
        text = _SGR.sub("", stretch) if "\x1b" in stretch else stretch
        cursor.x = _column_after(text, cursor.x, screen)
    cursor.y, cursor.pending = screen.bottom, False
    screen.style = _pen_after(stretch, screen.style)
    screen.last_drawn = (
        _SGR.sub("", stretch[-_LAST_CHARACTERS:]).rstrip("\r\n") or screen.last_drawn
    )
    if screen.keeps_scrollback:
        screen.scrollback.skip(flood.newlines)
    return True


def _lines_kept(screen: Screen) -> int:
    return screen.lines + (screen.scrollback.limit if screen.keeps_scrollback else 0)


def _before_newlines(data: str, count: int, stop: int) -> int:
    """The place that so many newlines follow before `stop`."""
    place = stop
    for _ in range(count):
        place = data.rfind("\n", 0, place)
    return place


def _pen_after(stretch: str, pen: Style) -> Style:
    reset = max(stretch.rfind("\x1b[m"), stretch.rfind("\x1b[0m"), 0)
    for match in _SGR.finditer(stretch, reset):
        pen = apply_sgr(pen, match[1])
    return pen


def _column_after(text: str, column: int, screen: Screen) -> int:
    """The cursor's column after lines without carriage returns, each beginning where the last
    one ended."""
    columns, wraps = screen.columns, screen.modes.autowrap
    first = text[: text.find("\n") + 1]
    repeats = len(text) // len(first) if first else 0
    if text.startswith(first * repeats):
        column = _column_after_same(column, len(first) - 1, repeats, screen)
        text = text[len(first) * repeats :]
    *lines, last = text.split("\n")
    for line in lines:
        column = _advanced(column, len(line), columns, wraps)
    return _advanced(column, len(last), columns, wraps)


def _column_after_same(column: int, count: int, repeats: int, screen: Screen) -> int:
    """The column after lines that are all as long: before long, the columns come again."""
    seen = [column]
    for _ in range(repeats):
        column = _advanced(column, count, screen.columns, screen.modes.autowrap)
        if column in seen:
            loop = seen.index(column)
            return seen[loop + (repeats - loop) % (len(seen) - loop)]
        seen.append(column)
    return column


def _advanced(column: int, count: int, columns: int, wraps: bool) -> int:
    """The column where `count` characters lead that begin at `column`."""
    end = column + count
    if end < columns:
        return end
    beyond = (end - columns) % columns if wraps else 0
    return beyond or columns - 1
