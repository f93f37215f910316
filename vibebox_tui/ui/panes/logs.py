"""The log pane: one environment's log, searched, filtered, marked and saved."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.export import named_text
from vibebox_tui.logs.filters import Filter, Selection
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern, PatternError
from vibebox_tui.logs.times import parse_moment
from vibebox_tui.paths import state_directory
from vibebox_tui.protocol.messages import StreamFilter
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.output import draw_now
from vibebox_tui.ui.panes.logs_history import PromptHistory, Switched
from vibebox_tui.ui.panes.logs_reader import SLICE_SECONDS
from vibebox_tui.ui.panes.logs_saver import Extent, LogSaver
from vibebox_tui.ui.panes.logs_words import given_up
from vibebox_tui.ui.screens.filters import FilterList
from vibebox_tui.ui.widgets.log_histogram import LogHistogram
from vibebox_tui.ui.widgets.log_prompt import LogPrompt
from vibebox_tui.ui.widgets.log_view import LogView

_LOWEST: Final = (Level.UNKNOWN, Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR)
_STREAMS: Final[tuple[StreamFilter, ...]] = ("all", "stdout", "stderr")
_LABELS: Final = {"search": "/", "filter": "&", "jump": "@", "save": "> save"}


class LogsPane(LogSaver):
    """The log of one environment: follows, or is paused; searched by `/` and filtered by `&`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask('search')", "Search", id="logs.search"),
        Binding("n", "hit(1)", "Next hit", show=False, id="logs.next_hit"),
        Binding("N", "hit(-1)", "Previous hit", show=False, id="logs.previous_hit"),
        Binding("ampersand", "ask('filter')", "Filter", id="logs.filter"),
        Binding("F", "filters", "List of filters", show=False, id="logs.filters"),
        Binding("v", "lowest", "Lowest level shown", show=False, id="logs.level"),
        Binding("s", "stream", "Stream: all, stdout, stderr", show=False, id="logs.stream"),
        Binding("r", "collapse", "Fold repeated lines", show=False, id="logs.repeats"),
        Binding("X", "fold", "Fold stack traces", show=False, id="logs.traces"),
        Binding("H", "histogram", "Histogram", show=False, id="logs.histogram"),
        Binding("at", "ask('jump')", "Jump to a time", show=False, id="logs.jump"),
        Binding("a", "merge", "Merge: this, marked, all environments", show=False, id="logs.merge"),
        Binding("C", "separator", "Separator from here", show=False, id="logs.separator"),
        Binding("y", "copy", "Copy", show=False, id="logs.copy"),
        Binding("greater_than_sign", "ask('save')", "Save", show=False, id="logs.save"),
        Binding("escape", "end", "End saving or the search", show=False, id="logs.end"),
    ]

    _before_prompt: Pattern | Selection | None = None
    _extents: Sequence[Extent] = ()
    """What can be saved, as the prompt offers it."""

    def compose(self) -> ComposeResult:
        yield from super().compose()
        self.prompt = LogPrompt()
        self._history = PromptHistory(state_directory() / "log-history.jsonl")
        self.document.select(Selection(tuple(_filters(self._history.stack))))
        yield self.prompt

    def on_mount(self) -> None:
        if self.document.selection.filters:
            on = sum(each.enabled for each in self.document.selection.filters)
            self.post_message(Said(f"Filters of last time, {on} of them on: F lists them."))

    # --- what is shown ---------------------------------------------------------------------

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

    def action_merge(self) -> None:
        """Show the log of this environment, or by time those of all marked ones, or of all."""
        wanted = self.scope.next(self.neighbours)
        if wanted is self.scope:
            self.post_message(Said("There is no other environment to merge with."))
        else:
            self.scope = wanted

    def action_collapse(self) -> None:
        self.collapse(not self.document.collapses)
        on = "folded" if self.document.collapses else "all shown"
        self.post_message(Said(f"Repeated lines are {on}."))

    def action_fold(self) -> None:
        self.fold(not self.document.folds)
        on = "folded to their first line" if self.document.folds else "shown in full"
        self.post_message(Said(f"Stack traces are {on}; x turns a single one."))

    def action_filters(self) -> None:
        if not self.document.selection.filters:
            self.post_message(Said("There is no filter yet: & sets one."))
            return
        screen = FilterList(self.document.selection.filters)
        self.app.push_screen(screen, self._take_filters)

    def _take_filters(self, filters: tuple[Filter, ...] | None) -> None:
        if filters is not None:
            self.select(replace(self.document.selection, filters=filters))
            self._remember_filters()

    def action_histogram(self) -> None:
        """Show the lines over time and give it the keys, or hide it."""
        if not self.histogram.has_room:
            self.post_message(Said("No room for the histogram here."))
            return
        self.histogram.switch()
        if self.histogram.is_shown:
            self.histogram.focus()
            self.call_after_refresh(self._tell)
        else:
            self.log_view.focus()

    def on_log_histogram_time_chosen(self, event: LogHistogram.TimeChosen) -> None:
        event.stop()
        self.jump_to(event.moment)

    def on_log_histogram_left(self, event: LogHistogram.Left) -> None:
        event.stop()
        self.log_view.focus()

    # --- asking ----------------------------------------------------------------------------

    def action_ask(self, kind: str) -> None:
        if kind == "search":
            self._before_prompt = self.document.pattern
        elif kind == "filter":
            self._before_prompt = self.document.selection
        self._extents = self.extents if kind == "save" else []
        labels = [f"{_LABELS[kind]} {extent} to" for extent in self._extents]
        self.prompt.ask(kind, labels or [_LABELS[kind]], self._history.entries(kind))

    def _leave_prompt(self) -> None:
        self.prompt.close()
        self.screen.set_focus(self.log_view)

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
        except VibeBoxError as error:
            self.prompt.show_problem(str(error))
            return
        self._close_prompt(event.kind, event.text)
        self._enter(event.kind, event.text, event.choice)
        if event.kind == "filter":
            self._remember_filters()

    def on_log_prompt_cancelled(self, event: LogPrompt.Cancelled) -> None:
        event.stop()
        if event.kind == "search":
            assert not isinstance(self._before_prompt, Selection), "kept when it was opened"
            self.look_for(self._before_prompt)
        elif event.kind == "filter" and isinstance(self._before_prompt, Selection):
            self.select(self._before_prompt)
        self._leave_prompt()

    def _try(self, kind: str, text: str) -> None:
        """Do already what the text asks for; raises VibeBoxError where it is wrong."""
        if kind == "search":
            self.look_for(Pattern(text) if text else None)
        elif kind == "filter" and isinstance(self._before_prompt, Selection):
            base = self._before_prompt
            self.select(base.with_filter(Filter.parse(text)) if text.strip() else base)
        elif kind == "jump" and text.strip():
            self._moment(text)

    def _enter(self, kind: str, text: str, choice: int) -> None:
        if kind == "search":
            self._go_to_first_hit()
        elif kind == "filter" and not text.strip():
            self.select(self.document.selection.without_filters())
        elif kind == "jump" and text.strip():
            self.jump_to(self._moment(text))
        elif kind == "save" and text.strip():
            self.save(self._extents[choice], Path(text.strip()).expanduser())

    def _close_prompt(self, kind: str, text: str) -> None:
        self._leave_prompt()
        if text.strip():
            self._history.add(kind, text)
            self._keep_history()

    def _remember_filters(self) -> None:
        filters = self.document.selection.filters
        self._history.stack = [(each.source, each.enabled) for each in filters]
        self._keep_history()

    @work(group="history", exclusive=True, exit_on_error=False, thread=True)
    def _keep_history(self) -> None:
        """Write what was entered to its file; a full disk is no reason to stop reading a log."""
        try:
            self._history.save()
        except OSError as error:
            self.log.warning(f"the history of searches and filters wasn't saved: {error}")

    def _moment(self, text: str) -> int:
        return parse_moment(text, round(self.settings.clock() * 1000))

    # --- going somewhere -------------------------------------------------------------------

    def action_hit(self, step: int) -> None:
        cursor = self.log_view.viewport.cursor
        if self.document.pattern is None or cursor is None:
            self.post_message(Said("Nothing is searched for: / searches."))
            return
        self.document.scan(SLICE_SECONDS, cursor)
        found = self.document.find(cursor, step)
        if found is None:
            where = "below" if step > 0 else "above"
            self.post_message(Said(f"No further hit {where}."))
        else:
            self.go_to_line(found)

    def action_end(self) -> None:
        if self._is_saving:
            self.workers.cancel_group(self, "save")
        elif self._fetches:
            self.workers.cancel_group(self, "fetch")
        else:
            self.look_for(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is ours only while there is something to end; else it goes back, as everywhere."""
        ends = self._is_saving or self._fetches or self.document.pattern is not None
        return action != "end" or bool(ends)

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
            self.go_to_line(found)

    def on_log_view_moved(self, event: LogView.Moved) -> None:
        event.stop()
        self._settle_elsewhere()
        self._tell()
        draw_now(self.log_view, self)  # a key isn't to wait for the next frame

    def on_log_view_not_found(self, event: LogView.NotFound) -> None:
        event.stop()
        where = "below" if event.step > 0 else "above"
        if event.step > 0 and self._is_detached:
            where = "below in what is in memory"
        if event.what != "mark" or not self.go_to_lost_mark(event.step):
            self.post_message(Said(f"No {event.what} {where}."))

    # --- taking away -----------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy the marked lines, or where none is, the record that the cursor is on."""
        marked = self.document.marked_lines()
        lines = marked or self.log_view.record_lines()
        if lines:
            names = self.source_names if len({line.source for line in lines}) > 1 else []
            self.app.copy_to_clipboard("\n".join(named_text(line, names) for line in lines))
            what = "marked lines" if marked else "lines"
            copied = f"Copied {len(lines):,} {what if len(lines) > 1 else 'line'}."
            self.post_message(Said(copied + (given_up(self.document) if marked else "")))


def _filters(stack: Iterable[Switched]) -> Iterator[Filter]:
    """The filters that were remembered; not those that can't be read any more."""
    for text, is_on in stack:
        with suppress(VibeBoxError):
            yield replace(Filter.parse(text), enabled=is_on)
