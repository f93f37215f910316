"""The lines of a log over time, by severity: a bar for each length of time."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from vibebox_tui.logs.tally import Slot, Slots
from vibebox_tui.metrics.bars import bars
from vibebox_tui.ui.glyphs import Glyphs

BAR_ROWS: Final = 3
"""Rows of bars where there is room; one more tells the times."""

LEAST_LINES: Final = 3
"""Rows that are left to the log's lines whatever the histogram would like."""


class LogHistogram(Widget, can_focus=True):
    """Bars of `slots`, the colour of each that of the worst in it; one bar is marked.

    It is there once it has been `switch`ed on, and while `fit` finds room for it above the lines.
    Choosing another bar, by keys or with the mouse, asks to go to its time.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-histogram--calm",
        "log-histogram--warning",
        "log-histogram--error",
        "log-histogram--mark",
        "log-histogram--time",
    }

    DEFAULT_CSS = """
    LogHistogram { height: 4; display: none; }
    LogHistogram.-shown { display: block; }
    LogHistogram.-crowded { display: none; }
    LogHistogram > .log-histogram--calm { color: $primary; }
    LogHistogram > .log-histogram--warning { color: $warning; }
    LogHistogram > .log-histogram--error { color: $error; }
    LogHistogram > .log-histogram--mark { background: $boost; }
    LogHistogram > .log-histogram--time { color: $text-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Earlier", show=False, id="logs.earlier"),
        Binding("right", "step(1)", "Later", show=False, id="logs.later"),
        Binding("enter,escape", "leave", "Back to the lines", show=False, id="logs.to_lines"),
    ]

    @dataclass
    class TimeChosen(Message):
        """Go to a moment, in milliseconds since the epoch; `time` is when a message was made."""

        histogram: "LogHistogram"
        moment: int

        @property
        def control(self) -> "LogHistogram":
            return self.histogram

    @dataclass
    class Left(Message):
        """The keys are to go to the lines again."""

        histogram: "LogHistogram"

        @property
        def control(self) -> "LogHistogram":
            return self.histogram

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self._slots: Slots | None = None
        self._marked = 0

    @property
    def is_shown(self) -> bool:
        """Whether it can be seen."""
        return self.has_class("-shown") and self.has_room

    @property
    def has_room(self) -> bool:
        """Whether there is room for it, and for lines below it."""
        return not self.has_class("-crowded")

    def switch(self) -> None:
        """Be there, or no longer."""
        self.toggle_class("-shown")

    def fit(self, rows: int) -> None:
        """Take of a log's `rows` what its lines can spare; nothing where that isn't worth while."""
        bar_rows = min(BAR_ROWS, rows - LEAST_LINES - 1)
        self.set_class(bar_rows < 1, "-crowded")
        self.styles.height = max(1, bar_rows) + 1

    def show(self, slots: Slots | None, time: int | None) -> None:
        """Draw these slots, that of `time` marked (None: the last)."""
        marked = 0
        if slots is not None:
            marked = len(slots.slots) - 1 if time is None else slots.index(time)
        if (slots, marked) != (self._slots, self._marked):
            self._slots, self._marked = slots, marked
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._slots is None:
            return Strip.blank(width, self.rich_style)
        if y == self.size.height - 1:
            strip = self._times(self._slots, width)
        else:
            strip = Strip(self._bars(self._slots, y))
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _bars(self, slots: Slots, y: int) -> list[Segment]:
        top = max(slot.total for slot in slots.slots)
        values = [float(slot.total) if slot.total else None for slot in slots.slots]
        rows = bars(values, top=top, steps=self.glyphs.bars, rows=self.size.height - 1)
        mark = self.get_component_rich_style("log-histogram--mark", partial=True)
        segments = []
        for index, (cell, slot) in enumerate(zip(rows[y], slots.slots, strict=True)):
            style = self.get_component_rich_style(f"log-histogram--{_kind(slot)}", partial=True)
            segments.append(Segment(cell, style + mark if index == self._marked else style))
        return segments

    def _times(self, slots: Slots, width: int) -> Strip:
        """When the bars begin and what the marked one counts."""
        slot = slots.slots[self._marked]
        first, here = _clock(slots.start), _clock(slots.time(self._marked))
        counts = f"{here} +{slots.length // 1000}s: {slot.total:,} lines"
        counts += f", {slot.errors:,} errors" if slot.errors else ""
        style = self.get_component_rich_style("log-histogram--time", partial=True)
        return Strip([Segment(f"{first}  {counts}"[:width], style)])

    # --- choosing --------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        self._choose(event.x)

    def action_step(self, step: int) -> None:
        """Go to the next bar in a direction that isn't empty."""
        if self._slots is None:
            return
        index = self._marked + step
        while 0 <= index < len(self._slots.slots) and not self._slots.slots[index].total:
            index += step
        self._choose(index)

    def action_leave(self) -> None:
        self.post_message(self.Left(self))

    def _choose(self, index: int) -> None:
        if self._slots is not None and 0 <= index < len(self._slots.slots):
            self._marked = index
            self.refresh()
            self.post_message(self.TimeChosen(self, self._slots.time(index)))


def _kind(slot: Slot) -> str:
    if slot.errors:
        return "error"
    return "warning" if slot.warnings else "calm"


def _clock(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%H:%M:%S")
