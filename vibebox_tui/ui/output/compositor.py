"""Textual's compositor, made to draw no more than the cells that a widget has marked."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar, cast

from rich.console import RenderableType
from textual._compositor import Compositor, CompositorUpdate, ReflowResult
from textual._context import visible_screen_stack
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

T = TypeVar("T")

Span = tuple[int, int]
"""Columns of a row, from the first up to before the second."""


class Piece(NamedTuple):
    """A strip, and where on the screen it begins."""

    x: int
    y: int
    strip: Strip


class Patch(CompositorUpdate):
    """What has changed on a screen, in pieces that don't overlap."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces


class FrugalScreen(Screen[T]):
    """A screen of which only what has changed is rendered.

    Textual renders each widget in full that an update touches or lies before or behind, a hundred
    strips for one cell.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._compositor = FrugalCompositor()

    def draw_now(self, *widgets: Widget) -> None:
        """Draw what these have marked for a refresh, where they have their places already."""
        self._dirty_widgets.update(widgets)
        if self._layout_required or self._scroll_required or self._repaint_required:
            super()._on_timer_update()
            return
        others = self._dirty_widgets.difference(widgets)
        self._compositor.update_widgets(set(widgets))
        self._compositor_refresh()
        self._dirty_widgets |= others

    def draw_pending(self) -> None:
        """Draw at once all that has been marked for a refresh, without the messages and the timer
        that Textual does it by; what has to be laid out anew is left to it."""
        for widget in self._compositor.visible_widgets:
            if widget._repaint_required and not widget._layout_required:
                widget._repaint_required = False
                self._dirty_widgets.add(widget)
        if self._dirty_widgets:
            super()._on_timer_update()

    def _on_timer_update(self) -> None:
        is_wanted = self._layout_required or self._scroll_required or self._callbacks
        if is_wanted or not getattr(self.app, "draws_later", False):
            super()._on_timer_update()


class FrugalCompositor(Compositor):
    """Renders a partial update as a `Patch`: of each row, the widget in front, where it's dirty."""

    def render_update(
        self,
        full: bool = False,
        screen_stack: list[Screen[Any]] | None = None,
        simplify: bool = False,
    ) -> RenderableType | None:
        if full or self.size.region in self._dirty_regions:
            return super().render_update(full, screen_stack, simplify)
        visible_screen_stack.set(screen_stack or [])
        pieces = list(self._pieces())
        return cast("RenderableType", Patch(pieces)) if pieces else None

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        """As Textual's, which says nothing of widgets that something has looked for since the last
        time: they are in its map by then, and would never hear of their size.
        """
        known = self.widgets
        hidden, shown, resized = super().reflow(parent, size)
        unheard = {
            widget
            for widget, geometry in self._full_map.items()
            if widget.outer_size != geometry.region.size
        }
        return ReflowResult(hidden, shown | (self._full_map.keys() - known), resized | unheard)

    def _pieces(self) -> Iterator[Piece]:
        missing: dict[int, list[Span]] = {}
        for y, start, end in self._regions_to_spans(self._dirty_regions):
            missing.setdefault(y, []).append((start, end))
        self._dirty_regions.clear()
        for widget, (region, clip) in self.visible_widgets.items():  # front to back
            if not missing:
                return
            yield from _drawn(widget, region, region.intersection(clip), missing)


def _drawn(
    widget: Widget, region: Region, visible: Region, missing: dict[int, list[Span]]
) -> Iterator[Piece]:
    """What `widget` shows of the cells that are `missing`, which aren't any more afterwards.

    It is placed at `region`, of which `visible` is to be seen.
    """
    left, right = visible.column_span
    rows = [
        y
        for y in visible.line_range
        if any(start < right and end > left for start, end in missing.get(y, ()))
    ]
    for first, end in _runs(rows):
        crop = Region(left - region.x, first - region.y, visible.width, end - first)
        for y, strip in enumerate(widget.render_lines(crop), first):
            inside, outside = _parted(missing.pop(y), left, right)
            if outside:
                missing[y] = outside
            for start, stop in inside:
                yield Piece(start, y, strip.crop(start - left, stop - left))


def _parted(spans: Iterable[Span], left: int, right: int) -> tuple[list[Span], list[Span]]:
    """The parts of `spans` that are between `left` and `right`, and those that aren't."""
    inside: list[Span] = []
    outside: list[Span] = []
    for start, end in spans:
        bounds = sorted({start, end, *(cut for cut in (left, right) if start < cut < end)})
        for part in pairwise(bounds):
            (inside if left <= part[0] < right else outside).append(part)
    return inside, outside


def _runs(rows: list[int]) -> Iterator[Span]:
    """Ascending numbers as ranges without a gap."""
    first = 0
    for index, row in enumerate(rows, 1):
        if index == len(rows) or rows[index] != row + 1:
            yield rows[first], row + 1
            first = index
