from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import MIDDLE, SMALL, Dashboard, dashboard
from vibebox_tui.ui.panes.logs import LogsPane
from vibebox_tui.ui.panes.slot import ENVIRONMENTS_KEPT

NAMES = ("api", "web", "db", "ml", "ci")


def logs_of(shown: Dashboard) -> dict[str, LogsPane]:
    """The log panes that there are in the main slot, by their environments."""
    panes = shown.workspace.main.query(LogsPane)
    return {pane.environment.name: pane for pane in panes if pane.environment}


async def test_panes_of_environments_seen_lately_are_kept_and_those_before_let_go(
    server: RunningServer,
) -> None:
    for name in NAMES:
        await server.create("true", name=name)
    async with dashboard(server) as shown:
        await shown.listed(*NAMES)
        first = logs_of(shown)["api"]
        await shown.press("2")
        await wait_for(lambda: "web" in logs_of(shown))
        assert not first.display
        await shown.press("1")
        assert shown.workspace.main.pane is first
        await shown.press("2", "3", "4", "5")
        await wait_for(lambda: len(logs_of(shown)) == ENVIRONMENTS_KEPT)
        assert set(logs_of(shown)) == {"db", "ml", "ci"}


async def test_panes_of_a_deleted_environment_are_let_go(server: RunningServer) -> None:
    for name in NAMES[:2]:
        await server.create("true", name=name)
    async with dashboard(server) as shown:
        await shown.listed(*NAMES[:2])
        gone = shown.screen.current
        assert gone is not None
        await shown.press("2")
        await wait_for(lambda: len(logs_of(shown)) == 2)
        await server.server.environments.delete(gone.id)
        await wait_for(lambda: set(logs_of(shown)) == {"web"})


async def test_the_focus_stays_in_the_panes_over_a_switch(server: RunningServer) -> None:
    for name in NAMES[:2]:
        await server.create("true", name=name)
    async with dashboard(server, SMALL) as shown:
        await shown.listed(*NAMES[:2])
        await wait_for(lambda: shown.workspace.main.pane.has_focus_within)
        await shown.press("2")
        await wait_for(lambda: shown.current == "web")
        await wait_for(lambda: shown.workspace.main.pane.has_focus_within)


async def test_a_name_in_the_border_can_be_clicked(server: RunningServer) -> None:
    await server.create("true", name="api")
    async with dashboard(server, MIDDLE) as shown:
        await shown.listed("api")
        for name, view in (("Info", "info"), ("Metrics", "metrics"), ("Logs", "logs")):
            region = shown.workspace.main.pane.region
            line = shown.picture.splitlines()[region.y]
            await shown.pilot.click(offset=(line.index(name, region.x), region.y))
            await wait_for(lambda view=view: shown.workspace.main.view == view)
