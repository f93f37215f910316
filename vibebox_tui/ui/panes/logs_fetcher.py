"""The log pane's way back: what isn't in memory is fetched from the servers when one goes there."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from textual import work

from vibebox_tui.client.client import Client
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.merge import NOTHING
from vibebox_tui.logs.ring import Line
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.panes.logs_reader import SLICE_SECONDS, LogReader
from vibebox_tui.ui.panes.logs_sources import Scope
from vibebox_tui.ui.panes.logs_words import beginning
from vibebox_tui.ui.widgets.log_view import LogView


class Place(NamedTuple):
    """Where one goes: whether what is there is in memory, and how to go there then."""

    is_reached: Callable[[], bool]
    arrive: Callable[[], None]


class LogFetcher(LogReader):
    """Fetches older lines, as far back as somebody scrolls or jumps, until there are none."""

    _reads_back = ""
    """What older lines are fetched for, while they are."""

    def _begin(self) -> None:
        super()._begin()
        self._go_when_live: Callable[[], None] | None = None
        """Goes somewhere as soon as there is something."""
        self._unreachable: set[tuple[int, int]] = set()
        """The marks that the servers no longer have, by source and number."""
        self._start_noted: int | None = None
        """How many lines had been dropped when it was said where the log begins."""

    def _go_live(self, source: int) -> None:
        super()._go_live(source)
        if (go := self._go_when_live) is not None:
            self._go_when_live = None
            go()

    @property
    def _under_way(self) -> str:
        return f"{self.settings.glyphs.separator:^3}{self._reads_back}" if self._reads_back else ""

    def on_log_view_start_reached(self, event: LogView.StartReached) -> None:
        event.stop()
        is_known = self.older.has_begun and self._start_noted == self.document.ring.dropped
        if not is_known and not self._reads_back:
            self._fetch_older()

    @work(group="older", exclusive=True, exit_on_error=False)
    async def _fetch_older(self, to: Place | None = None) -> None:
        """Fetch what was before the oldest line in memory: as far back as a place that one goes
        to, or until there is a screenful more to be seen.
        """
        try:
            await self._read_back(to)
        except VibeBoxError as error:
            self.post_message(Said(f"Older lines: {error}", "warning"))
        finally:
            self._reads_back = ""
            self._tell()

    async def _read_back(self, to: Place | None) -> None:
        document, older = self.document, self.older
        dropped = document.ring.dropped
        self._reads_back = "fetching older lines"
        while not older.has_begun and not self._is_far_enough(to):
            if to is not None:
                self.log_view.viewport.go_to_start()  # what is dropped now is the newest
            self._settle_all(NOTHING)
            lines = await older.fetch(self._origins)
            if document is not self.document:
                return
            if document.ring.dropped == dropped:  # else there would be a gap behind them
                self._place(lines, NOTHING)
            document.scan(SLICE_SECONDS, self._near)
            self.log_view.refresh_lines_now()
            self._tell()
            if document.ring.dropped != dropped:
                self.post_message(Said("The memory for logs is full (setting log_memory)."))
                to = None
                break
        self.log_view.viewport.fill()
        if older.has_begun:
            self._note_start()
        if to is not None:
            to.arrive()
        self._repaint_now()

    def _is_far_enough(self, to: Place | None) -> bool:
        return to.is_reached() if to else not self.log_view.viewport.is_near_start

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

    @property
    def _origins(self) -> dict[int, tuple[Client, str]]:
        """Where older lines of each source can be had: its client, its environment's id."""
        if self.scope is not Scope.THIS:
            return self._sources.origins
        return {0: (self.client, self.environment.id)} if self.environment else {}

    def jump_to(self, time: int) -> None:
        """Go to the first line that is not older than `time` (milliseconds since the epoch), also
        where it has to be fetched.
        """

        def is_reached() -> bool:
            times = self.document.ring.times
            return times is None or times[0] <= time

        if not self._is_live:
            self._go_when_live = partial(self.jump_to, time)
        elif is_reached() or self.older.has_begun:
            self.go_to_time(time)
        else:
            self._fetch_older(Place(is_reached, partial(self.go_to_time, time)))

    def go_to_time(self, time: int) -> None:
        """Go to the first line in memory that is not older than `time`."""
        position = self.document.ring.at_time(time)
        self.document.scan(SLICE_SECONDS, position)
        row = self.document.view.row(position)
        if row < len(self.document.view):
            self.log_view.go_to(self.document.view.position(row))
        else:
            self.post_message(Said("Nothing was logged since then."))

    def go_to_lost_mark(self, step: int) -> bool:
        """Go to the nearest mark below (above: a `step` of -1) what is in memory; say whether there
        is one.
        """
        above, below = self.document.lost_marks()
        marks = [mark for mark, *_ in (below if step > 0 else reversed(above))]
        found = next((m for m in marks if (m.source, m.seq) not in self._unreachable), None)
        if found is None:
            return False
        if step > 0:  # the newest lines were dropped: begin anew from the end
            self.restart()
            self._go_when_live = partial(self._fetch_mark, found)
        else:
            self._fetch_mark(found)
        return True

    def _fetch_mark(self, mark: Line) -> None:
        def is_reached() -> bool:
            return self.document.ring.oldest_seqs().get(mark.source, math.inf) <= mark.seq

        self._fetch_older(Place(is_reached, partial(self._go_to_mark, mark)))

    def _go_to_mark(self, mark: Line) -> None:
        position = self.document.ring.marked_line(mark.source, mark.seq) if mark.seq else None
        if position is None:
            self._unreachable.add((mark.source, mark.seq))
            text = "The server no longer has that marked line; y and > still copy and save it."
            self.post_message(Said(text, "warning"))
        else:
            self.document.scan(SLICE_SECONDS, position)
            self.go_to_line(position)
