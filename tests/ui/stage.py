"""A stage for single widgets: the dashboard's theme and styles, a clock that stands still."""

from collections.abc import Callable, Iterable
from typing import Final

from textual.app import App, ComposeResult
from textual.widget import Widget

from vibebox_tui.paths import styles_directory
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import DARK, THEMES, with_our_tokens

NOW: Final = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC."""

SETTINGS: Final = DashboardSettings(clock=lambda: NOW)


class Stage(App[object]):
    """Shows what `build` yields."""

    def __init__(self, build: Callable[[], Iterable[Widget]], theme: str = DARK.name) -> None:
        super().__init__(css_path=sorted(styles_directory().glob("*.tcss")))
        for ours in THEMES:
            self.register_theme(ours)
        self.theme = theme
        self._build = build

    def compose(self) -> ComposeResult:
        yield from self._build()

    def get_css_variables(self) -> dict[str, str]:
        return with_our_tokens(super().get_css_variables())


def row(
    number: int,
    name: str,
    state: str = "running",
    *,
    message: str = "",
    cpu: float | None = None,
    memory: float | None = None,
    history: Iterable[float | None] = (),
    limit: int | None = None,
    is_stale: bool = False,
    is_pinned: bool = False,
    is_marked: bool = False,
) -> EnvironmentRow:
    """An environment as it may be shown, started 76 hours before `NOW`, seen 4 s before."""
    environment = Environment(
        id=f"id-{number}",
        name=name,
        command=["python3", f"{name}.py"],
        memory_limit=limit,
        started_at="2023-11-11T18:13:20.000Z" if state == "running" else None,
    )
    return EnvironmentRow(
        number,
        environment,
        state,
        message=message,
        cpu=cpu,
        memory=memory,
        cpu_history=tuple(history),
        seen_at=NOW - 4,
        is_stale=is_stale,
        is_pinned=is_pinned,
        is_marked=is_marked,
    )


ROWS: Final = (
    row(1, "api-dev", cpu=41.0, memory=1228.8, limit=4096, history=[5, 20, 35, 80, 100, 60, 41]),
    row(2, "web", cpu=3.0, memory=310.0, history=[2, 3, 2, 3, 4, 3]),
    row(3, "db", "error", message="exited with code 1"),
    row(4, "ml-training-on-four-cores", "stopped"),
    row(5, "ci", "starting"),
)
"""One environment in each of the states that most are in."""
