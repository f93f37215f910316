"""The log pane's way in: follows a log, keeps its index up, draws once a frame."""

import math
from collections.abc import Mapping
from typing import Final

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import (
    LinkState,
    LogEvent,
    LogHole,
    LogLines,
    LogLiveNow,
    LogResumed,
)
from vibebox_tui.client.log_reader import LogCursor
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.document import Document
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.merge import NOTHING, Shift
from vibebox_tui.logs.tally import Tally
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.panes.logs_extent import Extent, Origins, Pages
from vibebox_tui.ui.panes.logs_marks import MarksAside
from vibebox_tui.ui.panes.logs_newer import NewerLines
from vibebox_tui.ui.panes.logs_older import OlderLines
from vibebox_tui.ui.panes.logs_sources import PART_LINES, TAIL, LogSources, Scope, parts
from vibebox_tui.ui.panes.logs_words import (
    Completeness,
    emptiness,
    hole,
    interruption,
    position_text,
    selection_text,
)
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.roster import is_down
from vibebox_tui.ui.servers import Neighbour
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.log_histogram import LogHistogram
from vibebox_tui.ui.widgets.log_view import LogView

LOOK_BYTES: Final = 1024 * 1024
"""Growth of a log after which it is looked whether that bound is kept."""

FRAME_SECONDS: Final = 1 / 20
"""Time between two repaints while lines arrive; what a key does is drawn at once."""

STEP_SECONDS: Final = 0.005
"""Time between two looks at whether a key has had its effect."""

PARKED_LINES: Final = 20_000
"""Lines that wait at most until one no longer reads where they belong."""

SLICE_SECONDS: Final = 0.01
"""How long scanning may keep the screen from living, at a time."""


