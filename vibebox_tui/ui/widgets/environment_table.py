"""The list of environments: narrow beside the panes, or as wide as the screen."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from vibebox_tui.client.events import LinkPhase
from vibebox_tui.ui.ordering import SortKey, arrange, is_grouped
from vibebox_tui.ui.roster import EnvironmentRow, is_down
from vibebox_tui.ui.servers import EnvironmentKey, ServerState
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.environment_columns import (
    SECOND_LINE_BELOW,
    Look,
    first_line,
    heading,
    second_line,
)
from vibebox_tui.ui.widgets.environment_lines import (
    Heading,
    RowLine,
    ServerLine,
    TableLine,
    heading_line,
    server_line,
    table_lines,
)
from vibebox_tui.ui.widgets.environment_tiles import (
    TILE_HEIGHT,
    tile_height,
    tile_line,
    tiles_across,
)
from vibebox_tui.ui.widgets.line import Fingerprint, fingerprint

TILES_FROM_WIDTH: Final = 116
"""Columns from which the overview may have tiles: 120 without the pane's border, and air."""

CACHED_LINES: Final = 512
"""Lines that are kept as they were drawn: a status changes one environment of many."""

HEADINGS_SHOWN: Final = 2
"""Headings above the cursor that are scrolled to with it: a server's and a section's."""

_Painted = tuple[Fingerprint, tuple[str, ...]]
"""What tells one painted line from another."""

_Inputs = tuple[EnvironmentRow, int, Look]
"""What a line of an environment depends on: it, the width, and how it is to look."""

_BLANK: Final[_Painted] = (fingerprint(Content("")), ())

_OPEN: Final = (LinkPhase.CONNECTED, LinkPhase.STALE)
"""Phases in which a server has told which environments it has."""

Verb = Literal["start", "stop", "restart", "delete"]
"""What can be done to environments, once the user has confirmed it."""

Wish = Verb | Literal["open", "mark", "unmark", "pin", "copy", "new", "filter"]
"""What a key of the list asks for."""


