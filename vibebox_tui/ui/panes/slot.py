"""A place on the screen for one environment: one of its panes, the others a key away."""

from collections.abc import Container, Mapping
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.widget import AwaitMount, Widget

from vibebox_tui.ui.messages import View
from vibebox_tui.ui.panes.info import InfoPane
from vibebox_tui.ui.panes.logs import LogsPane
from vibebox_tui.ui.panes.metrics import MetricsPane
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.panes.terminal import TerminalPane
from vibebox_tui.ui.servers import EnvironmentKey, Neighbour, Server, Subject
from vibebox_tui.ui.settings import DashboardSettings

VIEWS: Final[Mapping[View, type[Pane]]] = {
    "logs": LogsPane,
    "terminal": TerminalPane,
    "metrics": MetricsPane,
    "info": InfoPane,
}
"""What can be looked at of an environment, in the order of the tabs."""


ENVIRONMENTS_KEPT: Final = 3
"""Environments whose panes a slot keeps: to go back and forth, each with a full log in memory."""

BELOW_FROM_HEIGHT: Final = 30
"""Rows from which a slot has room for what may stand below its pane."""

_Panes = dict[View, Pane]


class Slot(Widget):
    """Shows `view` of its subject, an environment.

    A view is built when it is first shown: the first picture of the dashboard doesn't wait for
    those that are not in it. From then on it follows its environment, also while another view or
    another environment is shown in its place, so that going back to it costs nothing and misses
    nothing; the environments shown longest ago are let go. What stands `below` stays whatever is
    shown, where there is room.
    """

    subject: reactive[Subject | None] = reactive(None)
    view: reactive[View] = reactive("logs")
    neighbours: reactive[tuple[Neighbour, ...]] = reactive(())
    """All environments there are, for a log of several."""

    def __init__(
        self,
        first: Server,
        settings: DashboardSettings,
        *,
        view: View = "logs",
        subject: Subject | None = None,
        below: Widget | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id, classes="slot")
        self._first = first
        self._settings = settings
        self._below = below
        self._panes = self._make_panes()
        self._kept: dict[EnvironmentKey, _Panes] = {}
        """The panes of other environments, the one shown last at the end."""
        self._shown_key = subject.key if subject else None
        self._arrival: AwaitMount | None = None
        self.set_reactive(Slot.view, view)
        self.set_reactive(Slot.subject, subject)

    def compose(self) -> ComposeResult:
        yield self.pane
        if self._below is not None:
            yield self._below

    def on_resize(self) -> None:
        self.set_class(self.size.height < BELOW_FROM_HEIGHT, "-low")

    def on_mount(self) -> None:
        self._show()

    async def build_all(self) -> None:
        """Build the views that have never been shown, as for a list of all their keys."""
        for pane in self._panes.values():
            if not pane.is_attached:
                pane.display = False
                await self.mount(pane)

    @property
    def pane(self) -> Pane:
        """The pane that is shown."""
        return self._panes[self.view]

    def next_view(self, step: int) -> None:
        """Show the view that is `step` tabs further."""
        views = list(VIEWS)
        self.view = views[(views.index(self.view) + step) % len(views)]

    async def focus_content(self) -> None:
        """Give the focus to what the shown pane has it for, once it is there."""
        if self._arrival is not None:
            await self._arrival
            self._arrival = None
        if target := self.pane.focus_target:
            target.focus()

    def forget_all_but(self, known: Container[EnvironmentKey]) -> None:
        """Let go of the panes of environments that there are no longer."""
        for gone in [kept for kept in self._kept if kept not in known]:
            self._let_go(gone)

    # --- what is shown ---------------------------------------------------------------------

    def watch_subject(self) -> None:
        had_focus = self.has_focus_within
        is_another = self._change_panes()
        self._show()
        if had_focus and is_another:
            self.call_after_refresh(self.focus_content)

    def watch_neighbours(self) -> None:
        for panes in (self._panes, *self._kept.values()):
            self._tell_neighbours(panes)

    def _tell_neighbours(self, panes: _Panes) -> None:
        for pane in panes.values():
            if isinstance(pane, LogsPane):
                pane.neighbours = self.neighbours

    def watch_view(self) -> None:
        had_focus = self.has_focus_within
        self._show()
        if had_focus:
            self.call_after_refresh(self.focus_content)

    @on(Pane.TabClicked)
    async def _show_clicked(self, event: Pane.TabClicked) -> None:
        event.stop()
        self.next_view(event.step)
        await self.focus_content()

    def _change_panes(self) -> bool:
        """Put the panes of another environment in the place of those that are here."""
        wanted = self.subject.key if self.subject else None
        if wanted == self._shown_key or wanted is None:
            return False
        if self._shown_key is not None:
            for pane in self._panes.values():
                pane.display = False
            self._kept[self._shown_key] = self._panes
            is_kept = wanted in self._kept
            self._panes = self._kept.pop(wanted) if is_kept else self._make_panes()
            self._tell_neighbours(self._panes)
        self._shown_key = wanted
        while len(self._kept) >= ENVIRONMENTS_KEPT:
            self._let_go(next(iter(self._kept)))
        return True

    def _let_go(self, key: EnvironmentKey) -> None:
        for pane in self._kept.pop(key).values():
            if pane.is_attached:
                pane.remove()

    def _make_panes(self) -> _Panes:
        client = self._first.client  # until the first subject says another
        return {name: pane(client, settings=self._settings) for name, pane in VIEWS.items()}

    def _show(self) -> None:
        self._retitle()
        if self.is_attached and not self.pane.is_attached:
            self._arrival = self.mount(self.pane)
        for view, pane in self._panes.items():
            pane.display = view == self.view
            self._hand_subject_to(pane, is_shown=view == self.view)

    def _hand_subject_to(self, pane: Pane, *, is_shown: bool) -> None:
        mine, theirs = self.subject.environment if self.subject else None, pane.environment
        if theirs != mine and (is_shown or theirs is not None):
            pane.turn_to(self.subject)

    def _retitle(self) -> None:
        tabs = [pane.tab_text() for pane in self._panes.values()]
        at = list(self._panes).index(self.view)
        self.pane.tabs = (tuple(tabs[:at]), tuple(tabs[at + 1 :]))
