"""How one environment is drawn in the list: which columns fit, and what stands in each."""

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from vibebox_tui.client.events import LinkPhase
from vibebox_tui.ui.figures import (
    BUSY_CORE,
    cpu_text,
    duration_text,
    memory_text,
    round_trip_text,
    seconds_since,
    spark,
)
from vibebox_tui.ui.glyphs import Glyphs
from vibebox_tui.ui.ordering import SortKey, home, section
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import EnvironmentKey
from vibebox_tui.ui.theme import state_token

Cell = tuple[str, str]
"""Text and its style."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a row is drawn with beside its data; `now` is in seconds since the epoch."""

    now: float
    glyphs: Glyphs
    current: EnvironmentKey | None = None
    """The environment that the panes show."""
    is_grouped: bool = False
    """Whether environments stand beneath the headings of what they belong to."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `width` cells, its share of what is left over, and from which width it is there."""

    title: str
    width: int
    cell: Callable[[EnvironmentRow, Look], Cell]
    share: int = 0
    from_width: int = 0
    sort_key: SortKey | None = None
    is_number: bool = False


SECOND_LINE_BELOW: Final = 52
"""Columns from which the sparkline has a column of its own instead of a line beneath."""

_SPARK_CELLS: Final = 16

_SHORT_SPARK_CELLS: Final = 12
"""Bars in the line beneath: as wide as CPU and memory, under which they stand."""

_INDENT: Final = 4
"""Cells before the line beneath: it begins under the name."""