class EnvironmentTable(ScrollView, can_focus=True):
    """Shows environments, one of them under the cursor; sorts, filters and marks them.

    What belongs together stands beneath a heading, and so do the environments of each of several
    servers. The cursor stays on its environment when the order changes. What is to be done with
    an environment is told by messages; this widget does nothing to any.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "environment-table--cursor",
        "environment-table--heading",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask('open')", "Open", id="list.open"),
        Binding("slash", "ask('filter')", "Filter", id="list.filter"),
        Binding("s", "act('start')", "Start", id="list.start"),
        Binding("S", "act('stop')", "Stop", id="list.stop"),
        Binding("R", "act('restart')", "Restart", id="list.restart"),
        Binding("n", "ask('new')", "New", id="list.new"),
        Binding("D", "act('delete')", "Delete", id="list.delete"),
        Binding("space", "mark", "Mark", id="list.mark"),
        Binding("o", "sort", "Sort by the next column", show=False, id="list.sort"),
        Binding("O", "reverse", "Reverse the order", show=False, id="list.reverse"),
        Binding("asterisk", "mark_all", "Mark all", show=False, id="list.mark_all"),
        Binding("u", "unmark_all", "Unmark all", show=False, id="list.unmark_all"),
        Binding("y", "ask('copy')", "Copy the id", show=False, id="list.copy"),
        Binding("P", "ask('pin')", "Pin to the top", show=False, id="list.pin"),
        Binding("j,down", "cursor(1)", "Next", show=False, id="list.down"),
        Binding("k,up", "cursor(-1)", "Previous", show=False, id="list.up"),
        Binding("right", "aside(1)", "Next tile", show=False, id="list.right"),
        Binding("left", "aside(-1)", "Previous tile", show=False, id="list.left"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("g,home", "first", "First", show=False, id="list.first"),
        Binding("G,end", "last", "Last", show=False, id="list.last"),
    ]

    rows: reactive[tuple[EnvironmentRow, ...]] = reactive((), repaint=False)
    now: reactive[float] = reactive(0.0, repaint=False)
    servers: reactive[tuple[ServerState, ...]] = reactive((), repaint=False)
    cursor: reactive[EnvironmentKey | None] = reactive(None, repaint=False)
    """The environment under the cursor."""
    current: reactive[EnvironmentKey | None] = reactive(None, repaint=False)
    """The environment that the panes show."""
    sort_key: reactive[SortKey] = reactive(SortKey.NUMBER, repaint=False)
    is_reversed: reactive[bool] = reactive(False, repaint=False)
    wanted: reactive[str] = reactive("", repaint=False)
    """What the shown environments must match."""
    prefers_tiles: reactive[bool] = reactive(False)
    """Whether to draw tiles where the width and the number of environments allow."""

    @dataclass
    class Asked(Message):
        """The user wants something done, with these environments or in general."""

        table: "EnvironmentTable"
        wish: Wish
        keys: list[EnvironmentKey]

        @property
        def control(self) -> "EnvironmentTable":
            return self.table

    def __init__(self, settings: DashboardSettings, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._glyphs = settings.glyphs
        self._shown: list[EnvironmentRow] = []
        self._painted: dict[int, _Painted] = {}
        self._drawn: LRUCache[tuple[EnvironmentKey, int], tuple[_Inputs, Content]]
        self._drawn = LRUCache(CACHED_LINES)
        self._tiles_across = 0
        """How many tiles stand side by side; 0 where there are lines instead."""
        self._row_height = 1
        self._head_height = 1
        self._measured = Size()
        """The size that the layout above is for."""
        self._lines: list[TableLine] = []
        """What stands in each line below the titles, where there are no tiles."""

    @property
    def shown(self) -> list[EnvironmentRow]:
        """The rows as they stand, from the top."""
        return self._shown

    @property
    def full_height(self) -> int:
        """The lines that all environments have with two rows each, the titles among them."""
        rows = arrange(
            self.rows,
            self.sort_key,
            is_reversed=self.is_reversed,
            wanted="",
            servers=[server.name for server in self.servers],
        )
        grouped = is_grouped(self.sort_key)
        return 1 + len(table_lines(rows, 2, is_grouped=grouped, servers=self.servers))

    @property
    def cursor_row(self) -> EnvironmentRow | None:
        """The row under the cursor."""
        return next((row for row in self._shown if row.key == self.cursor), None)

    # --- what is shown ---------------------------------------------------------------------

    def watch_rows(self) -> None:
        self._arrange()

    def watch_servers(self) -> None:
        self._arrange()

    def watch_now(self) -> None:
        self._look_again()

    def watch_sort_key(self) -> None:
        self._arrange()

    def watch_is_reversed(self) -> None:
        self._arrange()

    def watch_wanted(self) -> None:
        self._arrange()

    def watch_prefers_tiles(self) -> None:
        self._measure()
        self._show_cursor()

    def watch_cursor(self, cursor: EnvironmentKey | None) -> None:
        if cursor is not None:
            self._show_cursor()
        self._look_again()

    def watch_current(self) -> None:
        self._look_again()

    def _on_resize(self, event: events.Resize) -> None:
        self._measure()
        self._show_cursor()

    def _arrange(self) -> None:
        index = self._cursor_index
        self._shown = arrange(
            self.rows,
            self.sort_key,
            is_reversed=self.is_reversed,
            wanted=self.wanted,
            servers=[server.name for server in self.servers],
        )
        self._measure()
        if self._shown and self.cursor_row is None:
            self.cursor = self._shown[min(index, len(self._shown) - 1)].key
        self._look_again()

    @property
    def _cursor_index(self) -> int:
        return next((i for i, row in enumerate(self._shown) if row.key == self.cursor), 0)

    def _measure(self) -> None:
        """Decide between tiles and lines of one or two rows, for this size and this many."""
        self._measured = self.size
        width, height = self.size
        count = len(self._shown)
        has_room = self.prefers_tiles and width >= TILES_FROM_WIDTH
        across = tiles_across(count, width) if has_room else 0
        if count and across and -(-count // across) * TILE_HEIGHT <= height:
            tall = tile_height(height // -(-count // across))
            self._tiles_across, self._row_height, self._head_height = across, tall, 0
        else:
            self._tiles_across, self._row_height, self._head_height = 0, 2, 1
            self._lines = self._lines_of(2)
            if width >= SECOND_LINE_BELOW or len(self._lines) >= height:
                self._row_height, self._lines = 1, self._lines_of(1)
        across = self._tiles_across
        lines = -(-count // across) * self._row_height if across else len(self._lines)
        self.virtual_size = Size(width, self._head_height + lines)

    def _lines_of(self, row_height: int) -> list[TableLine]:
        grouped, servers = is_grouped(self.sort_key), self.servers
        return table_lines(self._shown, row_height, is_grouped=grouped, servers=servers)

    def _show_cursor(self) -> None:
        """Scroll to where the cursor is, with the headings that stand right above it."""
        if across := self._tiles_across:
            top, height = self._cursor_index // across * self._row_height, self._row_height
        else:
            top, height = self._cursor_line(), self._row_height
            most = height + HEADINGS_SHOWN
            while top and height < most and not isinstance(self._lines[top - 1], RowLine):
                top, height = top - 1, height + 1
        region = Region(0, top, self.size.width, height + self._head_height)
        self.scroll_to_region(region, animate=False, force=True)

    def _cursor_line(self) -> int:
        here = RowLine(self._cursor_index, 0)
        return self._lines.index(here) if here in self._lines else 0

    # --- drawing ---------------------------------------------------------------------------

    def _look_again(self) -> None:
        """Paint the lines that say something else now: most samples change few of them."""
        if not self.is_mounted:
            return
        width, height = self.size
        used = min(height, self.virtual_size.height + 1)
        for y in range(used):
            content, style_name = self._line(y)
            if self._painted.get(y) != (fingerprint(content), style_name):
                self.refresh(Region(0, y, width, 1))
        for y in range(used, height):
            if self._painted.get(y, _BLANK) != _BLANK:
                self.refresh(Region(0, y, width, 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lay tiles out before the event that tells of their room: no list is seen before them."""
        if self.prefers_tiles and self.size != self._measured:
            self._measure()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        content, style_name = self._line(y)
        self._painted[y] = fingerprint(content), style_name
        style = self.get_visual_style(*style_name)
        if not content:
            return Strip.blank(self.size.width, style.rich_style)
        (strip,) = Visual.to_strips(self, content, self.size.width, 1, style, pad=True)
        return strip

    def _line(self, y: int) -> tuple[Content, tuple[str, ...]]:
        """What stands in line `y` of the screen, and the component class for its style."""
        width = self.size.width
        look = Look(self.now, self._glyphs, self.current, is_grouped(self.sort_key))
        if across := self._tiles_across:
            return self._tiles_line(self.scroll_offset.y + y, across, look), ()
        if y == 0:
            titles = heading(
                width, self.sort_key, is_reversed=self.is_reversed, glyphs=self._glyphs
            )
            return titles, ("environment-table--heading",)
        at = self.scroll_offset.y + y - self._head_height
        if at >= len(self._lines):
            return self._placeholder(y), ()
        match self._lines[at]:
            case ServerLine() as server:
                return server_line(server, width, look, self.wanted), ()
            case Heading() as section:
                return heading_line(section, width, look), ()
            case RowLine(place, line):
                row = self._shown[place]
                names = ("environment-table--cursor",) if row.key == self.cursor else ()
                return self._drawn_line(row, line, look), names

    def _tiles_line(self, y: int, across: int, look: Look) -> Content:
        tile_row, line = divmod(y, self._row_height)
        cells = self.size.width // across
        rows = self._shown[tile_row * across : (tile_row + 1) * across]
        return Content("").join(
            tile_line(
                row, line, cells, look, is_here=row.key == self.cursor, height=self._row_height
            )
            for row in rows
        )

    def _drawn_line(self, row: EnvironmentRow, line: int, look: Look) -> Content:
        """A line of `row`: the one drawn before, where all that it depends on is the same."""
        inputs = row, self.size.width, look
        drawn = self._drawn.get((row.key, line))
        if drawn is None or drawn[0] != inputs:
            draw = second_line if line else first_line
            drawn = self._drawn[row.key, line] = inputs, draw(row, self.size.width, look)
        return drawn[1]

    def _placeholder(self, y: int) -> Content:
        """What an empty list says in its first line."""
        if self._shown or y != 1:
            return Content("")
        return Content.assemble((f" {self._why_empty()}", "$ink-dim"))

    def _why_empty(self) -> str:
        if self.wanted:
            return f"Nothing matches {self.wanted}"
        links = [server.link for server in self.servers]
        if not links or any(link is not None and link.phase in _OPEN for link in links):
            return "No environments: n adds one"
        if any(is_down(link) for link in links):
            return "Not connected"
        return f"Connecting {self._glyphs.ellipsis}"

    # --- keys ------------------------------------------------------------------------------

    def action_cursor(self, step: int) -> None:
        across = self._tiles_across or 1
        row = self._cursor_index // across + step
        if 0 <= row * across < len(self._shown):
            self._go_to(self._cursor_index + step * across)

    def action_aside(self, step: int) -> None:
        self._go_to(self._cursor_index + step)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "aside":
            return self._tiles_across > 0
        return super().check_action(action, parameters)

    def action_page(self, direction: int) -> None:
        page = max(1, (self.size.height - 1) // self._row_height - 1)
        page *= self._tiles_across or 1
        self._go_to(self._cursor_index + direction * page)

    def action_first(self) -> None:
        self._go_to(0)

    def action_last(self) -> None:
        self._go_to(len(self._shown) - 1)

    def action_ask(self, wish: Wish) -> None:
        """Ask for something with the environment under the cursor, or in general."""
        here = [row.key for row in (self.cursor_row,) if row]
        if here or wish in ("new", "filter"):
            self.post_message(self.Asked(self, wish, here))

    def action_act(self, verb: Verb) -> None:
        """Ask for something with the marked environments, or the one under the cursor."""
        marked = [row.key for row in self.rows if row.is_marked]
        if marked:
            self.post_message(self.Asked(self, verb, marked))
        else:
            self.action_ask(verb)

    def action_sort(self) -> None:
        self.sort_key = self.sort_key.next()

    def action_reverse(self) -> None:
        self.is_reversed = not self.is_reversed

    def action_mark(self) -> None:
        if row := self.cursor_row:
            self.action_ask("unmark" if row.is_marked else "mark")
            self.action_aside(1)

    def action_mark_all(self) -> None:
        self.post_message(self.Asked(self, "mark", [row.key for row in self._shown]))

    def action_unmark_all(self) -> None:
        self.post_message(self.Asked(self, "unmark", [row.key for row in self.rows]))

    def on_click(self, event: events.Click) -> None:
        index = self._index_at(event.x, event.y)
        if index < len(self._shown):
            self.cursor = self._shown[index].key
            if event.chain > 1:
                self.action_ask("open")

    def _index_at(self, x: int, y: int) -> int:
        """Which environment is drawn at a cell; beyond the last one where none is."""
        below = self.scroll_offset.y + y - self._head_height
        if across := self._tiles_across:
            column = min(x // (self.size.width // across), across - 1)
            return below // self._row_height * across + column
        line = self._lines[below] if 0 <= below < len(self._lines) else None
        return line.place if isinstance(line, RowLine) else len(self._shown)

    def _go_to(self, index: int) -> None:
        if self._shown:
            self.cursor = self._shown[max(0, min(index, len(self._shown) - 1))].key
