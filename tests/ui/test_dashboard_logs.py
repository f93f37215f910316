"""Logs in the whole dashboard, on a real server: of a moment of the metrics, and of several."""

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import MIDDLE, dashboard
from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.records import LogLine
from vibebox_tui.ui.panes.logs import LogsPane
from vibebox_tui.ui.panes.metrics import MetricsPane

NOON = 1_760_011_200_000
"""2025-10-09T12:00:00Z"""


async def fill(server: RunningServer, name: str, *texts: str, start: int = NOON) -> None:
    """An environment whose log has these lines, a second apart."""
    environment = await server.create("true", name=name)
    lines = [LogLine(start + 1000 * n, "stdout", text) for n, text in enumerate(texts)]
    await server.server.backend.store.append_logs(environment.id, blocks_of(lines))


async def test_enter_in_the_metrics_shows_the_log_of_that_moment(server: RunningServer) -> None:
    await fill(server, "api", "INFO long ago")
    async with dashboard(server, MIDDLE) as shown:
        await shown.listed("api")
        await shown.press("1", "l", "right_square_bracket", "right_square_bracket")
        await wait_for(lambda: isinstance(shown.app.focused, MetricsPane))
        await shown.press("h", "h", "enter")
        await wait_for(lambda: isinstance(shown.workspace.main.pane, LogsPane))
        await wait_for(lambda: "Nothing was logged since then." in shown.picture)


async def test_the_logs_of_marked_and_of_all_environments_stand_by_time(
    server: RunningServer,
) -> None:
    await fill(server, "api", "INFO one", "INFO three")
    await fill(server, "web", "WARN two", start=NOON + 500)
    await fill(server, "db", "INFO four", start=NOON + 1500)
    async with dashboard(server, MIDDLE) as shown:
        await shown.listed("api", "web", "db")
        await shown.press("space", "space", "1", "l", "a")
        await wait_for(lambda: "Logs: marked (2)" in shown.picture)
        pane = shown.workspace.main.pane
        assert isinstance(pane, LogsPane)

        def texts() -> list[str]:
            return [line.text for line in pane.document.ring.lines()]

        await wait_for(lambda: texts() == ["INFO one", "WARN two", "INFO three"])
        await shown.press("a")
        await wait_for(lambda: "Logs: all (3)" in shown.picture)
        await wait_for(lambda: texts() == ["INFO one", "WARN two", "INFO three", "INFO four"])
        assert pane.source_names == ["api", "web", "db"]
