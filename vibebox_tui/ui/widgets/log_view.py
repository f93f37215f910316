"""A log under the keys and the mouse: moving in it, marking, unfolding."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.scrollbar import ScrollTo

from vibebox_tui.logs.chunk import IS_MARKED, LEVELS
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.readable import tree
from vibebox_tui.logs.ring import Line
from vibebox_tui.logs.view import View
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.log_rows import LogRows

COLUMN_STEP: Final = 16
"""Cells that the text moves sideways at a time."""

WHEEL_ROWS: Final = 3
"""Rows that one step of a mouse wheel moves."""

_FROM: Final = {
    Level.ERROR: bytes(level in (Level.ERROR, Level.FATAL) for level in LEVELS),
    Level.WARN: bytes(Level.WARN <= level <= Level.FATAL for level in LEVELS),
}
"""For each value of a line's flags, whether it is at least so severe."""


class LogView(LogRows, can_focus=True):
    """The rows of `view` that fit, moved in by keys and the mouse.

    The widget reads the view and changes nothing in it but marks.
    """

    ALLOW_SELECT = False

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

    @dataclass
    class Moved(Message):
        """Another part of the log is shown, or it follows or no longer."""

        log_view: "LogView"

        @property
        def control(self) -> "LogView":
            return self.log_view

    @dataclass
    class Follows(Message):
        """The newest lines are wanted from now on."""

        log_view: "LogView"

        @property
        def control(self) -> "LogView":
            return self.log_view

    @dataclass
    class Turned(Message):
        """The record that begins at `position` is to be folded, or opened where it is."""

        log_view: "LogView"
        position: int

        @property
        def control(self) -> "LogView":
            return self.log_view

    @dataclass
    class StartReached(Message):
        """The first line in memory is near, and the user goes on towards it."""

        log_view: "LogView"

        @property
        def control(self) -> "LogView":
            return self.log_view

    @dataclass
    class EndReached(Message):
        """The last line in memory is near, it isn't the newest, and the user goes on towards it."""

        log_view: "LogView"

        @property
        def control(self) -> "LogView":
            return self.log_view

    @dataclass
    class StartWanted(Message):
        """The first line of the log is wanted; that of those in memory is at `position`, and is
        shown.
        """

        log_view: "LogView"
        position: int

        @property
        def control(self) -> "LogView":
            return self.log_view

    @dataclass
    class NotFound(Message):
        """There is no such line in that direction; `what` names what was looked for."""

        log_view: "LogView"
        what: str
        step: int

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
        super().__init__(view, settings, zone=zone, id=id)
        self.ends_early: Callable[[], bool] = lambda: False
        """Whether the last line in memory isn't the newest there is."""
        self._last_mark: int | None = None

    # --- for the pane ----------------------------------------------------------------------

    def show_view(self, view: View) -> None:
        if view.ring is not self.view.ring:
            self._last_mark = None
        super().show_view(view)

    def go_to(self, position: int) -> None:
        """Put the cursor on a line of the log."""
        self.viewport.go_to(position)
        self._moved()

    def go_to_first(self) -> None:
        """Put the cursor on the first line in memory that isn't our own."""
        self.viewport.go_to_start()
        if (line := self.cursor_line) is not None and line.is_note:
            self.viewport.move(1)
        self._moved()

    def shift(self, to: Callable[[int], int]) -> None:
        """Lines were put between others: `to` says where each stands now."""
        super().shift(to)
        if self._last_mark is not None:
            self._last_mark = to(self._last_mark)

    def record_lines(self) -> list[Line]:
        """The lines of the record that the cursor is on."""
        line = self.cursor_line
        return (
            []
            if line is None
            else [*map(self.view.ring.line, self.view.ring.record(line.position))]
        )

    def on_blur(self) -> None:
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
            rows = row - self.viewport.top_row
            self.viewport.go_to(self.view.position(row), centred=False)
            self._ask_for_more(rows)
            self._moved()

    def on_click(self, event: events.Click) -> None:
        rows = self._screen_rows()
        if event.y < len(rows):
            self.go_to(rows[event.y].position)

    # --- actions ---------------------------------------------------------------------------

    def action_move(self, lines: int) -> None:
        self._ask_for_more(lines)
        self.viewport.move(lines)
        self._moved()

    def action_page(self, share: float) -> None:
        rows = round(max(1, self.size.height - 1) * share)
        self._scroll_rows(rows)

    def action_start(self) -> None:
        self.go_to_first()
        self.post_message(self.StartWanted(self, self.viewport.place))

    def action_follow(self) -> None:
        self.viewport.follow()
        self.post_message(self.Follows(self))
        self._moved()

    def action_toggle_follow(self) -> None:
        if self.following:
            self.viewport.pause()
            self._moved()
        else:
            self.action_follow()

    def action_sideways(self, direction: int) -> None:
        if not self.wraps:
            widest = self._widest_shown()
            limit = max(0, widest - (self.text_width - self._prefix_width()))
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
        """Show a line's fields, then fold its record, then have it as it came again."""
        line = self.cursor_line
        if line is None:
            return
        record = self.view.ring.record(line.position)
        has_fields = bool(tree(line.text))
        if line.position in self._expanded:
            self._expanded.remove(line.position)
            if len(record) > 1:
                self._turn(record)
        elif has_fields and self.view.shows(record[-1]):
            self.viewport.pause()
            self._expanded.add(line.position)
        elif len(record) > 1:
            self._turn(record)
        else:
            self.post_message(Said("There is nothing to unfold in this line."))
        self._redraw_all()
        self._moved()

    def _turn(self, record: range) -> None:
        self.viewport.go_to(record.start)
        self.post_message(self.Turned(self, record.start))

    def _find(self, passing: bytes, step: int, what: str) -> None:
        """Go to the next line whose flags pass; say so where there is none."""
        start = self.viewport.cursor
        found = None if start is None else self.view.find(start, passing, step)
        if found is not None:
            self.go_to(found)
        else:
            self.post_message(self.NotFound(self, what, step))

    def _scroll_rows(self, rows: int) -> None:
        self._ask_for_more(rows)
        at_end = not self.following and rows > 0 and self._is_at_end()
        if at_end and not self.ends_early():
            self.action_follow()
            return
        self.viewport.scroll(rows)
        self._moved()

    def _is_at_end(self) -> bool:
        rows = self._screen_rows()
        return not rows or self.view.row(rows[-1].position) == len(self.view) - 1

    def _ask_for_more(self, rows: int) -> None:
        """Ask for lines that aren't in memory, where one goes towards them."""
        if rows < 0 and self.viewport.is_near_start:
            self.post_message(self.StartReached(self))
        elif rows > 0 and self.ends_early() and self.viewport.is_near_end:
            self.post_message(self.EndReached(self))

    def _moved(self) -> None:
        self.refresh_lines_now()
        self.post_message(self.Moved(self))
