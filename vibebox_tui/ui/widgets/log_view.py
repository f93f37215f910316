"""Draws the lines of a log that are on the screen, and nothing else of however many there are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollTo
from textual.strip import Strip
from textual.widget import Widget

from vibebox_tui.logs.ansi import strip_sequences
from vibebox_tui.logs.chunk import LEVELS, MARKED
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

COLUMN_STEP: Final = 16
"""Cells that the text moves sideways at a time."""

WHEEL_ROWS: Final = 3
"""Rows that one step of a mouse wheel moves."""

PREFIX_GAP: Final = 3
"""Cells between time and message: the mark, the level's letter and a blank."""

_FROM: Final = {
    Level.ERROR: bytes(level in (Level.ERROR, Level.FATAL) for level in LEVELS),
    Level.WARN: bytes(Level.WARN <= level <= Level.FATAL for level in LEVELS),
}
"""For each value of a line's flags, whether it is at least so severe."""

IS_MARKED: Final = bytes(bool(flags & MARKED) for flags in range(256))
"""The same, whether it is marked."""


class LogView(ScrollView, can_focus=True):
    """The rows of `view` that fit, with time, level and message; a cursor once it is paused.

    Call `refresh_lines_now` after lines came or went. The widget reads the view and changes
    nothing in it but marks.
    """

    ALLOW_SELECT = False

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
    }

    DEFAULT_CSS = """
    LogView {
        overflow-x: hidden;
        overflow-y: scroll;
        height: 1fr;
    }
    LogView > .log-view--time { color: $text-muted; }
    LogView > .log-view--name { color: $text-muted; }
    LogView > .log-view--note { color: $text-accent; }
    LogView > .log-view--hit { color: $background; background: $warning; }
    LogView > .log-view--mark { color: $accent; text-style: bold; }
    LogView > .log-view--cursor { background: $boost; }
    LogView > .log-view--quiet { color: $text-muted; }
    LogView > .log-view--info { color: $text-success; }
    LogView > .log-view--warn { color: $text-warning; }
    LogView > .log-view--error { color: $text-error; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="logs.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="logs.up"),
        Binding("space,pagedown", "page(1.0)", "Page down", show=False, id="logs.page_down"),
        Binding("b,pageup", "page(-1.0)", "Page up", show=False, id="logs.page_up"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="logs.half_down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="logs.half_up"),
        Binding("g,home", "start", "First line", show=False, id="logs.first"),
        Binding("G,end", "follow", "Newest line", show=False, id="logs.last"),
        Binding("h,left", "sideways(-1)", "Left", show=False, id="logs.left"),
        Binding("right", "sideways(1)", "Right", show=False, id="logs.right"),
        Binding("f", "toggle_follow", "Follow", id="logs.follow"),
        Binding("e", "severe(1)", "Next error", id="logs.next_error"),
        Binding("E", "severe(-1)", "Previous error", show=False, id="logs.previous_error"),
        Binding("w", "severe(1, True)", "Next warning", show=False, id="logs.next_warning"),
        Binding("W", "severe(-1, True)", "Previous warning", show=False, id="logs.last_warning"),
        Binding("m", "mark", "Mark", show=False, id="logs.mark"),
        Binding("M", "mark_range", "Mark the range", show=False, id="logs.mark_range"),
        Binding("u", "marked(1)", "Next mark", show=False, id="logs.next_mark"),
        Binding("U", "marked(-1)", "Previous mark", show=False, id="logs.previous_mark"),
        Binding("T", "time", "Time", show=False, id="logs.time"),
        Binding("L", "wrap", "Wrap", show=False, id="logs.wrap"),
        Binding("x", "expand", "Expand", show=False, id="logs.expand"),
    ]

    wraps: reactive[bool] = reactive(False)
    time_style: reactive[TimeStyle] = reactive(TimeStyle.LOCAL)
    pattern: reactive[Pattern | None] = reactive(None)
    """What a search looks for; every hit is marked."""

    @dataclass
    class Moved(Message):
        """Another part of the log is shown, or it follows or no longer."""

        log_view: "LogView"

        @property
        def control(self) -> "LogView":
            return self.log_view

    @dataclass
    class StartReached(Message):
        """The first line in memory is on the screen, and the user wanted to go on."""

        log_view: "LogView"

        @property
        def control(self) -> "LogView":
            return self.log_view

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
        self._expanded: set[int] = set()
        self._column = 0
        self._drawn: LRUCache[tuple[int, int], list[list[Segment]]] = LRUCache(CACHED_LINES)
        self._shown: list[ScreenRow] | None = None
        self._shown_version = 0
        self._styles: LogStyles | None = None
        self._ground = Style.null()
        self.opens_prompt: Callable[[str], bool] = lambda key: False
        """Whether a key leads to a prompt, to which the keys behind it belong."""
        self.type_ahead: Callable[[events.Key], None] | None = None
        """Takes keys that were meant for a prompt which hadn't the focus yet."""
        self._held: list[events.Key] | None = None
        self._last_mark: int | None = None

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
            self._drawn.clear()
            self._expanded.clear()
            self._last_mark = None
            self.viewport.follow()
        self.refresh_lines_now()

    def refresh_lines_now(self) -> None:
        """Draw anew what is on the screen, as after lines have come; once a frame at most."""
        self._shown = None
        self._size_scrollbar()
        self.refresh()

    @property
    def following(self) -> bool:
        """Whether the newest line is kept on the screen."""
        return self.viewport.following

    def go_to(self, position: int) -> None:
        """Put the cursor on a line of the log."""
        self.viewport.go_to(position)
        self._moved()

    def record_texts(self) -> list[str]:
        """The lines of the record that the cursor is on, without escape sequences."""
        line = self.cursor_line
        if line is None:
            return []
        record = self.view.ring.record(line.position)
        return [strip_sequences(self.view.ring.line(position).text) for position in record]

    @property
    def cursor_line(self) -> Line | None:
        """The line that the cursor is on; while following, the newest."""
        position = self.viewport.cursor
        return None if position is None else self.view.ring.line(position)

    # --- drawing ---------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        rows = self._screen_rows()
        if y >= len(rows):
            return Strip.blank(width, self._ground)
        position, part = rows[y]
        line = self.view.ring.line(position)
        count = self._count_text(line, part)
        segments = fit([*self._prefix(line, part), *self._visible(line, part)], width - len(count))
        if count:
            segments.append(Segment(count, self._look.mark))
        ground = self._ground
        if position == self.viewport.cursor and not self.following:
            ground += self._look.cursor
        return Strip(Segment.apply_style(segments, ground), width)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
        self._styles = None

    def _screen_rows(self) -> list[ScreenRow]:
        version = self.view.ring.version
        if self._shown is None or version != self._shown_version:
            self.viewport.height = self.size.height
            self._shown, self._shown_version = self.viewport.rows(), version
        return self._shown

    def _count_text(self, line: Line, part: int) -> str:
        """` ×3` for the right end of the row, where the line stands for three."""
        if part or not self.view.counts or line.is_continuation:
            return ""
        count = self.view.count(self.view.row(line.position))
        return f" {'×' if self.settings.glyphs.unicode else 'x'}{count:,}" if count > 1 else ""

    def _visible(self, line: Line, part: int) -> list[Segment]:
        """A row of the message, from the column on that one has moved to."""
        segments = self._rows_of_message(line)[part]
        if self.wraps or not self._column or line.is_note:
            return segments
        return list(Strip(segments).crop(self._column, self._column + self.size.width))

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
            *level_segment(line, self.settings.glyphs.marked, self._look),
        ]

    def _prefix_width(self) -> int:
        return TIME_WIDTHS[self.time_style] + PREFIX_GAP

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
        width = max(1, self.size.width - self._prefix_width())
        if line.is_note:
            rule = self.settings.glyphs.rule
            return [note_segments(line.text, self.size.width, rule, self._look)]
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

    def watch_pattern(self) -> None:
        self._redraw_all()

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tell_relative_times)

    def _tell_relative_times(self) -> None:
        if self.time_style is TimeStyle.RELATIVE and self.is_on_screen:
            self.refresh()

    def _redraw_all(self) -> None:
        self._drawn.clear()
        self.refresh_lines_now()

    def _moved(self) -> None:
        self.refresh_lines_now()
        self.post_message(self.Moved(self))

    def _size_scrollbar(self) -> None:
        """Tell the scrollbar where we are; its unit is a line, since rows aren't counted."""
        if not self.is_mounted:
            return
        size = Size(self.size.width, len(self.view))
        if size != self.virtual_size:
            # As the reactive's watcher does, but without a new layout of the whole screen.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        rows = self._screen_rows()
        self.scroll_y = self.view.row(rows[0].position) if rows else 0

    # --- typing ahead ----------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Keep for a prompt what is typed behind the key that opens it: keys wait in queues."""
        if self.type_ahead is not None:
            event.stop().prevent_default()
            self.type_ahead(event)
        elif self._held is not None:
            event.stop().prevent_default()
            self._held.append(event)
        elif self.opens_prompt(event.key):
            self._held = []

    def take_held(self) -> list[events.Key]:
        """The keys that were typed behind the one that opened a prompt; they are held no more."""
        held, self._held = self._held or [], None
        return held

    def on_blur(self) -> None:
        self._held = None
        self.refresh()

    # --- the mouse -------------------------------------------------------------------------

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop().prevent_default()
        self._scroll_rows(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop().prevent_default()
        self._scroll_rows(WHEEL_ROWS)

    def on_scroll_to(self, message: ScrollTo) -> None:
        message.stop().prevent_default()
        if message.y is not None and len(self.view):
            row = min(max(round(message.y), 0), len(self.view) - 1)
            self.viewport.go_to(self.view.position(row), centred=False)
            self._moved()

    def on_click(self, event: events.Click) -> None:
        rows = self._screen_rows()
        if event.y < len(rows):
            self.go_to(rows[event.y].position)

    # --- actions ---------------------------------------------------------------------------

    def action_move(self, lines: int) -> None:
        self._ask_for_older(lines < 0)
        self.viewport.move(lines)
        self._moved()

    def action_page(self, share: float) -> None:
        rows = round(max(1, self.size.height - 1) * share)
        self._scroll_rows(rows)

    def action_start(self) -> None:
        self.viewport.go_to_start()
        self._ask_for_older(True)
        self._moved()

    def action_follow(self) -> None:
        self.viewport.follow()
        self._moved()

    def action_toggle_follow(self) -> None:
        if self.following:
            self.viewport.pause()
        else:
            self.viewport.follow()
        self._moved()

    def action_sideways(self, direction: int) -> None:
        if not self.wraps:
            widest = self._widest_shown()
            limit = max(0, widest - (self.size.width - self._prefix_width()))
            self._column = min(max(0, self._column + direction * COLUMN_STEP), limit)
            self.refresh()

    def action_severe(self, step: int, warnings: bool = False) -> None:
        self._find(_FROM[Level.WARN if warnings else Level.ERROR], step, "error")

    def action_marked(self, step: int) -> None:
        self._find(IS_MARKED, step, "mark")

    def action_mark(self) -> None:
        line = self.cursor_line
        if line is not None and not line.is_note:
            self.view.ring.set_mark(line.position, marked=not line.is_marked)
            self._last_mark = line.position
            self.refresh()

    def action_mark_range(self) -> None:
        line = self.cursor_line
        if line is None or self._last_mark is None:
            return
        low, high = sorted((line.position, self._last_mark))
        for position in range(max(low, self.view.ring.first), high + 1):
            if self.view.shows(position):
                self.view.ring.set_mark(position, marked=True)
        self.refresh()

    def action_time(self) -> None:
        self.time_style = self.time_style.next()

    def action_wrap(self) -> None:
        self.wraps = not self.wraps

    def action_expand(self) -> None:
        line = self.cursor_line
        if line is None:
            return
        if line.position in self._expanded:
            self._expanded.remove(line.position)
        elif tree(line.text):
            self.viewport.pause()
            self._expanded.add(line.position)
        self._redraw_all()
        self._moved()

    def _find(self, passing: bytes, step: int, what: str) -> None:
        """Go to the next line whose flags pass; say so where there is none."""
        start = self.viewport.cursor
        found = None if start is None else self.view.find(start, passing, step)
        if found is not None:
            self.go_to(found)
        else:
            self.post_message(self.NotFound(self, what, step))

    def _scroll_rows(self, rows: int) -> None:
        self._ask_for_older(rows < 0)
        at_end = not self.following and rows > 0 and self._is_at_end()
        if at_end:
            self.viewport.follow()
        else:
            self.viewport.scroll(rows)
        self._moved()

    def _is_at_end(self) -> bool:
        rows = self._screen_rows()
        return not rows or self.view.row(rows[-1].position) == len(self.view) - 1

    def _ask_for_older(self, upward: bool) -> None:
        if upward and self.viewport.is_at_start:
            self.post_message(self.StartReached(self))

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

    @dataclass
    class NotFound(Message):
        """There is no such line in that direction; `what` names what was looked for."""

        log_view: "LogView"
        what: str
        step: int

        @property
        def control(self) -> "LogView":
            return self.log_view
