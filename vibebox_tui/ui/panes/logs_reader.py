"""The log pane's way in: follows a log, keeps its index up, draws once a frame, fetches history."""

import asyncio
from typing import Final

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LinkState, LogEvent, LogHole, LogLines, LogResumed
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.document import Document
from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.logs.tally import Tally
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.panes.logs_words import (
    Completeness,
    beginning,
    hole,
    interruption,
    position_text,
    selection_text,
)
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.roster import is_down
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.log_histogram import LogHistogram
from vibebox_tui.ui.widgets.log_view import LogView

TAIL: Final = 1000
"""Lines of history that are asked for at first; older ones are fetched when one goes there."""

FETCH_LINES: Final = 1000
"""Older lines that are fetched at a time."""

ALL_PANES_BYTES: Final = 256 * 1024 * 1024
"""Memory for the lines of all log panes together."""

LOOK_BYTES: Final = 1024 * 1024
"""Growth of a log after which it is looked whether that bound is kept."""

FRAME_SECONDS: Final = 1 / 30
"""Time between two repaints while lines arrive."""

SLICE_SECONDS: Final = 0.01
"""How long scanning may keep the screen from living, at a time."""


class LogReader(Pane):
    """The log of one environment, followed or paused; what is shown of it is set by `select`."""

    NOUN = "Logs"

    DEFAULT_CSS = """
    LogReader { layout: vertical; }
    """

    def __init__(
        self,
        client: Client,
        environment: Environment | None = None,
        *,
        settings: DashboardSettings | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(client, environment, settings=settings, id=id, classes=classes)
        self._repaint: Timer | None = None
        self._begin()

    def compose(self) -> ComposeResult:
        self.histogram = LogHistogram(self.settings.glyphs)
        self.log_view = LogView(self.document.view, self.settings)
        yield self.histogram
        yield self.log_view

    @property
    def focus_target(self) -> Widget | None:
        return self.log_view

    def title_text(self) -> str:
        shown = selection_text(self.document.selection, self.settings.glyphs)
        return f"{super().title_text()}  {shown}" if shown else super().title_text()

    # --- following -------------------------------------------------------------------------

    def reset(self) -> None:
        before = self.document
        self._begin()
        self.document.select(before.selection)
        self.document.collapse(before.collapses)
        self.log_view.pattern = None
        self.log_view.show_view(self.document.view)
        self._tell()

    async def follow(self) -> None:
        environment = self.environment
        assert environment is not None, "a worker is started for an environment only"
        async with self.client.logs(environment.id, tail=TAIL) as events:
            async for event in events:
                self._take(event)
                await asyncio.sleep(0)  # a full queue never waits, and the screen has to live

    def _begin(self) -> None:
        self.document = Document()
        self._completeness = Completeness()
        self._tally = Tally(self.document.view)
        self._next_look = LOOK_BYTES
        self._beginning = ""

    def _take(self, event: LogEvent) -> None:
        now = self.settings.clock()
        match event:
            case LogLines(entries):
                self.document.append(entries)
                self._keep_bound()
            case LogResumed():
                self._completeness.note_resumed(event)
                level = Level.UNKNOWN if event.complete else Level.WARN
                text = interruption(event, self.settings.glyphs)
                self.document.note(text, event.restored_at, level=level)
            case LogHole():
                self._completeness.note_hole(event)
                self.document.note(hole(event), now, level=Level.WARN)
            case LinkState():
                self.show_link(event)
        self._repaint_soon()

    def _keep_bound(self) -> None:
        """Have the longest log forget its oldest lines while all together are too long."""
        if self.document.ring.size < self._next_look:
            return
        rings = [pane.document.ring for pane in self.screen.query(LogReader)]
        while sum(ring.size for ring in rings) > ALL_PANES_BYTES:
            if not max(rings, key=lambda ring: ring.size).drop_oldest():
                break
        self._next_look = self.document.ring.size + LOOK_BYTES

    def _repaint_soon(self) -> None:
        """Repaint with the next frame, whatever else arrives until then."""
        if self._repaint is None:
            self._repaint = self.set_timer(FRAME_SECONDS, self._repaint_now)

    def _repaint_now(self) -> None:
        self._repaint = None
        is_done = self.document.scan(SLICE_SECONDS, self._near)
        if self.log_view.following or not is_done:
            self.log_view.refresh_lines_now()
        self._tell()
        if not is_done:
            self._scan_on()

    @property
    def _near(self) -> int | None:
        """The line around which what is shown matters first; None is the end."""
        return None if self.log_view.following else self.log_view.viewport.cursor

    @work(group="scan", exclusive=True, exit_on_error=False)
    async def _scan_on(self) -> None:
        """Scan the rest in slices, between which keys and frames have their turn."""
        while not self.document.scan(SLICE_SECONDS, self._near):
            self.log_view.refresh_lines_now()
            self._tell()
            await asyncio.sleep(0)
        self.log_view.refresh_lines_now()
        self._tell()

    def _tell(self) -> None:
        """Say below the pane where one is in the log; show it in the histogram."""
        viewport = self.log_view.viewport
        glyphs = self.settings.glyphs
        text = position_text(
            self.document, viewport, self._completeness, glyphs, is_cut_off=is_down(self.link)
        )
        self.detail = Content(text).markup
        if self.histogram.has_class("-shown"):
            self._count()

    def _count(self) -> None:
        """Count the lines over time, for a slice; the rest with the next frame."""
        if self._tally.view is not self.document.view:
            self._tally = Tally(self.document.view)
        if not self._tally.scan(SLICE_SECONDS):
            self._repaint_soon()
        line = None if self.log_view.following else self.log_view.cursor_line
        slots = self._tally.slots(self.histogram.size.width)
        self.histogram.show(slots, line.time if line else None)

    # --- what is shown ---------------------------------------------------------------------

    def select(self, selection: Selection) -> None:
        """Show something else of the log, around the line that the cursor is on."""
        self.document.select(selection)
        self._show_anew()
        self.retitle()

    def look_for(self, pattern: Pattern | None) -> None:
        """Mark and count what `pattern` finds among what is shown."""
        self.document.search(pattern)
        self.log_view.pattern = pattern
        self._repaint_now()

    def collapse(self, collapses: bool) -> None:
        """Show records that say the same again once, with a count; or all of them."""
        self.document.collapse(collapses)
        self._show_anew()

    def _show_anew(self) -> None:
        self.document.scan(SLICE_SECONDS, self._near)
        self.log_view.show_view(self.document.view)
        self._repaint_now()

    # --- older lines -----------------------------------------------------------------------

    def on_log_view_start_reached(self, event: LogView.StartReached) -> None:
        event.stop()
        if self._beginning:
            self.post_message(Said(self._beginning))
        else:
            self._fetch_older()

    @work(group="older", exclusive=True, exit_on_error=False)
    async def _fetch_older(self) -> None:
        """Fetch what was before the oldest line in memory, and put it in front."""
        environment, document = self.environment, self.document
        oldest = document.ring.oldest_seq
        if environment is None or oldest is None:
            return
        try:
            page = await self.client.rest.logs(environment.id, before_seq=oldest, limit=FETCH_LINES)
        except VibeBoxError as error:
            self.post_message(Said(f"Older lines: {error}", "warning"))
            return
        if document is not self.document:
            return
        if page.data:
            document.ring.prepend(page.data)
            self._repaint_soon()
        else:
            self._beginning = beginning(page)
            self.post_message(Said(self._beginning))
