"""The rows of a log that are on the screen, drawn; nothing else of however many lines there are."""

from collections.abc import Callable
from datetime import tzinfo
from math import ceil
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.logs.readable import pieces, tree
from vibebox_tui.logs.ring import Line
from vibebox_tui.logs.times import TIME_WIDTHS, TimeStyle, time_text
from vibebox_tui.logs.view import View
from vibebox_tui.logs.viewport import ScreenRow, Viewport
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.log_paint import (
    LogStyles,
    fit,
    level_segment,
    message_segments,
    note_segments,
    wrap,
)

CACHED_LINES: Final = 512
"""Lines whose drawing is kept: a few screenfuls, so that scrolling back costs nothing."""

CACHED_ROWS: Final = 256
"""Rows that are kept as they were drawn: a high screen, before and after a key."""

SOURCE_COLOURS: Final = 8
"""Colours that the environments of a merged log have by turns."""

WIDEST_NAME: Final = 16
"""Cells of an environment's name before its lines; a longer one is cut."""

PREFIX_GAP: Final = 3
"""Cells between time and message: the mark, the level's letter and a blank."""

_RowKey = tuple[int, int, int, bool, int, str]
"""What the drawing of a row depends on: the line's position, which of its rows, the line's flags,
whether the cursor is on it, the column that one has moved to, what stands at the right end."""


