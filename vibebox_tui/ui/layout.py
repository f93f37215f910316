"""Which layout a size gets, and how panes are tiled in it: arithmetic only."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

SMALLEST_WIDTH: Final = 40
SMALLEST_HEIGHT: Final = 10
"""Cells below which nothing useful can be shown."""

LIST_WIDTH: Final = 100
"""Columns from which the list of environments stands beside a pane instead of above it."""

SIDE_BY_SIDE_WIDTH: Final = 160
SIDE_BY_SIDE_HEIGHT: Final = 24
"""Columns and rows from which logs and terminal stand side by side."""

SLOT_WIDTH: Final = 40
SLOT_HEIGHT: Final = 8
"""Cells that a pane needs, its border included."""

COMFORTABLE_WIDTH: Final = 76
"""Columns beyond which height is worth more to a pane than width."""

TERMINAL_WIDTH: Final = 82
"""Columns that a terminal would like: 80 and its border."""


class Shape(StrEnum):
    """The layout of the whole screen; the value is the class that the styles go by."""

    TINY = "-tiny"
    NARROW = "-narrow"
    MEDIUM = "-medium"
    WIDE = "-wide"


NOTICES_HEIGHT: Final = 40
"""Rows from which there is room for alerts and for errors beside all else."""

METRICS_HEIGHT: Final = 12
ALERTS_HEIGHT: Final = 10
"""Rows of these panes beneath the list of environments."""

DETAILS_LEAST: Final = 9
DETAILS_MOST: Final = 26
"""Rows, its border included, below which details tell too little, and beyond which nothing more."""


class Stack(NamedTuple):
    """The rows of what stands beneath each other at the left; 0 is what there is no room for."""

    environments: int
    details: int
    metrics: int
    alerts: int


class Grid(NamedTuple):
    """Into how many columns and rows panes are tiled, and how many of them there is room for."""

    columns: int
    rows: int
    shown: int


def shape_of(width: int, height: int) -> Shape:
    """The layout for a terminal of `width` columns and `height` rows."""
    if width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT:
        return Shape.TINY
    if width < LIST_WIDTH:
        return Shape.NARROW
    if width < SIDE_BY_SIDE_WIDTH or height < SIDE_BY_SIDE_HEIGHT:
        return Shape.MEDIUM
    return Shape.WIDE


def stack(room: int, wanted: int) -> Stack:
    """Divide `room` rows, of which the list would like `wanted`: all that it needs comes first, but
    for what metrics and alerts always have; then the details of one, and where they have enough,
    more of the metrics.
    """
    alerts = ALERTS_HEIGHT if room + _LINES_AROUND >= NOTICES_HEIGHT else 0
    left = room - METRICS_HEIGHT - alerts
    environments = min(wanted, left)
    details = left - environments
    if details < DETAILS_LEAST:
        return Stack(left, 0, METRICS_HEIGHT, alerts)
    more = max(0, details - DETAILS_MOST)
    return Stack(environments, details - more, METRICS_HEIGHT + more, alerts)


_LINES_AROUND: Final = 2
"""Lines of the screen above and below: the header and the hints."""


def room_for(width: int, height: int) -> int:
    """How many panes at most can be tiled in this many cells; never less than one."""
    return max(1, (width // SLOT_WIDTH) * (height // SLOT_HEIGHT))


def tile(wanted: int, width: int, height: int) -> Grid:
    """Tile `wanted` panes, or as many as there is room for.

    Wide panes are worth most up to a comfortable width, since text is wide; then high ones.
    """
    shown = max(1, min(wanted, room_for(width, height)))
    choices = (
        Grid(columns, -(-shown // columns), shown)
        for columns in range(1, shown + 1)
        if columns == 1 or width // columns >= SLOT_WIDTH
    )
    fitting = [grid for grid in choices if grid.rows == 1 or height // grid.rows >= SLOT_HEIGHT]
    return max(fitting, key=lambda grid: _worth(grid, width, height))


def widen_terminals(is_terminal: Sequence[bool], width: int) -> list[int]:
    """The widths of panes in one row: equal, but terminals get 80 columns where the others can
    spare them.
    """
    count, terminals = len(is_terminal), sum(is_terminal)
    equal = width // count
    others = count - terminals
    left_over = width - terminals * TERMINAL_WIDTH
    if not terminals or equal >= TERMINAL_WIDTH or not others or left_over // others < SLOT_WIDTH:
        return [equal] * (count - 1) + [width - equal * (count - 1)]
    widths = [TERMINAL_WIDTH if terminal else left_over // others for terminal in is_terminal]
    widths[is_terminal.index(False)] += width - sum(widths)
    return widths


def _worth(grid: Grid, width: int, height: int) -> tuple[int, int, int]:
    column_width = min(width // grid.columns, COMFORTABLE_WIDTH)
    empty_cells = grid.columns * grid.rows - grid.shown
    return column_width, -empty_cells, height // grid.rows
