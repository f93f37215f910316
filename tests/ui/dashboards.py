"""A whole dashboard on a real server, driven by a pilot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from textual.pilot import Pilot

from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.panes.environments import EnvironmentsPane
from vibebox_tui.ui.panes.workspace import Workspace
from vibebox_tui.ui.screens.dashboard import DashboardScreen
from vibebox_tui.ui.servers import Server
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.environment_table import EnvironmentTable
from vibebox_tui.ui.widgets.status_line import StatusLine

Size = tuple[int, int]

SMALL: Final[Size] = (80, 24)
MIDDLE: Final[Size] = (120, 40)
LARGE: Final[Size] = (200, 60)

SLEEPING: Final = ("sleep", "600")
"""A command that does nothing for longer than any test lasts."""

SETTINGS: Final = DashboardSettings()


@dataclass
class Dashboard:
    """A running dashboard, as a user has it before them."""

    app: VibeBoxApp
    client: Client
    pilot: Pilot[Any]

    @property
    def screen(self) -> DashboardScreen:
        """The screen under all dialogs."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, DashboardScreen)
        return screen

    @property
    def table(self) -> EnvironmentTable:
        return self.screen.query_one(EnvironmentTable)

    @property
    def workspace(self) -> Workspace:
        return self.screen.query_one(Workspace)

    @property
    def status_line(self) -> str:
        return self.screen.query_one(StatusLine).render().plain

    @property
    def states(self) -> dict[str, str]:
        """The state of each environment, as it is shown."""
        rows = self.screen.query_one(EnvironmentsPane).rows
        return {row.name: row.state for row in rows}

    @property
    def current(self) -> str:
        """The name of the environment that the panes show."""
        subject = self.workspace.subject
        return subject.name if subject else ""

    @property
    def slots(self) -> list[tuple[str, str]]:
        """The name and the view of each slot on the screen."""
        return [
            (slot.subject.name if slot.subject else "", slot.view) for slot in self.workspace.shown
        ]

    @property
    def picture(self) -> str:
        """What is on the screen, as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    @property
    def words(self) -> str:
        """The same, with every run of blanks and line ends as one blank."""
        return " ".join(self.picture.split())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def listed(self, *names: str) -> None:
        """Wait until these environments are on the screen, and the first one is shown."""
        await wait_for(lambda: set(names) <= set(self.states) and self.current)
        await self.pilot.pause()


@asynccontextmanager
async def dashboard(
    server: RunningServer,
    size: Size = MIDDLE,
    user_id: str = "admin",
    address: str = "",
    **settings: Any,
) -> AsyncIterator[Dashboard]:
    """Open a dashboard on `server` for a user, with the clients of both closed at the end.

    `address` is the server's where that goes through a relay.
    """
    place = ServerAddress.parse(address or server.address)
    async with Client(place, StaticToken(server.token(user_id))) as client:
        client.user_name = "alice"
        app = VibeBoxApp([Server("test", client)], replace(SETTINGS, **settings))
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Dashboard(app, client, pilot)
