"""The metrics pane: CPU and memory of one environment, now and over the last half hour."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from vibebox_tui.client.errors import ClientError
from vibebox_tui.client.events import LinkState, StatusUpdate
from vibebox_tui.metrics.samples import Usage
from vibebox_tui.metrics.window import HOLD_SECONDS, Axis, Window
from vibebox_tui.ui.figures import cpu_text, duration_text, memory_text
from vibebox_tui.ui.glyphs import Glyphs
from vibebox_tui.ui.messages import MomentChosen
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.widgets.sparkline import Sparkline


class Series(Container):
    """One value's row: its name, its course and what it is now."""

    def __init__(self, name: str, glyphs: Glyphs, *, classes: str) -> None:
        super().__init__(classes=f"series {classes}")
        self.title = name
        self.label = Static(name, classes="series-name")
        self.sparkline = Sparkline(glyphs, classes=classes)
        self.value = Static("", classes="series-value", markup=False)
        self._said = ""

    def compose(self) -> ComposeResult:
        yield self.label
        yield self.value
        yield self.sparkline

    def show(
        self, course: Window, top: float, text: str, now: float, span: float, *, stale: bool
    ) -> None:
        """Draw the last `span` seconds of a course and `text` behind it, dimmed where it is old."""
        self.sparkline.show(course.spread(self.sparkline.size.width, now, span), top)
        if text != self._said:
            is_as_wide = cell_len(text) == cell_len(self._said)
            self._said = text
            self.value.update(text, layout=not is_as_wide)
        for part in (self.sparkline, self.value):
            part.set_class(stale, "-stale")

    def mark(self, at: float | None, now: float, span: float, *, is_chosen: bool) -> None:
        """Mark the bar of a moment, in the series that is chosen; in no other."""
        width = max(1, self.sparkline.size.width)
        index = None if at is None else width - 1 - Axis(width, now, span).index(at)
        self.sparkline.marked = index if is_chosen else None
        self.set_class(is_chosen, "-chosen")


