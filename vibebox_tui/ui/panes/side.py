"""What stands at the left of the panes: the list of environments, and where there is room more."""

from collections.abc import Callable
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from vibebox_tui.ui.layout import stack
from vibebox_tui.ui.panes.environments import EnvironmentsPane
from vibebox_tui.ui.panes.info import InfoPane
from vibebox_tui.ui.panes.metrics import MetricsPane
from vibebox_tui.ui.panes.notices import NoticesPane
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.servers import EnvironmentKey, Server, Subject
from vibebox_tui.ui.settings import DashboardSettings

REST_SECONDS: Final = 0.15
"""How long the cursor of the list rests until details are asked for: they cost requests."""

_BORDER: Final = 2


class Side(Vertical):
    """The list; and on a wide screen beneath it details of the environment under its cursor,
    metrics of the current one, and alerts.

    The list is as high as it has environments, and the details have what it leaves. `subject_of`
    tells what there is to be known of an environment.
    """

    def __init__(
        self,
        environments: EnvironmentsPane,
        first: Server,
        settings: DashboardSettings,
        subject_of: Callable[[EnvironmentKey | None], Subject | None],
    ) -> None:
        super().__init__(id="side")
        self.environments = environments
        self.details = InfoPane(first.client, settings=settings, id="side-details")
        self.metrics = MetricsPane(first.client, settings=settings, id="side-metrics")
        self.alerts = NoticesPane(
            first.client,
            "Alerts, events",
            "Nothing is wrong, nothing is new.",
            settings=settings,
            id="side-alerts",
        )
        self._subject_of = subject_of
        self._is_stacked = False
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.environments
        yield self.details
        yield self.metrics
        yield self.alerts

    def on_mount(self) -> None:
        self.watch(self.environments.table, "cursor", self._cursor_moved, init=False)

    def on_resize(self) -> None:
        self.pile(is_stacked=self._is_stacked)

    def pile(self, *, is_stacked: bool) -> None:
        """Stand beneath each other, as high as there is use for; or be the list alone."""
        self._is_stacked = is_stacked
        panes: list[Pane] = [self.environments, self.details, self.metrics, self.alerts]
        if not is_stacked:
            self.environments.styles.height = "1fr"
            for pane in panes[1:]:
                pane.display = False
        elif room := self.size.height:
            heights = stack(room, self.environments.table.full_height + _BORDER)
            for pane, height in zip(panes, heights, strict=True):
                pane.display = height > 0
                pane.styles.height = height
        self.look_again()

    def look_again(self) -> None:
        """Show of the environment under the cursor what is known now."""
        is_shown = self._is_stacked and self.details.display
        cursor = self.environments.table.cursor
        self.details.turn_to(self._subject_of(cursor) if is_shown else None)

    def _cursor_moved(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST_SECONDS, self.look_again)
