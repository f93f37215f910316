"""A terminal's state as bytes that draw it again elsewhere, here or in xterm.js.

They begin with a full reset and are in the order in which nothing undoes what came before: text,
saved cursors, modes, the cursor and the pen, and last what has begun: half a sequence, half a
character. Not in them: replies and copies that nobody has taken yet, times of the bell.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

import wcwidth

from .emulator import Emulator
from .line import Line, Run
from .modes import MODE_NAMES, CursorShape, Modes
from .motion import SavedCursor
from .palette import colour_specification
from .screen import Screen
from .sgr import sgr_parameters
from .style import PLAIN, Attributes, Style
from .unsaid import said

_PROTECTED, _GUARDED = int(Attributes.PROTECTED), int(Attributes.GUARDED)
"""As plain numbers: flags take a microsecond to compare."""

_AFTER_TEXT = ("4", "20", "?7")
"""Modes that change how text is written: set when all of it is."""

_NOT_SWITCHED = ("?3", "?6", "?12", "?25", "?40", "?66", "?69")
"""Modes that are said in other ways, or with what belongs to them."""


def snapshot(emulator: Emulator, *, scrollback: bool = True) -> bytes:
    """Bytes that make a new emulator of the same size equal to this one: both buffers, cursor,
    modes, tab stops, and the scrollback where it is wanted. They are good for xterm.js too."""
    screen = emulator.screen
    parts = ["\x1bc", "\x1b[3J", *_level(screen), *_surroundings(screen)]
    if scrollback:
        parts += _history(screen)
    parts += _text(screen.primary, screen.columns)
    parts += _saved_cursor(screen.saved[False])
    active = screen.modes.alternate_screen
    saved = screen.saved[True]
    if active or saved != SavedCursor() or any(map(Line.content_length, screen.alternate)):
        parts += ["\x1b[?47h\x1b[H", *_text(screen.alternate, screen.columns)]
        parts += _saved_cursor(saved)
        parts += [] if active else ["\x1b[?47l"]
    parts += [*_tab_stops(screen), *_modes(screen), *_cursor(screen)]
    parts += [*_unsaid(screen, scrollback=scrollback), *_shift(screen)]
    return "".join(parts).encode("utf-8", "replace") + emulator.unfinished


def _level(screen: Screen) -> Iterator[str]:
    if screen.conformance_level != 5:
        yield f'\x1b[6{screen.conformance_level};1"p'


def _surroundings(screen: Screen) -> Iterator[str]:
    """Titles, directory, colours, saved modes."""
    for title, icon_name in screen.title_stack:
        yield f"\x1b]2;{title}\x07\x1b]1;{icon_name}\x07\x1b[22t"
    if screen.title:
        yield f"\x1b]2;{screen.title}\x07"
    if screen.icon_name:
        yield f"\x1b]1;{screen.icon_name}\x07"
    if screen.directory:
        yield f"\x1b]7;file://{quote(screen.directory)}\x07"
    for index, colour in screen.palette.changed.items():
        yield f"\x1b]4;{index};{colour_specification(colour)}\x07"
    for number, colour in screen.palette.dynamic.items():
        yield f"\x1b]{number};{colour_specification(colour)}\x07"
    if screen.modes.columns_132:
        yield "\x1b[?40h\x1b[?3h\x1b[?40l"
    for mode, value in screen.saved_modes.items():
        usual = mode in MODE_NAMES and bool(getattr(Modes(), MODE_NAMES[mode]))
        yield f"\x1b[{mode}{_final(value)}\x1b[{mode}s\x1b[{mode}{_final(usual)}"


def _history(screen: Screen) -> Iterator[str]:
    """The scrollback, and then the cursor at the left of a blank row."""
    for stretch in screen.scrollback.stretches():
        if isinstance(stretch, Line):
            yield from _line(stretch, screen.columns, is_last=False)
        else:
            yield "\r\n".join([*stretch, ""])


def _text(lines: list[Line], columns: int) -> Iterator[str]:
    """The lines from where the cursor is, which is at the left of a blank row."""
    *others, last = lines
    for line in others:
        yield from _line(line, columns, is_last=False)
    yield from _line(last, columns, is_last=True)


def _line(line: Line, columns: int, *, is_last: bool) -> Iterator[str]:
    """A line with a plain pen before and after it, and unless it is the last one its end."""
    yield from (f"\x1b]133;{kind}{_status(kind, line)}\x07" for kind in line.mark)
    wraps = not is_last and _runs_over(line)
    pen = PLAIN
    for text, style in _runs(line, columns, wraps):
        yield _pen_change(pen, style) + text
        pen = style
    yield _pen_change(pen, PLAIN)  # a row that scrolls in has the pen's background
    if not is_last:
        yield " \r" if wraps else "\r\n"


def _status(kind: str, line: Line) -> str:
    """How the command of a prompt ended: one of the options that a mark may have."""
    return "" if kind != "A" or line.exit_status is None else f";status={line.exit_status}"


def _runs(line: Line, columns: int, wraps: bool) -> list[Run]:
    """What to write for a line; all columns of it where it then is to wrap."""
    if _joins_differently(line):
        return list(_cell_by_cell(line.open(columns), line.styles))
    runs = list(line.collected_runs())
    blanks = columns - (line.length if line.cells is None else line.content_length())
    if wraps and blanks:
        runs.append((" " * blanks, PLAIN))
    return runs


def _runs_over(line: Line) -> bool:
    """Whether the line goes on in the next one, and will by text that runs over its end."""
    return line.wrapped and not _joins_differently(line)


def _joins_differently(line: Line) -> bool:
    """Whether the line's cells, written in one go, would be other clusters than they are."""
    if line.text.isascii():
        return False
    found = [cell for cell in line.present_cells() if cell]
    return list(wcwidth.iter_graphemes("".join(found))) != found