class LogRows(ScrollView):
    """Draws the rows of `view` that fit, with time, level and message; a cursor once it is paused.

    Call `refresh_lines_now` after lines came or went.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-view--time",
        "log-view--name",
        "log-view--note",
        "log-view--hit",
        "log-view--mark",
        "log-view--cursor",
        "log-view--quiet",
        "log-view--info",
        "log-view--warn",
        "log-view--error",
        *(f"log-view--source-{number}" for number in range(SOURCE_COLOURS)),
    }

    DEFAULT_CSS = """
    LogRows {
        overflow-x: hidden;
        overflow-y: scroll;
        height: 1fr;
    }
    LogRows > .log-view--time { color: $text-muted; }
    LogRows > .log-view--name { color: $text-muted; }
    LogRows > .log-view--note { color: $text-accent; }
    LogRows > .log-view--hit { color: $background; background: $warning; }
    LogRows > .log-view--mark { color: $accent; text-style: bold; }
    LogRows > .log-view--cursor { background: $boost; }
    LogRows > .log-view--quiet { color: $text-muted; }
    LogRows > .log-view--info { color: $text-success; }
    LogRows > .log-view--warn { color: $text-warning; }
    LogRows > .log-view--error { color: $text-error; }
    LogRows > .log-view--source-0 { color: ansi_cyan; }
    LogRows > .log-view--source-1 { color: ansi_magenta; }
    LogRows > .log-view--source-2 { color: ansi_green; }
    LogRows > .log-view--source-3 { color: ansi_yellow; }
    LogRows > .log-view--source-4 { color: ansi_blue; }
    LogRows > .log-view--source-5 { color: ansi_bright_cyan; }
    LogRows > .log-view--source-6 { color: ansi_bright_magenta; }
    LogRows > .log-view--source-7 { color: ansi_bright_green; }
    """

    wraps: reactive[bool] = reactive(False)
    time_style: reactive[TimeStyle] = reactive(TimeStyle.LOCAL)
    pattern: reactive[Pattern | None] = reactive(None)
    """What a search looks for; every hit is marked."""
    empty_text: reactive[str] = reactive("")
    """What is said where there is no line to show."""
    source_names: reactive[tuple[str, ...]] = reactive(())
    """Where the lines are of several environments: the names, which then stand before them."""

    def __init__(
        self,
        view: View,
        settings: DashboardSettings,
        *,
        zone: tzinfo | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.settings = settings
        self.zone = zone
        self.viewport = Viewport(view, self._rows_of)
        self.folded_lines: Callable[[int], int] = lambda position: 0
        """How many lines are folded into the one at a position."""
        self._expanded: set[int] = set()
        self._column = 0
        self._drawn: LRUCache[tuple[int, int], list[list[Segment]]] = LRUCache(CACHED_LINES)
        self._finished: LRUCache[_RowKey, Strip] = LRUCache(CACHED_ROWS)
        self._shown: list[ScreenRow] | None = None
        self._shown_version = 0
        self._styles: LogStyles | None = None
        self._ground = Style.null()
        self._width = 0
        self._longest_name = 0
        """Cells of the longest name of those that the lines have before them."""
        self._thumb: tuple[int, int] | None = None

    # --- for the pane ----------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The lines that are shown, one of them a row."""
        return self.viewport.view

    def show_view(self, view: View) -> None:
        """Show other lines of the same log, or another log; the place is kept where it can be."""
        other_log = view.ring is not self.view.ring
        self.viewport.view = view
        if other_log:
            self._forget_drawn()
            self._expanded.clear()
            self.viewport.follow()
        self.refresh_lines_now()

    def shift(self, to: Callable[[int], int]) -> None:
        """Lines were put between others: `to` says where each stands now."""
        self.viewport.shift(to)
        self._expanded = {to(position) for position in self._expanded}
        self._forget_drawn()
        self._shown = None

    def refresh_lines_now(self) -> None:
        """Draw anew what is on the screen, as after lines have come; once a frame at most."""
        self._shown = None
        self._measure()
        self._fit_names()
        self._size_scrollbar()
        self.refresh()

    @property
    def text_width(self) -> int:
        """Cells of a row: those that the scrollbar doesn't cover."""
        return self._width

    @property
    def following(self) -> bool:
        """Whether the newest line is kept on the screen."""
        return self.viewport.following

    @property
    def cursor_line(self) -> Line | None:
        """The line that the cursor is on; while following, the newest."""
        position = self.viewport.cursor
        return None if position is None else self.view.ring.line(position)

    @property
    def shown_positions(self) -> range:
        """The positions of the lines on the screen, and of those between them."""
        rows = self._screen_rows()
        return range(rows[0].position, rows[-1].position + 1) if rows else range(0)

    # --- drawing ---------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of `crop`; what Textual's own way adds, borders above all, isn't needed here,
        and takes longer than the rows.
        """
        self._measure()
        if self.rich_style != self._ground:
            self._ground = self.rich_style
            self._finished.clear()
        _, background = self.background_colors
        strips = [self.render_line(y) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.x or crop.width < self.text_width:
            return [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        width = self.text_width
        rows = self._screen_rows()
        if not rows and y == 0:
            text = [Segment(self.empty_text, self._look.time)]
            return Strip(Segment.apply_style(fit(text, width), self._ground), width)
        if y >= len(rows):
            return Strip.blank(width, self._ground)
        position, part = rows[y]
        line = self.view.ring.line(position)
        count = self._count_text(line, part)
        if self.time_style is TimeStyle.RELATIVE:
            return self._row(line, part, count)
        has_cursor = position == self.viewport.cursor and not self.following
        key = (position, part, line.flags, has_cursor, self._column, count)
        strip = self._finished.get(key)
        if strip is None:
            strip = self._finished[key] = self._row(line, part, count)
        return strip

    def _row(self, line: Line, part: int, count: str) -> Strip:
        width = self.text_width
        room = width - len(count)
        segments = [*self._prefix(line, part), *self._visible(line, part)]
        if Segment.get_line_length(segments) > room:
            cut = self.settings.glyphs.cut
            segments = [*fit(segments, room - 1), Segment(cut, self._look.time)]
        segments = fit(segments, room)
        if count:
            segments.append(Segment(count, self._look.mark))
        ground = self._ground
        if line.position == self.viewport.cursor and not self.following:
            ground += self._look.cursor
        return Strip(Segment.apply_style(segments, ground), width)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget_drawn()
        self._styles = None

    def _screen_rows(self) -> list[ScreenRow]:
        version = self.view.ring.version
        if self._shown is None or version != self._shown_version:
            self.viewport.height = self.size.height
            self._shown, self._shown_version = self.viewport.rows(), version
        return self._shown

    def _count_text(self, line: Line, part: int) -> str:
        """` +12 lines ×3` for the right end of the row: what is folded into it, and how often it
        was said.
        """
        if part or line.is_continuation:
            return ""
        text = ""
        if folded := self.folded_lines(line.position):
            text = f" +{folded:,} lines" if folded > 1 else " +1 line"
        count = self.view.count(self.view.row(line.position)) if self.view.counts else 1
        if count > 1:
            text += f" {'×' if self.settings.glyphs.unicode else 'x'}{count:,}"
        return text

    def _visible(self, line: Line, part: int) -> list[Segment]:
        """A row of the message, from the column on that one has moved to."""
        segments = self._rows_of_message(line)[part]
        if self.wraps or not self._column or line.is_note:
            return segments
        return list(Strip(segments).crop(self._column, self._column + self.text_width))

    def _prefix(self, line: Line, part: int) -> list[Segment]:
        """Time, mark and level before the first row of a line, as many blanks before the others."""
        if line.is_note:
            return []
        if part or line.is_continuation:
            mark = self.settings.glyphs.marked if line.is_marked and not part else " "
            return [Segment(mark.rjust(self._prefix_width() - 2) + "  ", self._look.mark)]
        now = int(self.settings.clock() * 1000)
        time = time_text(line.time, self.time_style, now, self.zone)
        return [
            Segment(time, self._look.time),
            *self._name_of(line),
            *level_segment(line, self.settings.glyphs.marked, self._look),
        ]

    def _name_of(self, line: Line) -> list[Segment]:
        """The name of the environment that a line is from, where there are several."""
        if not self.source_names:
            return []
        name, width = self.source_names[line.source], self._name_width()
        fitting = set_cell_size(name, width)
        if cell_len(name) > width:
            fitting = set_cell_size(name, width - 1) + self.settings.glyphs.ellipsis
        lead = " " if self.time_style is not TimeStyle.OFF else ""
        return [Segment(lead + fitting, self._look.sources[line.source % SOURCE_COLOURS])]

    def _name_width(self) -> int:
        """Cells of the column of names: as the longest, but not more than a part of the screen."""
        most = max(4, min(WIDEST_NAME, self.text_width // 6))
        return min(most, self._longest_name)

    def _prefix_width(self) -> int:
        width = TIME_WIDTHS[self.time_style] + PREFIX_GAP
        if self.source_names:
            width += self._name_width() + (self.time_style is not TimeStyle.OFF)
        return width

    def _rows_of(self, position: int) -> int:
        if not self.wraps and position not in self._expanded:
            return 1
        return len(self._rows_of_message(self.view.ring.line(position)))

    def _rows_of_message(self, line: Line) -> list[list[Segment]]:
        """The message of a line as the segments of each of its rows."""
        key = (line.position, line.flags)
        rows = self._drawn.get(key)
        if rows is None:
            rows = self._drawn[key] = self._message_rows(line)
        return rows

    def _message_rows(self, line: Line) -> list[list[Segment]]:
        width = max(1, self.text_width - self._prefix_width())
        if line.is_note:
            rule = self.settings.glyphs.rule
            return [note_segments(line.text, self.text_width, rule, self._look)]
        message = message_segments(pieces(line.text), line.level, self._look, self.pattern)
        rows = wrap(message, width) if self.wraps else [message]
        if line.position in self._expanded:
            for branch in tree(line.text):
                below = message_segments(branch, line.level, self._look, self.pattern)
                rows.extend(wrap(below, width) if self.wraps else [below])
        return rows

    @property
    def _look(self) -> LogStyles:
        if self._styles is None:
            self._styles = self._make_styles()
        return self._styles

    def _make_styles(self) -> LogStyles:
        def style(name: str) -> Style:
            return self.get_component_rich_style(f"log-view--{name}", partial=True)

        plain, quiet = Style.null(), style("quiet")
        warn, error = style("warn"), style("error")
        severe = {Level.WARN: warn, Level.ERROR: error, Level.FATAL: error + Style(bold=True)}
        calm = {Level.TRACE: quiet, Level.DEBUG: quiet}
        return LogStyles(
            time=style("time"),
            name=style("name"),
            note=style("note"),
            hit=style("hit"),
            mark=style("mark"),
            cursor=style("cursor"),
            levels={Level.UNKNOWN: plain, Level.INFO: style("info"), **calm, **severe},
            sources=tuple(style(f"source-{number}") for number in range(SOURCE_COLOURS)),
            texts={Level.UNKNOWN: plain, Level.INFO: plain, **calm, **severe},
        )

    # --- what changes the drawing ----------------------------------------------------------

    def on_resize(self) -> None:
        self._redraw_all()

    def on_focus(self) -> None:
        self.refresh()

    def watch_wraps(self) -> None:
        self._column = 0
        self._redraw_all()

    def watch_time_style(self) -> None:
        self._redraw_all()

    def watch_source_names(self) -> None:
        self._redraw_all()

    def watch_pattern(self) -> None:
        self._redraw_all()

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tell_relative_times)

    def _tell_relative_times(self) -> None:
        if self.time_style is TimeStyle.RELATIVE and self.is_on_screen:
            self.refresh()

    def _redraw_all(self) -> None:
        self._forget_drawn()
        self.refresh_lines_now()

    def _forget_drawn(self) -> None:
        self._drawn.clear()
        self._finished.clear()

    def _fit_names(self) -> None:
        """Give the names the room that they want; not while somebody reads, whom that would move
        the text of."""
        longest = max(map(cell_len, self.source_names), default=0)
        if longest != self._longest_name and (self.following or not self._longest_name):
            self._longest_name = longest
            self._forget_drawn()

    def _measure(self) -> None:
        self._width = self.scrollable_content_region.width

    def _size_scrollbar(self) -> None:
        """Tell the scrollbar where we are, if that makes it look different: it is drawn at each
        word. Its unit is a line, since rows aren't counted.
        """
        if not self.is_mounted:
            return
        size = Size(self.text_width, len(self.view))
        rows = self._screen_rows()
        top = self.view.row(rows[0].position) if rows else 0
        thumb = _thumb(self.size.height, size.height, top)
        if thumb == self._thumb and size.width == self.virtual_size.width:
            return
        self._thumb = thumb
        if size != self.virtual_size:
            # As the reactive's watcher does, but without a new layout of the whole screen.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        self.scroll_y = top

    def _widest_shown(self) -> int:
        lines = {row.position for row in self._screen_rows()}
        return max(
            (
                Segment.get_line_length(row)
                for position in lines
                for row in self._rows_of_message(self.view.ring.line(position))
            ),
            default=0,
        )


def _thumb(height: int, lines: int, top: int) -> tuple[int, int] | None:
    """Where the thumb of a scrollbar so high begins and how long it is, in eighths of a cell."""
    if lines <= height:
        return None
    length = max(1.0, height * height / lines)
    return int((height - length) * top / (lines - height) * 8), ceil(length * 8)
