"""The log pane's far jumps: to the start, a time or a mark, wherever it is in the history."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from textual import work

from vibebox_tui.logs.merge import NOTHING
from vibebox_tui.logs.ring import Line, Ring
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.panes.logs_extent import Origins
from vibebox_tui.ui.panes.logs_fetcher import LogFetcher
from vibebox_tui.ui.panes.logs_landing import (
    Around,
    Moment,
    Place,
    Spot,
    Start,
    fetch_around,
    is_near,
)
from vibebox_tui.ui.panes.logs_reader import SLICE_SECONDS
from vibebox_tui.ui.widgets.log_view import LogView

JUMPING: Final = "lines there"
"""What is fetched for a jump."""


class LogJumper(LogFetcher):
    """Goes to places in the log. Where one is far from what is in memory, only what is around it is
    fetched, and is in memory from then on instead; what lies between is fetched as one scrolls.
    """

    def _begin(self) -> None:
        super()._begin()
        self._go_when_live: Callable[[], None] | None = None
        """Goes somewhere as soon as there is something."""
        self._unreachable: set[tuple[int, int]] = set()
        """The marks that the servers no longer have, by source and number."""

    def _go_live(self, source: int) -> None:
        super()._go_live(source)
        if (go := self._go_when_live) is not None:
            self._go_when_live = None
            go()

    def on_log_view_start_wanted(self, event: LogView.StartWanted) -> None:
        event.stop()
        if not self._has_start and JUMPING not in self._fetches:
            here = self.document.ring, self.document.ring.kept, event.position
            self._go_to(Start(), partial(self._show_start, *here))

    def _show_start(self, ring: Ring, kept: int, position: int) -> None:
        """Go to the start, unless there was nothing to fetch before `position`, or one has gone on
        from there meanwhile.
        """
        stays = ring.kept == kept or self.log_view.viewport.place != position
        if self.document.ring is not ring or not stays:
            self.document.scan(SLICE_SECONDS, self.document.ring.first)
            self.log_view.go_to_first()

    def jump_to(self, time: int) -> None:
        """Go to the first line that is not older than `time` (milliseconds since the epoch), also
        where it has to be fetched.
        """
        place, times = Moment(time), self.document.ring.times
        is_beyond = self._is_detached and times is not None and time > times[1]
        if not self._is_live:
            self._go_when_live = partial(self.jump_to, time)
        elif is_beyond:
            self._go_to(place, partial(self.go_to_time, time), is_beyond=True)
        elif self.older.has_begun or place.is_in(self.document.ring):
            self.go_to_time(time)
        else:
            self._go_to(place, partial(self.go_to_time, time))

    def go_to_time(self, time: int) -> None:
        """Go to the first line in memory that is not older than `time`."""
        position = self.document.ring.at_time(time)
        self.document.scan(SLICE_SECONDS, position)
        row = self.document.view.row(position)
        if row < len(self.document.view):
            self.log_view.go_to(self.document.view.position(row))
        elif not self._is_detached:
            self.post_message(Said("Nothing was logged since then."))

    def go_to_lost_mark(self, step: int) -> bool:
        """Go to the nearest mark below (above: a `step` of -1) what is in memory; say whether there
        is one.
        """
        above, below = self.document.lost_marks()
        marks = [mark for mark, *_ in (below if step > 0 else reversed(above))]
        marks = [mark for mark in marks if (mark.source, mark.seq) not in self._unreachable]
        known = self._known_origins
        found = next((mark for mark in marks if not mark.seq or mark.source in known), None)
        if found is None:
            if marks:
                text = "The log of that mark isn't shown now; y and > still copy and save it."
                self.post_message(Said(text))
            return bool(marks)
        if found.seq:
            self._go_to(Spot(found), partial(self._go_to_mark, found), is_beyond=step > 0)
        else:
            self._go_to_mark(found)
        return True

    def _go_to_mark(self, mark: Line) -> None:
        position = self.document.ring.marked_line(mark.source, mark.seq) if mark.seq else None
        if position is None:
            self._unreachable.add((mark.source, mark.seq))
            text = "The server no longer has that marked line; y and > still copy and save it."
            self.post_message(Said(text, "warning"))
        else:
            self.document.scan(SLICE_SECONDS, position)
            self.go_to_line(position)

    # ---------------------------------------------------------------------------------------

    @work(group="fetch", exclusive=True, exit_on_error=False)
    async def _go_to(
        self, place: Place, arrive: Callable[[], None], *, is_beyond: bool = False
    ) -> None:
        """Have a place in memory, then `arrive`; `is_beyond` says that it isn't before what is in
        memory, but after it.
        """
        with self._fetching(JUMPING):
            if is_beyond or await self._is_far(place):
                await self._land_at(place, arrive)
            elif await self._read_back(
                lambda: place.is_in(self.document.ring), jumps=not isinstance(place, Start)
            ):
                arrive()
            self._repaint_now()

    async def _is_far(self, place: Place) -> bool:
        """Whether rather what is in memory is given up than all that is between fetched."""
        if self.extent.has_unnumbered or place.is_in(self.document.ring):
            return False
        seqs = await place.seqs(self._known_origins)
        bounds = self.extent.bounds()
        return not is_near({source: seqs[source] for source in seqs if source in bounds}, bounds)

    async def _land_at(self, place: Place, arrive: Callable[[], None]) -> None:
        document, origins = self.document, self._known_origins
        around = await fetch_around(origins, await place.seqs(origins))
        if document is not self.document:
            return
        if not place.is_gone(around):
            self._land(around)
        arrive()
        await self._read_on()

    @property
    def _known_origins(self) -> Origins:
        """Where lines can be had of the sources whose lines are numbered."""
        known = self.extent.bounds()
        return {source: at for source, at in self._wanted_origins.items() if source in known}

    def _land(self, around: Mapping[int, Around]) -> None:
        """Have these pages in memory, and nothing else."""
        before = self.document
        marks = before.ring.lose_marks()
        self.workers.cancel_group(self, "follow")
        self._begin_part()
        self._is_detached = self._is_live = True
        self.document.ring.lost_marks = marks
        for source, page in around.items():
            self.extent.begin(source, page.seq)
            self.older.put_page(source, page.before)
            self.newer.put_page(source, page.after, page.seq - 1)
        self.newer.take_holes()  # what is gone before the place, the top of the log says
        for source, entries in self._taken_around().items():
            self.document.append(entries, source)
        self._settle_all(NOTHING)
        if self.older.has_begun:
            self._note_start()
        self._show_as(before)
        self.log_view.viewport.pause()
        if self.newer.has_ended:
            self._join_live()

    def _taken_around(self) -> dict[int, list[LogEntry]]:
        """Of each source what can be shown before and after the place."""
        taken: dict[int, list[LogEntry]] = {}
        for source, entries in [*self.older.take(), *self.newer.take()]:
            taken.setdefault(source, []).extend(entries)
        return taken
