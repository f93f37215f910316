"""The lines of the list: environments, and headings above those that belong together."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from textual.content import Content

from vibebox_tui.client.events import LinkPhase
from vibebox_tui.ui.ordering import URGENCY, home, section
from vibebox_tui.ui.roster import EnvironmentRow, is_down
from vibebox_tui.ui.servers import ServerState
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.environment_columns import Cell, Look
from vibebox_tui.ui.widgets.link_text import link_text

_LEAST_RULE: Final = 2
"""Cells of the rule between a heading's title and its counts, at least."""


_INDENT: Final = 4
"""Cells before what stands in the place of environments: it begins under their names."""


class Heading(NamedTuple):
    """What stands above a section: its title, and how many of it are in each state."""

    title: str
    states: Counter[str]


class RowLine(NamedTuple):
    """One line of an environment: its place among those shown, and which of its lines."""

    place: int
    line: int


class ServerLine(NamedTuple):
    """What stands above a server's environments; and beneath it why they are not to be seen."""

    server: ServerState
    is_why: bool = False


TableLine = ServerLine | Heading | RowLine

_Placed = Sequence[tuple[int, EnvironmentRow]]
"""Rows with their places among those shown."""


def table_lines(
    rows: Sequence[EnvironmentRow],
    row_height: int,
    *,
    is_grouped: bool,
    servers: Sequence[ServerState] = (),
) -> list[TableLine]:
    """The lines of `rows` as they stand.

    With `is_grouped` each section has its heading, and above it each of several servers, also one
    that has no environments to be seen.
    """
    placed = list(enumerate(rows))
    if not is_grouped:
        return _row_lines(placed, row_height)
    if len(servers) < 2:
        return _sections(placed, row_height)
    lines = _sections([each for each in placed if not home(each[1])], row_height)
    for server in servers:
        mine = [each for each in placed if home(each[1]) == server.name]
        lines.append(ServerLine(server))
        if not mine or is_down(server.link):
            lines.append(ServerLine(server, is_why=True))
        lines += _sections(mine, row_height)
    return lines


def _sections(placed: _Placed, row_height: int) -> list[TableLine]:
    lines: list[TableLine] = []
    for title, members in groupby(placed, key=lambda each: section(each[1])):
        together = list(members)
        if title:
            lines.append(Heading(title, Counter(row.state for _, row in together)))
        lines += _row_lines(together, row_height)
    return lines


def _row_lines(placed: _Placed, row_height: int) -> list[TableLine]:
    return [RowLine(place, line) for place, _ in placed for line in range(row_height)]


def server_line(line: ServerLine, width: int, look: Look, wanted: str) -> Content:
    """A server's name, who we are there and its link; or why its environments can't be seen."""
    if line.is_why:
        text = Content.assemble((" " * _INDENT + _why(line.server, wanted, look), "$ink-dim"))
        return text.truncate(width, ellipsis=look.glyphs.unicode)
    server, rule = line.server, look.glyphs.rule
    link = Content.assemble(" ", link_text(server.link, look.now, look.glyphs), " ")
    for who in (f" {server.user_name}" if server.user_name else "", ""):
        name = Content.assemble(" ", (server.name, "bold $accent"), (f"{who} ", "$ink-dim"))
        room = width - name.cell_length - link.cell_length
        if room >= _LEAST_RULE:
            return Content.assemble(name, (rule * room, "$line"), link)
    return Content.assemble(name, link).truncate(width, ellipsis=look.glyphs.unicode)


def _why(server: ServerState, wanted: str, look: Look) -> str:
    link = server.link
    if link is None or link.phase is not LinkPhase.CONNECTED:
        return link.reason if link is not None and link.reason else look.glyphs.ellipsis
    return f"Nothing matches {wanted}" if wanted else "No environments: n adds one"


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
