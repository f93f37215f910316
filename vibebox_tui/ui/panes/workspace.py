"""The part of the screen where panes are: the current environment's, and others beside it."""

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.widget import Widget

from vibebox_tui.ui.layout import Grid, room_for, tile, widen_terminals
from vibebox_tui.ui.messages import BesideWanted, Said, View
from vibebox_tui.ui.panes.slot import Slot
from vibebox_tui.ui.servers import EnvironmentKey, Neighbour, Server, Subject
from vibebox_tui.ui.settings import DashboardSettings


class Workspace(Widget):
    """Tiles slots: the main one, where there is room its companion, and those opened beside.

    The main slot and its companion (the terminal beside the logs) show the current environment;
    the others keep theirs. What there is no room for is hidden until there is.
    """

    subject: reactive[Subject | None] = reactive(None)
    """The current environment."""
    has_companion: reactive[bool] = reactive(False)
    zoomed: reactive[Slot | None] = reactive(None)
    neighbours: reactive[tuple[Neighbour, ...]] = reactive(())
    """All environments there are, for a log of several."""

    def __init__(self, first: Server, settings: DashboardSettings, below: Widget) -> None:
        """`below` stands under the main slot's pane, where there is room."""
        super().__init__(id="workspace")
        self._first = first
        self._settings = settings
        self.main = Slot(first, settings, view="logs", below=below, id="slot-main")
        self._companion = Slot(first, settings, view="terminal", id="slot-companion")
        self._beside: list[Slot] = []

    def compose(self) -> ComposeResult:
        yield self.main
        yield self._companion

    # --- slots -----------------------------------------------------------------------------

    @property
    def slots(self) -> list[Slot]:
        """The slots that are open, shown or not, in their order on the screen."""
        companion = [self._companion] if self.has_companion else []
        return [self.main, *companion, *self._beside]

    @property
    def shown(self) -> list[Slot]:
        """The slots that are on the screen."""
        return [slot for slot in self.slots if slot.display]

    @property
    def active(self) -> Slot:
        """The slot that has the focus; the main one where none has."""
        return next((slot for slot in self.shown if slot.has_focus_within), self.main)

    @property
    def has_room(self) -> bool:
        """Whether one more slot would be shown beside those that are open."""
        return len(self.slots) < room_for(*self.size)

    def slot_for(self, view: View) -> Slot:
        """Where `view` of the current environment is, or is best shown."""
        here = [slot for slot in self.shown if slot.subject == self.subject]
        return next((slot for slot in here if slot.view == view), self.main)

    def view_beside(self, key: EnvironmentKey) -> View:
        """What to open of an environment beside: what isn't shown yet, and as the active slot
        shows where that can be; of terminals there are several.
        """
        active = self.active
        if active.has_focus_within and _shows(active, key) and active.view == "terminal":
            return "terminal"
        shown = {slot.view for slot in self.shown if _shows(slot, key)}
        wanted: View = "terminal" if active.view == "terminal" else "logs"
        views: list[View] = [wanted, "logs", "terminal", "metrics", "info"]
        return next((view for view in views if view not in shown), wanted)

    async def open_beside(self, subject: Subject, view: View) -> Slot:
        """Open another slot; ask `has_room` before."""
        slot = Slot(self._first, self._settings, view=view, subject=subject)
        slot.neighbours = self.neighbours
        self._beside.append(slot)
        await self.mount(slot)
        self.zoomed = None
        self._tile()
        return slot

    def can_close(self, slot: Slot) -> bool:
        """Whether this slot was opened beside, and may be closed."""
        return slot in self._beside

    async def close(self, slot: Slot) -> bool:
        """Close a slot that was opened beside; false where it is none of these."""
        if not self.can_close(slot):
            return False
        self._beside.remove(slot)
        if self.zoomed is slot:
            self.zoomed = None
        await slot.remove()
        self._tile()
        return True

    def update_subjects(self, known: Mapping[EnvironmentKey, Subject]) -> None:
        """Hand on what changed in environments that are shown beside; close those deleted."""
        for slot in (self.main, self._companion):
            slot.forget_all_but(known)
        for slot in list(self._beside):
            subject = known.get(slot.subject.key) if slot.subject else None
            if subject is None:
                self.run_worker(self.close(slot), group="close", exit_on_error=False)
            else:
                slot.subject = subject

    @on(BesideWanted)
    async def _go_beside(self, event: BesideWanted) -> None:
        event.stop()
        alike = [slot for slot in self.shown if slot.view == self.active.view]
        at = alike.index(self.active) if self.active in alike else 0
        if len(alike) < 2:
            self.post_message(Said("There is no other terminal on the screen; + opens one beside"))
            return
        slot = alike[(at + 1) % len(alike)]
        await slot.focus_content()
        slot.pane.enter()

    # --- where they are --------------------------------------------------------------------

    def on_resize(self) -> None:
        self._tile()

    def watch_subject(self, subject: Subject | None) -> None:
        self.main.subject = subject
        self._companion.subject = subject if self.has_companion else None

    def watch_neighbours(self) -> None:
        for slot in (self.main, self._companion, *self._beside):
            slot.neighbours = self.neighbours

    def watch_has_companion(self) -> None:
        self._companion.subject = self.subject if self.has_companion else None
        self._tile()

    def watch_zoomed(self) -> None:
        self._tile()

    def _tile(self) -> None:
        wanted = [self.zoomed] if self.zoomed else self.slots
        grid = tile(len(wanted), *self.size)
        shown = self._most_wanted(wanted, grid.shown)
        for slot in (self.main, self._companion, *self._beside):
            slot.display = slot in shown
        self._set_columns(grid, shown)

    def _most_wanted(self, wanted: list[Slot], count: int) -> list[Slot]:
        """The first `count`, with the one that has the focus among them."""
        shown = wanted[:count]
        active = next((slot for slot in wanted if slot.has_focus_within), None)
        if active is not None and active not in shown:
            shown[-1] = active
        return shown

    def _set_columns(self, grid: Grid, shown: list[Slot]) -> None:
        self.styles.grid_size_columns = grid.columns
        self.styles.grid_size_rows = grid.rows
        if grid.rows > 1:
            self.styles.grid_columns = "1fr"
            return
        widths = widen_terminals([slot.view == "terminal" for slot in shown], self.size.width)
        self.styles.grid_columns = " ".join(str(width) for width in widths)


def _shows(slot: Slot, key: EnvironmentKey) -> bool:
    return slot.subject is not None and slot.subject.key == key
