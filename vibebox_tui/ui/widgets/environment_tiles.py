"""How one environment is drawn as a tile of the overview."""

import time
from typing import Final

from textual.content import Content

from vibebox_tui.logs.levels import Level
from vibebox_tui.metrics.bars import bars
from vibebox_tui.ui.error_watch import LINES_KEPT
from vibebox_tui.ui.figures import BUSY_CORE, cpu_text, memory_text
from vibebox_tui.ui.glyphs import Glyphs
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.environment_columns import (
    Cell,
    Look,
    explanation,
    last_error,
    mark_of,
)

TILE_WIDTH: Final = 38
"""Columns that a tile needs at least."""

TILE_HEIGHT: Final = 6
"""Lines of the lowest tile: its border, CPU, memory, what there is to say, and one for air."""

_CPU_LINES_FIRST: Final = 4
_MOST_CPU_LINES: Final = 10
"""Lines that CPU's bars get before the log has any, and beyond which a tile would be a tower."""

_LEAST_LOG_LINES: Final = 3
"""Lines of the log below which it isn't worth its heading."""

_LABEL_CELLS: Final = 5
_VALUE_CELLS: Final = 12


def tiles_across(count: int, width: int) -> int:
    """How many tiles stand side by side: as many as need the fewest rows, and rows alike."""
    most = max(1, width // TILE_WIDTH)
    rows = max(1, -(-count // most))
    return -(-count // rows)


def tile_height(room: int) -> int:
    """The lines of a tile where there are `room` for each: all of them, for CPU and the log."""
    most = TILE_HEIGHT + _MOST_CPU_LINES + LINES_KEPT
    return max(TILE_HEIGHT, min(room, most))


def parts_of(height: int) -> tuple[int, int]:
    """How many of a tile's lines CPU and the log have; above the log there is its heading."""
    spare = height - TILE_HEIGHT
    cpu_more = min(spare, _CPU_LINES_FIRST - 1)
    if spare - cpu_more <= _LEAST_LOG_LINES:
        return 1 + spare, 0
    left = spare - cpu_more - 1 - _LEAST_LOG_LINES
    cpu_more = min(_MOST_CPU_LINES - 1, cpu_more + left // 4)
    return 1 + cpu_more, spare - cpu_more - 1


def tile_line(
    row: EnvironmentRow,
    line: int,
    width: int,
    look: Look,
    *,
    is_here: bool,
    height: int = TILE_HEIGHT,
) -> Content:
    """Line `line` of a tile of `width` cells and `height` lines; `is_here`: the cursor is on it."""
    border = "$line-focus" if is_here else "$line"
    inner = width - 4
    cpu_lines, log_lines = parts_of(height)
    if line == 0:
        return _top(row, width, look, border)
    if line <= cpu_lines:
        return _framed(_cpu(row, line - 1, cpu_lines, inner, look), width, look.glyphs, border)
    below = line - cpu_lines
    if log_lines and 3 <= below <= 3 + log_lines:
        if below == 3:
            return _framed(_log_heading(inner, look), width, look.glyphs, border)
        text = _log_line(row, below - 4, log_lines, look)
        return _framed(text, width, look.glyphs, border)
    match below - (log_lines + 1 if log_lines and below > 3 else 0):
        case 1:
            return _framed(_memory(row, inner, look), width, look.glyphs, border)
        case 2:
            text = Content.assemble(_detail(row, look))
            return _framed(text, width, look.glyphs, border)
        case 3:
            box = look.glyphs.box
            return Content.assemble((box[2] + box[4] * (width - 2) + box[3], border))
        case _:
            return Content.blank(width)


def _top(row: EnvironmentRow, width: int, look: Look, border: str) -> Content:
    box, glyphs = look.glyphs.box, look.glyphs
    state = Content.assemble((f" {glyphs.state(row.state)} {row.state} ", state_token(row.state)))
    mark, ink = mark_of(row, look)
    number = Content.assemble((f" {mark.strip()} ", ink))
    room = width - 4 - state.cell_length - number.cell_length
    name = Content.assemble(
        (f"{row.name} ", "$ink-dim" if row.is_stale else "bold $ink"),
        (f"at {row.label} " if row.label else "", "$accent"),
    )
    name = name.truncate(room, ellipsis=glyphs.unicode)
    fill = box[4] * (room - name.cell_length)
    return Content.assemble(
        (box[0] + box[4], border), number, name, (fill, border), state, (box[4] + box[1], border)
    )


def _cpu(row: EnvironmentRow, line: int, lines: int, width: int, look: Look) -> Content:
    """Line `line` of the `lines` that CPU has; its name and its value stand in the first."""
    top = (row.environment.cpu_limit or 1) * BUSY_CORE
    cells = max(0, width - _LABEL_CELLS - _VALUE_CELLS)
    shown = row.cpu_history[-cells:] if cells else ()
    drawn = bars(shown, top=top, steps=look.glyphs.bars, rows=lines)[line].rjust(cells)
    value = cpu_text(row.cpu, look.glyphs) if line == 0 else ""
    return Content.assemble(
        ("CPU".ljust(_LABEL_CELLS) if line == 0 else " " * _LABEL_CELLS, "$ink-faint"),
        (drawn, "$ink-faint" if row.is_stale else "$gauge-cpu"),
        (value.rjust(_VALUE_CELLS), _ink(row)),
    )


def _memory(row: EnvironmentRow, width: int, look: Look) -> Content:
    cells = max(0, width - _LABEL_CELLS - _VALUE_CELLS)
    limit = row.environment.memory_limit
    full = round(cells * min(1.0, (row.memory or 0) / limit)) if limit else 0
    of_limit = f"/{memory_text(limit, look.glyphs).strip()}" if limit else ""
    value = f"{memory_text(row.memory, look.glyphs).strip()}{of_limit}"
    return Content.assemble(
        ("MEM".ljust(_LABEL_CELLS), "$ink-faint"),
        (look.glyphs.bars[3] * full, "$ink-faint" if row.is_stale else "$gauge-memory"),
        (" " * (cells - full) + value.rjust(_VALUE_CELLS), _ink(row)),
    )


def _detail(row: EnvironmentRow, look: Look) -> Cell:
    """The last error with how many there are in a minute; what it runs where there is none."""
    if row.errors is None or not row.errors.last or row.is_stale or row.state != "running":
        return explanation(row, look)
    text, ink = last_error(row, look)
    count = row.errors.per_minute(look.now)
    return (f"{count}/min  {text}", "$error") if count else (text, ink)


def _log_heading(width: int, look: Look) -> Content:
    rule = look.glyphs.rule
    rest = rule * max(0, width - len(_LOG_TITLE) - 1)
    return Content.assemble((rule, "$line"), (_LOG_TITLE, "$ink-faint"), (rest, "$line"))


_LOG_TITLE: Final = " log "


def _log_line(row: EnvironmentRow, line: int, lines: int, look: Look) -> Content:
    """Line `line` of the last `lines` of the log; the newest is the last."""
    tail = row.errors.tail if row.errors is not None else ()
    at = line + max(0, len(tail) - lines)
    if at >= len(tail):
        is_empty = row.errors is not None and not tail and line == 0
        return Content.assemble(("Nothing has been logged yet." if is_empty else "", "$ink-faint"))
    seen = tail[at]
    clock = time.strftime("%H:%M:%S", time.localtime(seen.at))
    ink = "$ink-faint" if row.is_stale else _LEVEL_INKS.get(seen.level, "$ink-dim")
    return Content.assemble((f"{clock} ", "$ink-faint"), (seen.text, ink))


_LEVEL_INKS: Final = {Level.WARN: "$warning", Level.ERROR: "$error", Level.FATAL: "$error"}


def _framed(text: Content, width: int, glyphs: Glyphs, border: str) -> Content:
    inner = text.truncate(width - 4, ellipsis=glyphs.unicode, pad=True)
    side = glyphs.box[5]
    return Content.assemble((f"{side} ", border), inner, (f" {side}", border))


def _ink(row: EnvironmentRow) -> str:
    return "$ink-faint" if row.is_stale else "$ink"
