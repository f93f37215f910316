"""The log pane's way on: what isn't in memory is fetched when one scrolls there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from textual import work

from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.merge import NOTHING
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.panes.logs_extent import Pages
from vibebox_tui.ui.panes.logs_reader import SLICE_SECONDS
from vibebox_tui.ui.panes.logs_selector import LogSelector
from vibebox_tui.ui.panes.logs_words import beginning, hole
from vibebox_tui.ui.widgets.log_view import LogView

MEMORY_FULL: Final = "The memory for logs is full (setting log_memory)."


class LogFetcher(LogSelector):
    """Fetches older lines as far back as somebody scrolls, until there are none; and newer ones
    where the lines in memory end early, until it can follow the log again.
    """

    _fetches = ""
    """What is being fetched, while something is."""

    def _begin_part(self) -> None:
        super()._begin_part()
        self._start_noted: int | None = None
        """How many lines had been dropped when it was said where the log begins."""

    def reset(self) -> None:
        self.workers.cancel_group(self, "fetch")  # it was for what is shown no more
        super().reset()

    @property
    def _under_way(self) -> str:
        return f"{self.settings.glyphs.separator:^3}{self._fetches}" if self._fetches else ""

    def on_log_view_start_reached(self, event: LogView.StartReached) -> None:
        event.stop()
        if not self._has_start and not self._fetches:
            self._fetch_older()

    def on_log_view_end_reached(self, event: LogView.EndReached) -> None:
        event.stop()
        if self._is_detached and not self._fetches:
            self._fetch_newer()

    @property
    def _has_start(self) -> bool:
        """Whether the beginning of the log is in memory, and is said to be it."""
        return self.older.has_begun and self._start_noted == self.document.ring.dropped

    @work(group="fetch", exclusive=True, exit_on_error=False)
    async def _fetch_older(self) -> None:
        """Fetch what was before the oldest line in memory, until there is a screenful more to be
        seen.
        """
        with self._fetching("older lines"):
            await self._read_back(lambda: not self.log_view.viewport.is_near_start)

    @work(group="fetch", exclusive=True, exit_on_error=False)
    async def _fetch_newer(self) -> None:
        """Fetch what is after the newest line in memory, until there is a screenful more to be
        seen, or that is the newest of all: then follow from there.
        """
        with self._fetching("newer lines"):
            await self._read_on()

    @contextmanager
    def _fetching(self, what: str) -> Iterator[None]:
        """Say in the border what is being fetched, and why it can't be where it can't."""
        self._fetches = doing = f"fetching {what}"
        self._tell()
        try:
            yield
        except VibeBoxError as error:
            self.post_message(Said(f"{what.capitalize()}: {error}", "warning"))
        finally:
            if self._fetches is doing:
                self._fetches = ""
            self._tell()

    async def _read_back(self, is_far_enough: Callable[[], bool], *, jumps: bool = False) -> bool:
        """Fetch older lines, and say whether that has come as far as it was to. Where one `jumps`
        there, one no longer reads here.
        """
        document, older = self.document, self.older
        dropped = document.ring.dropped
        while not older.has_begun and not is_far_enough():
            if jumps:
                self.log_view.viewport.go_to_start()  # what is dropped now is the newest
            self._settle_all(NOTHING)
            lines = await older.fetch(self._origins)
            if document is not self.document:
                return False
            if document.ring.dropped == dropped:  # else there would be a gap behind them
                self._place(lines, NOTHING)
            self._show_progress()
            if document.ring.dropped != dropped:
                self.post_message(Said(MEMORY_FULL))
                break
        self.log_view.viewport.fill()
        if older.has_begun:
            self._note_start()
        self._repaint_now()
        return document.ring.dropped == dropped

    async def _read_on(self) -> None:
        """Fetch newer lines while there are few below the screen."""
        document = self.document
        while self._is_detached and self.log_view.viewport.is_near_end:
            self._settle_all(NOTHING)
            end = document.ring.end
            pages = await self.newer.fetch(self._wanted_origins)
            if document is not self.document:
                return
            self._append(pages)
            if self.newer.has_ended:
                self._join_live()
            elif document.ring.end <= end:
                self.post_message(Said(MEMORY_FULL))
                break
            self._show_progress()
        self._repaint_now()

    def _append(self, newer: Pages) -> None:
        """Put newer lines behind those in memory."""
        for source, lost in self.newer.take_holes():
            self._completeness.note_hole(lost)
            self._note(source, hole(lost), self.settings.clock(), Level.WARN)
        for source, entries in newer:
            self.document.append(entries, source)
        self._settle_all(self._read)
        self.log_view.viewport.count_anew()
        self._keep_bound()

    def _show_progress(self) -> None:
        self.document.scan(SLICE_SECONDS, self._near)
        self.log_view.refresh_lines_now()
        self._tell()

    def _note_start(self) -> None:
        """Say above the oldest line why there is none before it."""
        ring = self.document.ring
        if self._start_noted == ring.dropped:
            return
        self._start_noted = ring.dropped
        if not len(ring):
            self.post_message(Said("Nothing has been logged yet."))
        elif ring.oldest_seq is None:
            self.document.note_start("this server can't be asked for older lines")
        else:
            self.document.note_start(beginning(self.older.lost_lines))