def _cell_by_cell(cells: list[str], styles: list[Style]) -> Iterator[Run]:
    """A line from right to left, so that no cell meets what it would join."""
    for column in range(len(cells) - 1, -1, -1):
        if cells[column] and (cells[column] != " " or styles[column] is not PLAIN):
            yield f"\x1b[{column + 1}G{cells[column]}", styles[column]


@lru_cache(maxsize=1024)
def _pen_change(pen: Style, style: Style) -> str:
    """From one pen to another."""
    if pen is style:
        return ""
    change = f"\x1b[{sgr_parameters(style)}m"
    if pen.link != style.link:
        change += f"\x1b]8;;{style.link}\x07"
    protected = style.attributes & _PROTECTED
    if (pen.attributes & _PROTECTED) != protected:
        change += '\x1b[1"q' if protected else '\x1b[0"q'
    guarded = style.attributes & _GUARDED
    if (pen.attributes & _GUARDED) != guarded:
        change += "\x1bV" if guarded else "\x1bW"
    return change


def _saved_cursor(saved: SavedCursor) -> Iterator[str]:
    if saved == SavedCursor():
        return
    yield _pen_change(PLAIN, saved.style)
    yield _charsets(saved.designated, saved.shifted)
    yield "\x1b[?6h" if saved.origin else ""
    yield f"\x1b[{saved.y + 1};{saved.x + 1}H\x1b7"
    yield "\x1b[?6l" if saved.origin else ""
    yield "\x1b(B\x1b)B\x1b*B\x1b+B\x0f"
    yield _pen_change(saved.style, PLAIN)


def _charsets(designated: Iterable[str], shifted: int) -> str:
    sets = "".join(f"\x1b{'()*+'[number]}{code}" for number, code in enumerate(designated))
    if not shifted and set(designated) == {"B"}:
        return ""
    return sets + ("\x0f", "\x0e", "\x1bn", "\x1bo")[shifted]


def _tab_stops(screen: Screen) -> Iterator[str]:
    if screen.tabstops != set(range(8, screen.columns, 8)):
        yield "\x1b[3g"
        for column in sorted(screen.tabstops):
            yield f"\x1b[{column + 1}G\x1bH"


