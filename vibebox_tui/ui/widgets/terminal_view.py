"""A widget that draws an emulated terminal and says where the mouse is in it; no I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from vibebox_tui.emulator import Changes, Cursor, Emulator
from vibebox_tui.ui.glyphs import UNICODE, Glyphs
from vibebox_tui.ui.widgets.terminal_cursor import BLINK_SECONDS, Blinking, cursor_mark
from vibebox_tui.ui.widgets.terminal_paint import Mark, TerminalPaint, endorsed, marked
from vibebox_tui.ui.widgets.terminal_text import Cell, TerminalText

SMALLEST_ROWS, SMALLEST_COLUMNS = 2, 10
"""What a terminal is told at least: programs misbehave on less, and a layout passes through 0."""


_WIDEST = 2
"""Columns that a cursor is drawn in at most: those of a wide character."""

MarksOfLine = Callable[[int], Sequence[Mark]]
"""What is to look different in a line of the text."""


class TerminalView(Widget, can_focus=True):
    """Draws an `Emulator`: its screen, or a part of its scrollback.

    Only rows that changed are drawn anew. While it has `all_keys`, no binding of an ancestor acts
    on a key: each bubbles up as an event. Scrolled back, the view keeps its place while lines
    come in below.
    """

    ALLOW_SELECT: ClassVar[bool] = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "terminal--outside",
        "terminal--selection",
        "terminal--hit",
        "terminal--present-hit",
        "terminal--succeeded",
        "terminal--failed",
        "terminal--bar",
    }

    all_keys: reactive[bool] = reactive(False)
    back: reactive[int] = reactive(0)
    """Lines scrolled back; 0 shows the present screen."""

    @dataclass
    class SizeChanged(Message):
        """The view has room for another number of rows and columns."""

        view: "TerminalView"
        rows: int
        columns: int

        @property
        def control(self) -> "TerminalView":
            return self.view

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.text: TerminalText | None = None
        """What is shown, by lines; another one as soon as their numbers are others."""
        self.take_at_once: Callable[[events.Key], bool] = lambda _: False
        """Called with each key before it becomes an event: does it, or says that it doesn't."""
        self.holds_still = False
        """Whether the view keeps its place although it shows the present screen."""
        self._looks: dict[str, RichStyle] = {}
        self._paint: TerminalPaint | None = None
        self._paint_is_reversed = False
        self._marks: MarksOfLine | None = None
        self._point: Cell | None = None
        self._cursor_row: int | None = None
        self._blinking = Blinking()
        self._drawn_top = 0

    # --- what is shown ---------------------------------------------------------------------

    @property
    def emulator(self) -> Emulator | None:
        """The emulator that is drawn."""
        return self.text.emulator if self.text else None

    def show(self, emulator: Emulator | None) -> None:
        """Draw `emulator` from now on, its present screen first."""
        if emulator is not None:
            emulator.take_changes()
        self._renumber(emulator)
        self.set_reactive(TerminalView.back, 0)

    def draw_changes(self) -> bool:
        """Mark what changed in the emulator since the last call to be drawn; was there any?"""
        if self.text is None or not (changes := self.text.emulator.take_changes()):
            return False
        if changes.everything:
            self._renumber(self.text.emulator)
            return True
        self.text.scrolled += changes.scrolled
        self._blinking.moved()
        if changes.scrolled and (self.back or self.holds_still):
            self.set_reactive(TerminalView.back, min(self.back + changes.scrolled, self.furthest))
        if self.top != self._drawn_top or (changes.scrolled and self.back):
            self.refresh()
        elif regions := self._changed_regions(changes):
            self.refresh(*regions)
        self._drawn_top = self.top
        return True

    @property
    def furthest(self) -> int:
        """How many lines one can scroll back."""
        return self.emulator.scrollback_length + self._hidden_rows() if self.emulator else 0

    @property
    def top(self) -> int:
        """The emulator's row that the first row of the view shows; negative in the scrollback."""
        return self._hidden_rows() - self.back

    @property
    def room(self) -> tuple[int, int]:
        """Rows and columns that fit, and at least what a terminal needs."""
        return max(self.size.height, SMALLEST_ROWS), max(self.size.width, SMALLEST_COLUMNS)

    def scroll_back(self, lines: int) -> None:
        """Scroll `lines` back, or forward where negative, as far as there are any."""
        self.back = max(0, min(self.back + lines, self.furthest))

    def reveal(self, line: int) -> None:
        """Scroll as little as possible so that `line` is in view."""
        y = self._y_of(line)
        if y < 0:
            self.scroll_back(-y)
        elif y >= self.size.height:
            self.scroll_back(self.size.height - 1 - y)

    def mark(self, marks: MarksOfLine | None, point: Cell | None = None) -> None:
        """Draw `marks` over the text, and the cursor at `point` where that is given."""
        self._marks, self._point = marks, point
        self.refresh()

    def cell_at(self, event: events.MouseEvent) -> Cell:
        """The place in the text that a mouse event is about, within what there is."""
        if self.text is None:
            return Cell(0, 0)
        row = self.row_at(event)
        return Cell(row + self.text.scrolled, min(max(event.x, 0), self.text.columns - 1))

    def row_at(self, event: events.MouseEvent) -> int:
        """The emulator's row that a mouse event is about; negative in the scrollback."""
        return min(max(event.y, 0), max(self.size.height - 1, 0)) + self.top

    # --- drawing ---------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        paint = self._present_paint()
        emulator, row = self.emulator, y + self.top
        if emulator is None or not -emulator.scrollback_length <= row < emulator.rows:
            return Strip.blank(width, self.component_style("terminal--outside"))
        strip = paint.strip(emulator.runs(row), min(width, emulator.columns))
        if (status := emulator.exit_status(row)) is not None:
            strip = endorsed(strip, self._outcome(status))
        strip = marked(strip, [*self._marks_of(row), *self._cursor(row)])
        if width > emulator.columns:
            strip = strip.adjust_cell_length(width, self.component_style("terminal--outside"))
        return strip

    def component_style(self, name: str) -> RichStyle:
        """The look of a part of the view, as the styles have it."""
        if (look := self._looks.get(name)) is None:  # Textual forgets them with every refresh
            look = self._looks[name] = self.get_component_rich_style(name)
        return look

    def notify_style_update(self) -> None:
        self._paint = None
        self._looks.clear()
        super().notify_style_update()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return self.all_keys

    def watch_all_keys(self, all_keys: bool) -> None:
        self.set_class(all_keys, "-captured")
        self.refresh_bindings()

    def watch_back(self) -> None:
        self.refresh()

    def on_mount(self) -> None:
        self.set_interval(BLINK_SECONDS, self._blink)

    def on_focus(self) -> None:
        self._refresh_cursor()

    def on_blur(self) -> None:
        self._refresh_cursor()

    def on_resize(self, event: events.Resize) -> None:
        if event.size:
            self.post_message(self.SizeChanged(self, *self.room))

    def _present_paint(self) -> TerminalPaint:
        is_reversed = self.emulator is not None and self.emulator.modes.reverse_video
        if self._paint is None or self._paint_is_reversed != is_reversed:
            base = self.rich_style
            if is_reversed:
                base = RichStyle(color=base.bgcolor, bgcolor=base.color)
            palette = self.emulator.palette if self.emulator else None
            self._paint, self._paint_is_reversed = TerminalPaint(base, palette), is_reversed
        return self._paint

    def _outcome(self, status: int) -> list[Segment]:
        """How the command of a prompt ended, in cells that are blank otherwise."""
        if status == 0:
            style = self.component_style("terminal--succeeded")
            return [Segment(f" {self._glyphs.marked}", style)]
        style = self.component_style("terminal--failed")
        return [Segment(f" {self._glyphs.error} {status}", style)]

    def _cursor(self, row: int) -> Sequence[Mark]:
        """The mark of the cursor, where it is in `row` and is to be seen."""
        if self._point is not None:
            column = self._point.column
            is_here = self._y_of(self._point.line) + self.top == row
            return [Mark(column, column + 1)] if is_here else []
        if self.emulator is None or not self.has_focus:
            return []
        cursor = self.emulator.cursor
        if not cursor.visible or cursor.row != row or not self._blinking.is_lit:
            return []
        bar = self._glyphs.bar_cursor
        return [cursor_mark(cursor, bar=bar, over=self.component_style("terminal--bar"))]

    def _marks_of(self, row: int) -> Sequence[Mark]:
        if self._marks is None or self.text is None:
            return ()
        return self._marks(row + self.text.scrolled)

    def _renumber(self, emulator: Emulator | None) -> None:
        """Nothing that was drawn or numbered before holds any more."""
        self.text = TerminalText(emulator) if emulator else None
        self._marks, self._point, self._paint = None, None, None
        self.holds_still = False
        self.set_reactive(TerminalView.back, min(self.back, self.furthest))
        self._drawn_top = self.top
        self.refresh()

    def _changed_regions(self, changes: Changes) -> list[Region]:
        rows = set(changes.rows)
        if self.emulator is not None:
            rows |= self._cursor_rows(self.emulator.cursor)
        return list(_regions(sorted(rows), self.top, self.size.width, self.size.height))

    def _cursor_rows(self, cursor: Cursor) -> set[int]:
        """The rows in which the cursor was and is."""
        rows = {cursor.row} | ({self._cursor_row} if self._cursor_row is not None else set())
        self._cursor_row = cursor.row
        return rows

    def _refresh_cursor(self) -> None:
        if self.emulator is not None:
            y = self.emulator.cursor.row - self.top
            self.refresh(Region(0, y, self.size.width, 1))

    def _blink(self) -> None:
        """A period of the cursor's blinking is over: its cell, where it looks different now."""
        if self._blinking.pass_period(blinks=self._blinks) and self.emulator is not None:
            cursor = self.emulator.cursor
            self.refresh(Region(cursor.column, cursor.row - self.top, _WIDEST, 1))

    @property
    def _blinks(self) -> bool:
        """Whether there is a cursor that blinks: where one types, in a terminal that one sees."""
        if self.emulator is None or not (self.all_keys and self.has_focus and self.app.app_focus):
            return False
        cursor = self.emulator.cursor
        return cursor.visible and cursor.blinking and self._point is None

    def _hidden_rows(self) -> int:
        """Rows at the emulator's top that don't fit; the cursor's row always does."""
        if self.emulator is None or self.emulator.rows <= self.size.height:
            return 0
        return max(0, self.emulator.cursor.row - self.size.height + 1)

    def _y_of(self, line: int) -> int:
        """Where in the view a line of the text is, or would be."""
        return line - self.text.scrolled - self.top if self.text else 0


def _regions(rows: Sequence[int], top: int, width: int, height: int) -> list[Region]:
    """Regions of a view that starts at row `top` which cover `rows` (ascending) and little else."""
    shown = [row - top for row in rows if 0 <= row - top < height]
    if not shown:
        return []
    starts = [shown[0], *(after for before, after in pairwise(shown) if after != before + 1)]
    ends = [*(before for before, after in pairwise(shown) if after != before + 1), shown[-1]]
    return [
        Region(0, start, width, end - start + 1) for start, end in zip(starts, ends, strict=True)
    ]
