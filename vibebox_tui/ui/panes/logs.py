"""The log pane: one environment's log, followed, searched and filtered."""

import asyncio
from dataclasses import replace
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LinkState, LogEvent, LogHole, LogLines, LogResumed
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.document import Document
from vibebox_tui.logs.filters import Filter, Selection
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern, PatternError
from vibebox_tui.logs.times import MomentError, parse_moment
from vibebox_tui.protocol.messages import StreamFilter
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.panes.logs_words import (
    Completeness,
    hole,
    interruption,
    position_text,
    selection_text,
)
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.log_prompt import LogPrompt
from vibebox_tui.ui.widgets.log_view import LogView

TAIL: Final = 1000
"""Lines of history that are asked for at first; older ones are fetched when one goes there."""

FETCH_LINES: Final = 1000
"""Older lines that are fetched at a time."""

FRAME_SECONDS: Final = 1 / 30
"""Time between two repaints while lines arrive."""

SLICE_SECONDS: Final = 0.01
"""How long scanning may keep the screen from living, at a time."""

_LOWEST: Final = (Level.UNKNOWN, Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR)
_STREAMS: Final[tuple[StreamFilter, ...]] = ("all", "stdout", "stderr")


class LogsPane(Pane):
    """The log of one environment: follows, or is paused; searched by `/` and filtered by `&`."""

    NOUN = "Logs"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="logs.search"),
        Binding("n", "hit(1)", "Next hit", show=False, id="logs.next_hit"),
        Binding("N", "hit(-1)", "Previous hit", show=False, id="logs.previous_hit"),
        Binding("ampersand", "filter", "Filter", id="logs.filter"),
        Binding("v", "lowest", "Lowest level shown", show=False, id="logs.level"),
        Binding("s", "stream", "Stream: all, stdout, stderr", show=False, id="logs.stream"),
        Binding("at", "jump", "Jump to a time", show=False, id="logs.jump"),
        Binding("C", "separator", "Separator from here", show=False, id="logs.separator"),
        Binding("escape", "clear_search", "End the search", show=False, id="logs.clear_search"),
    ]

    DEFAULT_CSS = """
    LogsPane { layout: vertical; }
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
        self._histories: dict[str, list[str]] = {}
        self._before_prompt: Pattern | Selection | None = None
        self._begin()

    def compose(self) -> ComposeResult:
        self.log_view = LogView(self.document.view, self.settings)
        self.prompt = LogPrompt()
        yield self.log_view
        yield self.prompt

    @property
    def focus_target(self) -> Widget | None:
        return self.log_view

    def title_text(self) -> str:
        shown = selection_text(self.document.selection, self.settings.glyphs)
        return f"{super().title_text()}  {shown}" if shown else super().title_text()

    # --- following -------------------------------------------------------------------------

    def reset(self) -> None:
        selection = self.document.selection
        self._begin()
        self.document.select(selection)
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
        self._is_at_first_line = False

    def _take(self, event: LogEvent) -> None:
        now = self.settings.clock()
        match event:
            case LogLines(entries):
                self.document.append(entries)
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
        """Say below the pane where one is in the log, above it what is shown of it."""
        viewport = self.log_view.viewport
        glyphs = self.settings.glyphs
        text = position_text(self.document, viewport, self._completeness, glyphs)
        self.detail = Content(text).markup

    # --- what is shown ---------------------------------------------------------------------

    def select(self, selection: Selection) -> None:
        """Show something else of the log, around the line that the cursor is on."""
        self.document.select(selection)
        self.document.scan(SLICE_SECONDS, self._near)
        self.log_view.show_view(self.document.view)
        self.retitle()
        self._repaint_now()

    def look_for(self, pattern: Pattern | None) -> None:
        """Mark and count what `pattern` finds among what is shown."""
        self.document.search(pattern)
        self.log_view.pattern = pattern
        self._repaint_now()

    def action_lowest(self) -> None:
        selection = self.document.selection
        place = (_LOWEST.index(selection.lowest) + 1) % len(_LOWEST)
        self.select(replace(selection, lowest=_LOWEST[place]))

    def action_stream(self) -> None:
        selection = self.document.selection
        place = (_STREAMS.index(selection.stream) + 1) % len(_STREAMS)
        self.select(replace(selection, stream=_STREAMS[place]))

    def action_separator(self) -> None:
        now = self.settings.clock()
        self.document.note("from here", now)
        self._repaint_soon()

    # --- asking ----------------------------------------------------------------------------

    def action_search(self) -> None:
        self._before_prompt = self.document.pattern
        self.prompt.ask("search", "/", self._histories.get("search", ()))

    def action_filter(self) -> None:
        self._before_prompt = self.document.selection
        self.prompt.ask("filter", "&", self._histories.get("filter", ()))

    def action_jump(self) -> None:
        self.prompt.ask("jump", "@", self._histories.get("jump", ()))

    def on_log_prompt_edited(self, event: LogPrompt.Edited) -> None:
        event.stop()
        try:
            self._try(event.kind, event.text)
        except PatternError as error:
            self.prompt.show_problem(error.reason, error.position)
        except VibeBoxError as error:
            self.prompt.show_problem(str(error))
        else:
            self.prompt.show_problem("")

    def on_log_prompt_entered(self, event: LogPrompt.Entered) -> None:
        event.stop()
        try:
            self._try(event.kind, event.text)
        except PatternError as error:
            self.prompt.show_problem(error.reason, error.position)
            return
        except MomentError as error:
            self.prompt.show_problem(str(error))
            return
        self._close_prompt(event.kind, event.text)
        self._enter(event.kind, event.text)

    def on_log_prompt_cancelled(self, event: LogPrompt.Cancelled) -> None:
        event.stop()
        if event.kind == "search":
            assert not isinstance(self._before_prompt, Selection), "kept when it was opened"
            self.look_for(self._before_prompt)
        elif event.kind == "filter" and isinstance(self._before_prompt, Selection):
            self.select(self._before_prompt)
        self.log_view.focus()

    def _try(self, kind: str, text: str) -> None:
        """Do already what the text asks for; raises VibeBoxError where it is wrong."""
        if kind == "search":
            self.look_for(Pattern(text) if text else None)
        elif kind == "filter" and isinstance(self._before_prompt, Selection):
            base = self._before_prompt
            self.select(base.with_filter(Filter.parse(text)) if text.strip() else base)
        elif kind == "jump" and text.strip():
            self._moment(text)

    def _enter(self, kind: str, text: str) -> None:
        if kind == "search":
            self._go_to_first_hit()
        elif kind == "filter" and not text.strip():
            self.select(self.document.selection.without_filters())
        elif kind == "jump" and text.strip():
            self.jump_to(self._moment(text))

    def _close_prompt(self, kind: str, text: str) -> None:
        self.prompt.close()
        self.log_view.focus()
        if text.strip():
            history = self._histories.setdefault(kind, [])
            if text in history:
                history.remove(text)
            history.append(text)

    def _moment(self, text: str) -> int:
        return parse_moment(text, round(self.settings.clock() * 1000))

    # --- going somewhere -------------------------------------------------------------------

    def jump_to(self, time: int) -> None:
        """Go to the first line that is not older than `time` (milliseconds since the epoch)."""
        row = self.document.view.row(self.document.ring.at_time(time))
        if row < len(self.document.view):
            self.log_view.go_to(self.document.view.position(row))
        else:
            self.post_message(Said("Nothing was logged since then."))

    def action_hit(self, step: int) -> None:
        cursor = self.log_view.viewport.cursor
        if self.document.pattern is None or cursor is None:
            self.post_message(Said("Nothing is searched for yet: / searches."))
            return
        self.document.scan(SLICE_SECONDS, cursor)
        found = self.document.find(cursor, step)
        if found is None:
            where = "below" if step > 0 else "above"
            self.post_message(Said(f"No further hit {where}."))
        else:
            self.log_view.go_to(found)

    def action_clear_search(self) -> None:
        self.look_for(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is ours only while there is a search to end; else it goes back, as everywhere."""
        return action != "clear_search" or self.document.pattern is not None

    def _go_to_first_hit(self) -> None:
        """From the cursor on, or where one follows, backward from the end."""
        cursor = self.log_view.viewport.cursor
        if self.document.pattern is None or cursor is None:
            return
        if self.log_view.following:
            found = self.document.find(cursor + 1, -1)
        else:
            found = self.document.find(cursor - 1, 1) or self.document.find(cursor, -1)
        if found is not None:
            self.log_view.go_to(found)

    def on_log_view_moved(self, event: LogView.Moved) -> None:
        event.stop()
        self._tell()

    def on_log_view_not_found(self, event: LogView.NotFound) -> None:
        event.stop()
        where = "below" if event.step > 0 else "above"
        self.post_message(Said(f"No {event.what} {where}."))

    # --- older lines -----------------------------------------------------------------------

    def on_log_view_start_reached(self, event: LogView.StartReached) -> None:
        event.stop()
        if not self._is_at_first_line:
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
        self._is_at_first_line = not page.data
        if page.data:
            document.ring.prepend(page.data)
            self._repaint_soon()