class MetricsPane(Pane):
    """Sparklines of CPU and memory with present value and limit.

    What isn't known is `–`. A value that is older than a sample's time is dimmed and says its
    age. In a pane of one or two lines both series share a line (`-compact`); in a higher one the
    bars have several rows each, and the whole width below name and value (`-tall`).
    """

    NOUN = "Metrics"

    can_focus = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "series(1)", "Next series", show=False, id="metrics.down"),
        Binding("k,up", "series(-1)", "Previous series", show=False, id="metrics.up"),
        Binding("h,left", "mark(1)", "Mark earlier", id="metrics.earlier"),
        Binding("right", "mark(-1)", "Mark later", show=False, id="metrics.later"),
        Binding("enter", "log", "Log of that moment", id="metrics.log"),
        Binding("escape", "unmark", "Take the mark away", show=False, id="metrics.unmark"),
        Binding("less_than_sign", "window(-1)", "Narrower window", id="metrics.narrower"),
        Binding("greater_than_sign", "window(1)", "Wider window", id="metrics.wider"),
    ]

    SPANS: ClassVar[tuple[int, ...]] = (60, 300, 600, 1800)
    """Seconds that the bars may stand for together, from the narrowest."""

    DEFAULT_CSS = """
    MetricsPane { layout: vertical; }
    MetricsPane .series { layout: horizontal; height: 1fr; min-height: 1; }
    MetricsPane .series-name { width: 4; height: 1; }
    MetricsPane .series-value {
        dock: right; width: auto; min-width: 8; height: 1; padding: 0 0 0 1;
    }
    MetricsPane Sparkline { width: 1fr; height: 1fr; }
    MetricsPane.-tall .series { layout: grid; grid-size: 2; grid-columns: 4 1fr; grid-rows: 1 1fr; }
    MetricsPane.-tall .series-value { dock: none; width: 1fr; text-align: right; }
    MetricsPane.-tall Sparkline { column-span: 2; }
    MetricsPane.-compact { layout: horizontal; }
    MetricsPane.-compact .series { width: 1fr; height: 1; padding: 0 2 0 0; }
    """

    COMPACT_HEIGHT: ClassVar[int] = 3
    """Lines of content below which both series share one line."""

    TALL_HEIGHT: ClassVar[int] = 6
    """Lines of content from which the bars have lines of their own."""

    REFRESH_SECONDS: ClassVar[float] = 1.0
    """How often the age of an old value is told anew, in seconds."""

    span: reactive[int] = reactive(600)
    """Seconds that the bars stand for."""
    chosen: reactive[int] = reactive(0, init=False)
    """Which series the keys are for."""
    marked_at: reactive[float | None] = reactive(None, init=False)
    """The middle of the bar that is marked, seconds since the epoch; it moves with the bars."""

    @property
    def focus_target(self) -> Widget | None:
        return self

    def compose(self) -> ComposeResult:
        self.usage = Usage()
        yield Series("CPU", self.settings.glyphs, classes="-cpu")
        yield Series("MEM", self.settings.glyphs, classes="-memory")

    def on_mount(self) -> None:
        self.set_interval(self.REFRESH_SECONDS, self._tell_ages)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < self.COMPACT_HEIGHT, "-compact")
        self.set_class(event.size.height >= self.TALL_HEIGHT, "-tall")
        self.call_after_refresh(self.redraw)

    def reset(self) -> None:
        limits = self.environment
        self.usage = Usage(
            cpu_limit=limits.cpu_limit if limits else None,
            memory_limit=limits.memory_limit if limits else None,
        )
        self.redraw()

    async def follow(self) -> None:
        environment = self.environment
        assert environment is not None, "a worker is started for an environment only"
        self._fetch_history(environment.id)
        async with self.client.status(environment.id) as statuses:
            async for event in statuses:
                match event:
                    case StatusUpdate(status, received_at):
                        self.usage.take_status(status, received_at)
                    case LinkState():
                        self.show_link(event)
                self.redraw()

    @work(group="history", exclusive=True, exit_on_error=False)
    async def _fetch_history(self, environment_id: str) -> None:
        """Fill in what was before; a server that doesn't know the route has none to give."""
        try:
            stats = await self.client.rest.environment_stats(environment_id)
        except ClientError as error:
            self.log.info(f"no history of {environment_id}: {error}")
            return
        if self.environment is not None and self.environment.id == environment_id:
            self.usage.take_stats(stats)
            self.redraw()

    def action_window(self, step: int) -> None:
        """Show a shorter or a longer time."""
        place = self.SPANS.index(self.span) + step
        self.span = self.SPANS[min(max(place, 0), len(self.SPANS) - 1)]

    def action_series(self, step: int) -> None:
        """Choose the series below, or above."""
        self.chosen = min(max(self.chosen + step, 0), len(self.query(Series)) - 1)

    def action_mark(self, slots: int) -> None:
        """Move the mark by so many bars into the past; behind the newest there is none."""
        axis = self._axis
        at = axis.slots if self.marked_at is None else axis.index(self.marked_at)
        index = max(at - slots, 0)
        self.marked_at = axis.middle(index) if index < axis.slots else None

    def action_unmark(self) -> None:
        self.marked_at = None

    def action_log(self) -> None:
        """Show the log at the mark, or where there is none, of now."""
        axis, at = self._axis, self.settings.clock()
        if self.marked_at is not None:
            at = axis.time(axis.index(self.marked_at))
        self.post_message(MomentChosen(self, round(at * 1000)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is ours only while there is a mark; else it goes back, as everywhere."""
        return action != "unmark" or self.marked_at is not None

    @property
    def _axis(self) -> Axis:
        """Where the bars of the chosen series stand in time."""
        width = max(1, self._chosen_series.sparkline.size.width)
        return Axis(width, self.settings.clock(), self.span)

    @property
    def _chosen_series(self) -> Series:
        return self.query(Series)[self.chosen]

    def watch_chosen(self) -> None:
        self.redraw()

    def watch_marked_at(self) -> None:
        self.redraw()
        self.refresh_bindings()

    def watch_span(self) -> None:
        self._tell_mark()
        self.redraw()

    # --- drawing ---------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw what is known at this moment; nothing while the pane can't be seen."""
        if not self.is_mounted or not self.is_on_screen:
            return
        usage, glyphs = self.usage, self.settings.glyphs
        now = self.settings.clock()
        cpu_limit = usage.cpu_limit * 100 if usage.cpu_limit else None
        cpu = with_limit(usage.present_cpu, cpu_limit, cpu_text, glyphs)
        memory = with_limit(usage.present_memory, usage.memory_limit, memory_text, glyphs)
        old = self._age(now)
        self._tell_mark()
        for series, course, top, text in zip(
            self.query(Series),
            (usage.cpu, usage.memory),
            (usage.cpu_top, usage.memory_top),
            (cpu, memory),
            strict=True,
        ):
            series.show(course, top, f"{text}{old}", now, self.span, stale=bool(old))
            series.mark(self.marked_at, now, self.span, is_chosen=series is self._chosen_series)

    def _tell_mark(self) -> None:
        """Say below the pane which time is shown, and of the marked moment when and how much."""
        parts = [f"last {duration_text(self.span)}"]
        if self.marked_at is not None:
            axis, usage, glyphs = self._axis, self.usage, self.settings.glyphs
            course, text = ((usage.cpu, cpu_text), (usage.memory, memory_text))[self.chosen]
            index = axis.index(self.marked_at)
            if index < 0:  # the bars have moved on
                self.marked_at = None
                return
            value = course.spread(axis.slots, axis.now, axis.span)[index]
            when = datetime.fromtimestamp(axis.time(index)).strftime("%H:%M:%S")
            parts[:0] = [f"{when} {self._chosen_series.title} {text(value, glyphs).strip()}"]
            parts.append("Enter: its log")
        self.detail = f" {self.settings.glyphs.separator} ".join(parts)

    def _tell_ages(self) -> None:
        if self._age(self.settings.clock()):
            self.redraw()

    def _age(self, now: float) -> str:
        """How old the shown values are, where that is more than a sample's time."""
        seen_at = self.usage.seen_at
        if seen_at is None or not self.usage.is_running or now - seen_at <= HOLD_SECONDS:
            return ""
        return f" {duration_text(now - seen_at)} ago"


def with_limit(
    value: float | None,
    limit: float | None,
    text: Callable[[float | None, Glyphs], str],
    glyphs: Glyphs,
) -> str:
    """A value with its limit and its share of that: `1.2G/4.0G  30%`; without a limit, alone."""
    if not limit:
        return text(value, glyphs)
    share = "" if value is None else f"{value / limit:4.0%}"
    return f"{text(value, glyphs)}/{text(limit, glyphs).strip()} {share}".rstrip()