class LogReader(Pane):
    """The log of one environment, or of several by time: `scope` says of which. It is followed, or
    paused.
    """

    NOUN = "Logs"

    DEFAULT_CSS = """
    LogReader { layout: vertical; }
    """

    scope: reactive[Scope] = reactive(Scope.THIS, init=False)
    neighbours: reactive[tuple[Neighbour, ...]] = reactive(())
    """All environments there are, for a pane that shows the logs of several."""

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
        self._marks = MarksAside()
        self._heeded = 0
        """Which following is heeded: one that was cancelled may bring something still."""
        self._taken = 0
        """Lines that were taken in since others have run."""
        self._begin()

    def compose(self) -> ComposeResult:
        self.histogram = LogHistogram(self.settings.glyphs)
        self.log_view = LogView(self.document.view, self.settings)
        self.log_view.folded_lines = lambda position: self.document.folded_lines(position)
        self.log_view.ends_early = lambda: self._is_detached
        yield self.histogram
        yield self.log_view

    @property
    def focus_target(self) -> Widget | None:
        return self.log_view

    def title_text(self) -> str:
        whose = super().title_text()
        if self.scope is not Scope.THIS:
            whose = f"{self.NOUN}: {self.scope} ({len(self.scope.chosen(self.neighbours))})"
        shown = selection_text(self.document.selection, self.settings.glyphs)
        return f"{whose}  {shown}" if shown else whose

    @property
    def source_names(self) -> list[str]:
        """The names of the environments whose lines are shown, by the lines' sources."""
        if self.scope is not Scope.THIS:
            return self._sources.names
        return [self.environment.name] if self.environment else []

    def on_resize(self) -> None:
        has_keys = self.histogram.has_focus
        self.histogram.fit(self.size.height)
        if has_keys and not self.histogram.has_room:
            self.log_view.focus()

    # --- following -------------------------------------------------------------------------

    def reset(self) -> None:
        before = self.document
        self._marks.leave(before.ring.lose_marks(), self._origins_until_now)
        self._begin()
        if self.scope is Scope.THIS:
            self._bring_marks(0)
        self.log_view.source_names = ()
        self._show_as(before)

    def _show_as(self, before: Document) -> None:
        """Show of the document what was shown of another one."""
        self.document.select(before.selection)
        self.document.collapse(before.collapses)
        self.document.fold(before.folds)
        self.document.search(before.pattern)
        self.log_view.show_view(self.document.view)
        self._tell()

    async def follow(self) -> None:
        number = self._heeded
        if self.scope is not Scope.THIS:
            self._sources.want(self.scope.chosen(self.neighbours))
            await self._sources.run(self._cursors, lambda: self._heeded == number)
        environment = self.environment
        assert environment is not None, "a worker is started for an environment only"
        after = self._cursors.get(0)
        async with self.client.logs(environment.id, tail=TAIL, after=after) as events:
            async for event in events:
                for part in parts(event):
                    await self._give_way_before(part)
                    if self._heeded != number:
                        return
                    self._take(0, part)

    async def _give_way_before(self, event: LogEvent) -> None:
        """Let others run if that many lines have come, or a key has: a full queue never waits, and
        the screen has to live.
        """
        self._taken += len(event.entries) if isinstance(event, LogLines) else 1
        if self._taken >= PART_LINES or self.awaits_key:
            self._taken = 0
            await self.give_way()

    @property
    def _origins_until_now(self) -> Origins:
        """Of what was followed, whatever is to be."""
        if self._begun_scope is not Scope.THIS:
            return self._sources.origins
        return {0: self._following} if self._following else {}

    def _bring_marks(self, source: int) -> None:
        """Have what was marked in a log, which is shown from now on, marked again."""
        if source in self._origins:
            self._marks.bring_back(self._origins[source], self.document.ring.lost_marks, source)

    @property
    def _origins(self) -> Origins:
        """Where lines of each source can be had."""
        return self._own_origin if self.scope is Scope.THIS else self._sources.origins

    @property
    def _wanted_origins(self) -> Origins:
        """The same of those alone that are followed, or will be again."""
        return self._own_origin if self.scope is Scope.THIS else self._sources.wanted_origins

    @property
    def _own_origin(self) -> Origins:
        return {0: self._to_follow} if self._to_follow else {}

    def watch_scope(self) -> None:
        self.restart()
        self.retitle()

    def watch_neighbours(self) -> None:
        if self.scope is not Scope.THIS:
            self._sources.want(self.scope.chosen(self.neighbours))
            self.retitle()

    def _begin(self) -> None:
        """Begin with another log, or with others."""
        self._begun_scope = self.scope
        self._sources = LogSources(
            self._take, self._note_failure, self._give_way_before, self._bring_marks
        )
        self._completeness = Completeness()
        self._begin_part()

    def _begin_part(self) -> None:
        """Begin with another part of the log."""
        self._heeded += 1
        own_bound = 2 * self.settings.log_memory  # what is dropped before that, `forget` decides
        self.document = Document(own_bound, merges=self.scope is not Scope.THIS)
        self.extent = Extent(self.document.ring)
        self.older = OlderLines(self.extent)
        self.newer = NewerLines(self.extent)
        self._cursors: Mapping[int, LogCursor] = {}
        """Where sources are followed from that were read up to there; others from their tails."""
        self._histories: dict[int, list[LogEntry]] = {}
        """What came of the history of logs that are merged: shown once it is complete."""
        self._tally = Tally(self.document.view)
        self._next_look = LOOK_BYTES
        self._read_before = NOTHING
        """The lines that were on the screen before one moved."""
        self._is_detached = False
        self._is_live = False

    def _take(self, source: int, event: LogEvent) -> None:
        match event:
            case LogLines(entries, history=True) if self._is_tail_of_merged(source):
                self._histories.setdefault(source, []).extend(entries)
            case LogLines(entries):
                self.extent.note(source, entries)
                self.document.append(entries, source)
                self._keep_bound()
            case LogLiveNow():
                self._go_live(source)
            case LogResumed():
                self._completeness.note_resumed(event)
                level = Level.UNKNOWN if event.complete else Level.WARN
                text = interruption(event, self.settings.glyphs)
                self._note(source, text, event.restored_at, level)
            case LogHole():
                self._completeness.note_hole(event)
                self._note(source, hole(event), self.settings.clock(), Level.WARN)
            case LinkState():
                self.show_link(self._sources.link or event)
        self._repaint_soon()

    def _go_live(self, source: int) -> None:
        """The history of a source has come."""
        if self._is_tail_of_merged(source):
            history = self.older.put(source, self._histories.pop(source, []))
            self._place(history, self._read)
        self._is_live = True

    def _is_tail_of_merged(self, source: int) -> bool:
        """Whether the history of a source is the end of its log, which others are merged with."""
        return self.document.merge is not None and source not in self._cursors

    def _note(self, source: int, text: str, at: float, level: Level) -> None:
        """Say in the log itself what happened to it; where there are several, to which."""
        names = self.source_names
        said = f"{names[source]}: {text}" if self.document.merge is not None else text
        self.document.note(said, at, level=level, source=source)

    def _note_failure(self, source: int, error: VibeBoxError) -> None:
        self._note(source, str(error), self.settings.clock(), Level.WARN)
        self._repaint_soon()

    def _place(self, older: Pages, read: range) -> None:
        """Put older lines where they belong, but not between those that are `read`."""
        self._shift(self.document.prepend(older, read))
        self._keep_bound()

    def _settle_all(self, read: range) -> None:
        """Put the lines that have waited for others in their places, due or not, but not between
        those that are `read`.
        """
        self._shift(self.document.settle(read, lambda: math.inf))

    def _settle_elsewhere(self) -> None:
        """Put what has waited in its place, as one has moved: only lines that were on the screen
        and still are stay beside each other.
        """
        if self.document.parked:
            before, now = self._read_before, self._read
            both = range(max(before.start, now.start), min(before.stop, now.stop))
            self._shift(self.document.settle(both))
            self.document.scan(SLICE_SECONDS, self._near)
            self.log_view.refresh_lines_now()
        self._read_before = self._read

    def _shift(self, shift: Shift) -> None:
        """Lines were put between others: the places that are kept are others now."""
        if shift:
            self.log_view.shift(shift)
            if read := self._read_before:
                self._read_before = range(shift(read.start), shift(read.stop - 1) + 1)
            if not self.log_view.following:
                self.document.scan(SLICE_SECONDS, self._near)  # what is read has to be known

    # --- memory ----------------------------------------------------------------------------

    def _keep_bound(self) -> None:
        """Have the longest log forget its oldest lines while all together are too long."""
        if self.document.ring.size < self._next_look:
            return
        panes = list(self.screen.query(LogReader))
        bound = self.settings.log_memory
        while sum(pane.document.ring.size for pane in panes) > bound:
            if not max(panes, key=lambda pane: pane.document.ring.size).forget():
                break
        self._next_look = self.document.ring.size + LOOK_BYTES

    def forget(self) -> bool:
        """Drop the oldest lines, or where one reads just there, the newest: they can be had again
        as soon as one goes there. Says whether any were dropped.
        """
        self._repaint_soon()  # another pane may ask for it, and this one has nothing else to tell
        ring, read = self.document.ring, self._read
        reads_there = bool(read) and 2 * ring.locate(read.start)[0] < len(ring.chunks)
        if not reads_there or ring.oldest_seq is None or self.extent.has_unnumbered:
            return bool(ring.drop_oldest())
        self._detach()
        return bool(self.document.drop_newest())

    def _detach(self) -> None:
        """Follow no more: what comes can't be kept, and is fetched when it is wanted."""
        if not self._is_detached:
            self._is_detached = True
            self._heeded += 1
            self.workers.cancel_group(self, "follow")
            self._settle_all(self._read)

    def _join_live(self) -> None:
        """Follow again, from where the lines in memory end."""
        self._is_detached = False
        self._histories.clear()
        self._cursors = self.newer.cursors()
        self._follow()

    def on_log_view_follows(self, event: LogView.Follows) -> None:
        """The newest lines were dropped, and are wanted again."""
        event.stop()
        if self._is_detached:
            self.restart()

    # --- drawing ---------------------------------------------------------------------------

    def _repaint_soon(self) -> None:
        """Repaint with the next frame, whatever else arrives until then."""
        if self._repaint is None:
            self._repaint = self.set_timer(FRAME_SECONDS, self._repaint_after_keys)

    def _repaint_after_keys(self) -> None:
        """Repaint, but let a key that is on its way have its effect first."""
        if self.awaits_key:
            self._repaint = self.set_timer(STEP_SECONDS, self._repaint_after_keys)
        else:
            self._repaint_now()

    def _repaint_now(self) -> None:
        self._repaint = None
        shift = self.document.settle(self._read)
        self._shift(shift)
        if self.document.parked > PARKED_LINES and self.document.ring.oldest_seq is not None:
            self._detach()
        is_done = self.document.scan(SLICE_SECONDS, self._near)
        self.log_view.source_names = tuple(self.source_names) if self.document.merge else ()
        if self.log_view.following or shift or not is_done:
            self.log_view.refresh_lines_now()
        self._tell()
        if self.document.waits:
            self._repaint_soon()
        if not is_done:
            self._scan_on()

    @property
    def _near(self) -> int | None:
        """The line around which what is shown matters first; None is the end."""
        return None if self.log_view.following else self.log_view.viewport.place

    @property
    def _read(self) -> range:
        """The lines on the screen while it is paused: nothing is to move them apart."""
        return NOTHING if self.log_view.following else self.log_view.shown_positions

    @work(group="scan", exclusive=True, exit_on_error=False)
    async def _scan_on(self) -> None:
        """Scan the rest in slices, between which keys and frames have their turn."""
        while not self.document.scan(SLICE_SECONDS, self._near):
            self.log_view.refresh_lines_now()
            self._tell()
            await self.give_way()
        self.log_view.refresh_lines_now()
        self._tell()

    @property
    def _under_way(self) -> str:
        """What else the border says: that something is being done."""
        return ""

    def _tell(self) -> None:
        """Say below the pane where one is in the log; show it in the histogram."""
        viewport = self.log_view.viewport
        glyphs = self.settings.glyphs
        if not len(self.document.view):
            self.log_view.empty_text = emptiness(self.document) if self._is_live else ""
        text = position_text(
            self.document,
            viewport,
            self._completeness,
            glyphs,
            is_cut_off=is_down(self.link),
            is_detached=self._is_detached,
        )
        self.detail = Content(text + self._under_way).markup
        if self.histogram.is_shown:
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