def fitting_columns(width: int) -> list[tuple[Column, int]]:
    """The columns for a list of `width` cells, each with its width there; one cell between."""
    columns = [column for column in _COLUMNS if width >= column.from_width]
    used = sum(column.width + 1 for column in columns) - 1
    left_over = max(0, width - used)
    shares = sum(column.share for column in columns) or 1
    return [(column, column.width + left_over * column.share // shares) for column in columns]


def heading(width: int, sort_key: SortKey, *, is_reversed: bool, glyphs: Glyphs) -> Content:
    """The titles, with an arrow at the one that the list is sorted by."""
    arrow = glyphs.descending if is_reversed else glyphs.ascending
    parts: list[Cell] = []
    for column, cells in fitting_columns(width):
        is_key = column.sort_key is sort_key and sort_key is not SortKey.NUMBER
        title = f"{column.title}{arrow}" if is_key else column.title
        title = title.rjust(cells) if column.is_number else title.ljust(cells)
        parts.append((title[:cells] + " ", "$ink" if is_key else "$ink-faint"))
    return Content.assemble(*parts)


def first_line(row: EnvironmentRow, width: int, look: Look) -> Content:
    """One environment in the columns that fit into `width` cells."""
    parts: list[Content] = []
    for column, cells in fitting_columns(width):
        text, style = column.cell(row, look)
        cell = Content.assemble((text, style)).truncate(cells, ellipsis=look.glyphs.unicode)
        padding = cells - cell.cell_length
        parts.append(cell.pad_left(padding) if column.is_number else cell.pad_right(padding))
    return Content(" ").join(parts)


def second_line(row: EnvironmentRow, width: int, look: Look) -> Content:
    """What a narrow list shows beneath: what there is to say, and how CPU went."""
    bars, ink = _history(row, look)
    bars = bars[-_SHORT_SPARK_CELLS:]
    room = width - _INDENT - (len(bars) + 2 if bars.strip() else 0)
    detail = Content.assemble(explanation(row, look))
    detail = detail.truncate(room, ellipsis=look.glyphs.unicode, pad=True)
    parts = [detail, ("  " + bars, ink)] if bars.strip() else [detail]
    return Content.assemble(" " * _INDENT, *parts).truncate(width, pad=True)


def mark_of(row: EnvironmentRow, look: Look) -> Cell:
    """The number of an environment, with its mark: marked, the current one, pinned."""
    glyphs = look.glyphs
    is_current = row.key == look.current
    if row.is_marked:
        mark = glyphs.marked
    elif is_current:
        mark = glyphs.selected
    else:
        mark = glyphs.pinned if row.is_pinned else " "
    ink = "bold $primary" if is_current else "$ink-dim"
    return f"{mark}{row.number:>2}", "$accent" if row.is_marked else ink


def _name(row: EnvironmentRow, look: Look) -> Cell:
    ink = "$ink-dim" if row.is_stale else "bold $ink"
    if look.is_grouped and (row.label == home(row)):
        return row.short_name if section(row) else row.name, ink
    return row.full_name, ink


def _state(row: EnvironmentRow, look: Look) -> Cell:
    return f"{look.glyphs.state(row.state)} {row.state}", state_token(row.state)


def _cpu(row: EnvironmentRow, look: Look) -> Cell:
    return cpu_text(row.cpu, look.glyphs), _value_ink(row)


def _memory(row: EnvironmentRow, look: Look) -> Cell:
    return memory_text(row.memory, look.glyphs), _value_ink(row)


def _limit(row: EnvironmentRow, look: Look) -> Cell:
    limit = row.environment.memory_limit
    return memory_text(limit, look.glyphs), "$ink-faint" if row.is_stale else "$ink-dim"


def _history(row: EnvironmentRow, look: Look) -> Cell:
    top = (row.environment.cpu_limit or 1) * BUSY_CORE
    bars = spark(row.cpu_history, _SPARK_CELLS, top, look.glyphs)
    return bars, "$ink-faint" if row.is_stale else "$gauge-cpu"


def _up(row: EnvironmentRow, look: Look) -> Cell:
    age = seconds_since(row.environment.started_at, look.now)
    if row.state != "running" or age is None:
        return look.glyphs.absent, "$ink-faint"
    return duration_text(age), "$ink-dim"


LONGEST_COMMAND: Final = 400
"""Characters of a command that may be drawn: one that is a whole script takes long to fit."""

_WELL: Final = frozenset({"running", "healthy"})
"""What may be said of one that runs without its being a reason to look."""


def explanation(row: EnvironmentRow, look: Look) -> Cell:
    """Why it is as it is; where there is nothing to explain, what it runs."""
    if row.is_stale and row.seen_at is not None:
        return f"seen {duration_text(look.now - row.seen_at)} ago", "$state-unknown"
    if row.message and row.state != "running":
        return row.message, state_token(row.state)
    if row.message and row.message not in _WELL:
        return row.message, "$warning"
    environment = row.environment
    image = (environment.base_image or "").partition("@")[0].rpartition("/")[2]
    command = shlex.join(environment.command)[:LONGEST_COMMAND]
    return image or " ".join(command.split()), "$ink-faint"


def last_error(row: EnvironmentRow, look: Look) -> Cell:
    """What went wrong last: the environment itself, or the last error in its log."""
    if row.is_stale or (row.message and row.state != "running"):
        return explanation(row, look)
    if row.errors is None or not row.errors.last:
        return look.glyphs.absent, "$ink-faint"
    age = duration_text(look.now - row.errors.last_at)
    return f"{age} ago  {row.errors.last}", "$ink-dim"


def _errors(row: EnvironmentRow, look: Look) -> Cell:
    if row.errors is None or row.is_stale:
        return look.glyphs.absent, "$ink-faint"
    count = row.errors.per_minute(look.now)
    return str(count), "$error" if count else "$ink-dim"


def _link(row: EnvironmentRow, look: Look) -> Cell:
    link = row.link
    if link is None:
        return look.glyphs.absent, "$ink-faint"
    match link.phase:
        case LinkPhase.CONNECTED:
            return round_trip_text(link.round_trip, look.glyphs), "$ink-dim"
        case LinkPhase.WAITING if link.retry_at is not None:
            return f"retry {max(0, math.ceil(link.retry_at - look.now))}s", "$warning"
        case phase:
            return phase.value, "$warning"


def _value_ink(row: EnvironmentRow) -> str:
    return "$ink-faint" if row.is_stale else "$ink"


_COLUMNS: Final = (
    Column("  #", 3, mark_of, sort_key=SortKey.NUMBER),
    Column("NAME", 8, _name, share=2, sort_key=SortKey.NAME),
    Column("STATE", 10, _state, sort_key=SortKey.STATE),
    Column("CPU", 5, _cpu, sort_key=SortKey.CPU, is_number=True),
    Column("30 S", _SPARK_CELLS, _history, from_width=SECOND_LINE_BELOW + 8),
    Column("MEM", 5, _memory, sort_key=SortKey.MEMORY, is_number=True),
    Column("OF", 5, _limit, from_width=72, is_number=True),
    Column("UP", 7, _up, from_width=78, is_number=True),
    Column("ERR/MIN", 7, _errors, from_width=86, is_number=True),
    Column("LAST ERROR", 20, last_error, share=4, from_width=108),
    Column("DETAIL", 20, explanation, share=2, from_width=150),
    Column("LINK", 10, _link, from_width=122, is_number=True),
)