def _modes(screen: Screen) -> Iterator[str]:
    modes, usual = screen.modes, Modes()
    for mode, name in MODE_NAMES.items():
        value = getattr(modes, name)
        if value != getattr(usual, name) and mode not in (*_AFTER_TEXT, *_NOT_SWITCHED):
            yield f"\x1b[{mode}{_final(value)}"
    if modes.mouse:
        yield f"\x1b[?{modes.mouse.value}h"
    if modes.mouse_encoding:
        yield f"\x1b[?{modes.mouse_encoding.value}h"
    if modes.allow_132_columns:
        yield "\x1b[?40h"
    if modes.application_keypad:
        yield "\x1b="
    if screen.attribute_extent:
        yield f"\x1b[{screen.attribute_extent}*x"
    if modes.left_right_margins:
        yield f"\x1b[?69h\x1b[{screen.left + 1};{screen.right + 1}s"
    if (screen.top, screen.bottom) != (0, screen.lines - 1):
        yield f"\x1b[{screen.top + 1};{screen.bottom + 1}r"
    if modes.origin:
        yield "\x1b[?6h"


def _cursor(screen: Screen) -> Iterator[str]:
    """The cursor and all that depends on nothing being written any more."""
    modes, cursor = screen.modes, screen.cursor
    y, x = cursor.y, cursor.x
    if modes.origin:
        y, x = y - screen.top, x - screen.left
    if _waits_at_the_margin(screen):
        yield from _pending(screen, y, x)
    else:
        yield f"\x1b[{y + 1};{x + 1}H"
    yield _charsets(screen.designated, screen.shifted)
    yield _pen_change(PLAIN, screen.style)
    for mode in _AFTER_TEXT:
        if (value := screen.mode_value(mode)) != getattr(Modes(), MODE_NAMES[mode]):
            yield f"\x1b[{mode}{_final(bool(value))}"
    shape = list(CursorShape).index(modes.cursor_shape)
    if shape or not modes.cursor_blinking:
        yield f"\x1b[{2 * shape + (1 if modes.cursor_blinking else 2)} q"
    if not modes.cursor_visible:
        yield "\x1b[?25l"
    if modes.eight_bit_controls:
        yield "\x1b G"


def _pending(screen: Screen, y: int, x: int) -> Iterator[str]:
    """Write the last column's character once more, so that the cursor waits there to wrap."""
    line = screen.rows[screen.cursor.y]
    cells, column = line.open(screen.columns), screen.cursor.x
    if not cells[column]:
        column, x = column - 1, x - 1
    style = line.styles[column]
    yield f"\x1b[{y + 1};{x + 1}H{_pen_change(PLAIN, style)}{cells[column]}"
    yield _pen_change(style, PLAIN)


def _waits_at_the_margin(screen: Screen) -> bool:
    cursor = screen.cursor
    at_margin = cursor.pending and cursor.x == screen.limit() - 1
    return at_margin and not _joins_differently(screen.rows[cursor.y])


def _unsaid(screen: Screen, *, scrollback: bool) -> Iterator[str]:
    """What there is no sequence for."""
    primary = list(enumerate(screen.primary))
    if scrollback:
        primary = [*screen.scrollback.numbered_lines(), *primary]
    facts: dict[str, list[int]] = {
        "last": [ord(screen.last_drawn[-1]) if screen.last_drawn else 0],
        "pending": [1] if screen.cursor.pending else [],
        "saved": [int(key) for key, saved in screen.saved.items() if saved.pending],
        "primary": _unsaid_wraps(primary),
        "alternate": _unsaid_wraps(list(enumerate(screen.alternate))),
        "prompt": [next((row for row, line in primary if line is screen.prompt), screen.lines)],
    }
    yield said({name: numbers for name, numbers in facts.items() if numbers})


def _unsaid_wraps(lines: list[tuple[int, Line]]) -> list[int]:
    """The rows that go on in the next one though no text of the snapshot runs over their end."""
    last = lines[-1][0]
    return [y for y, line in lines if line.wrapped and (y == last or not _runs_over(line))]


def _shift(screen: Screen) -> Iterator[str]:
    """The shift for the next character alone, before which there can be no other."""
    if screen.single_shift is not None:
        yield "\x1bN" if screen.single_shift == 2 else "\x1bO"


def _final(value: bool) -> str:
    return "h" if value else "l"
