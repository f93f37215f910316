"""A course of values as bars, with its name before it and its present value behind it."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from vibebox_tui.metrics.bars import bars
from vibebox_tui.ui.glyphs import UNICODE, Glyphs


class Sparkline(Widget):
    """Draws `values` (oldest first, None is a gap) as bars up to `top`, one cell for each.

    The bars are as high as the widget; the newest value is at the right edge. Set `values` and
    `top` together by `show`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "sparkline--bar",
        "sparkline--full",
        "sparkline--mark",
    }
    DEFAULT_CSS = """
    Sparkline { height: 1; width: 1fr; }
    Sparkline > .sparkline--bar { color: $primary; }
    Sparkline > .sparkline--full { color: $warning; }
    Sparkline > .sparkline--mark { background: $boost; }
    Sparkline.-stale > .sparkline--bar, Sparkline.-stale > .sparkline--full {
        color: $text-disabled;
    }
    """

    FULL_SHARE: ClassVar[float] = 0.9
    """Share of `top` from which a bar is drawn as one that is running out of room."""

    values: reactive[tuple[float | None, ...]] = reactive(())
    top: reactive[float] = reactive(100.0)
    marked: reactive[int | None] = reactive(None)
    """Which value is marked, counted from the newest, 0."""

    def __init__(
        self,
        glyphs: Glyphs = UNICODE,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self._rows: list[str] = []

    def show(self, values: Sequence[float | None], top: float) -> None:
        """Draw these values, the newest of them if there are more than columns."""
        self.top = top
        self.values = tuple(values)

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        shown = self.values[-width:] if width else ()
        rows = bars(shown, top=self.top, steps=self.glyphs.bars, rows=height)
        text = rows[y].rjust(width) if y < len(rows) else " " * width
        return Strip(self._segments(text, shown, width), width)

    def _segments(self, text: str, shown: Sequence[float | None], width: int) -> list[Segment]:
        """Split a row into runs of bars that are full and bars that are not."""
        quiet = self.get_component_rich_style("sparkline--bar")
        loud = self.get_component_rich_style("sparkline--full")
        limit = self.top * self.FULL_SHARE
        mark = self.get_component_rich_style("sparkline--mark", partial=True)
        marked = None if self.marked is None else len(shown) - 1 - self.marked
        offset = width - len(shown)
        segments = [Segment(text[:offset], quiet)] if offset else []
        for index, (cell, value) in enumerate(zip(text[offset:], shown, strict=True)):
            style = loud if value is not None and value >= limit else quiet
            if index == marked:
                style += mark
            if segments and segments[-1].style == style:
                segments[-1] = Segment(segments[-1].text + cell, style)
            else:
                segments.append(Segment(cell, style))
        return segments
