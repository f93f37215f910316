"""Values as bars of character cells: what a sparkline draws, without a widget."""

from collections.abc import Sequence
from typing import Final

EMPTY: Final = " "
"""A cell that no bar reaches, and a slot of which nothing is known."""


def bars(values: Sequence[float | None], *, top: float, steps: str, rows: int = 1) -> list[str]:
    """Draw one bar for each value, as `rows` lines from the top down.

    `top` is the value of a full bar. `steps` are the cells of rising height, the last one a full
    cell. A value of 0 or less is drawn as the lowest step, so it can be told from None, which is
    blank.
    """
    heights = [_height(value, top, len(steps) * rows) for value in values]
    return [
        "".join(_cell(height, row * len(steps), steps) for height in heights)
        for row in range(rows - 1, -1, -1)
    ]


def _height(value: float | None, top: float, full: int) -> int:
    """The height of a bar in steps: 0 for unknown, else 1 to `full`."""
    if value is None:
        return 0
    share = value / top if top > 0 else 0.0
    return min(full, max(1, round(share * full)))


def _cell(height: int, base: int, steps: str) -> str:
    """What a bar shows in the cell that begins at `base` steps from the ground."""
    reach = height - base
    if reach <= 0:
        return EMPTY
    return steps[min(reach, len(steps)) - 1]
