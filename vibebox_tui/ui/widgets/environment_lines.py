"""The lines of the list: environments, and a heading above those that belong together."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from textual.content import Content

from vibebox_tui.ui.ordering import URGENCY, section
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.environment_columns import Cell, Look

_LEAST_RULE: Final = 2
"""Cells of the rule between a heading's title and its counts, at least."""


class Heading(NamedTuple):
    """What stands above a section: its title, and how many of it are in each state."""

    title: str
    states: Counter[str]


class RowLine(NamedTuple):
    """One line of an environment: its place among those shown, and which of its lines."""

    place: int
    line: int


TableLine = Heading | RowLine


def table_lines(
    rows: Sequence[EnvironmentRow], row_height: int, *, is_grouped: bool
) -> list[TableLine]:
    """The lines of `rows` as they stand; with `is_grouped` each section has its heading."""
    lines: list[TableLine] = []
    place = 0
    for title, members in groupby(rows, key=section if is_grouped else lambda _: ""):
        together = list(members)
        if title:
            lines.append(Heading(title, Counter(row.state for row in together)))
        for _ in together:
            lines.extend(RowLine(place, line) for line in range(row_height))
            place += 1
    return lines


def heading_line(heading: Heading, width: int, look: Look) -> Content:
    """A section's title, a rule, and how many are in each state, the urgent ones first."""
    counts = Content.assemble(*(_count(heading, state, look) for state in _states(heading)))
    room = width - counts.cell_length - _LEAST_RULE - 3
    title = Content.assemble((heading.title, "bold $ink-dim"))
    title = title.truncate(max(0, room), ellipsis=look.glyphs.unicode)
    rule = look.glyphs.rule * max(_LEAST_RULE, width - title.cell_length - counts.cell_length - 3)
    return Content.assemble(" ", title, " ", (rule, "$line"), counts, " ").truncate(width)


def _states(heading: Heading) -> list[str]:
    return sorted(heading.states, key=lambda state: (URGENCY.get(state, len(URGENCY)), state))


def _count(heading: Heading, state: str, look: Look) -> Cell:
    return f" {look.glyphs.state(state)}{heading.states[state]}", state_token(state)
