"""The connections as a user sees them: what they carried, how often they were lost, and why."""

import pytest

from tests.faults import FaultRelay
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import SETTINGS, SLEEPING, dashboard
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import LinkPhase
from vibebox_tui.client.telemetry import UNSTEADY_DROPS
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.screens.connections import ConnectionsScreen
from vibebox_tui.ui.servers import Server
from vibebox_tui.ui.widgets.status_line import StatusLine


def report(app: VibeBoxApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


@pytest.mark.timeout(120)
async def test_a_line_that_drops_often_is_shown_counted_and_an_alert(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="api", start=True)
    async with (
        FaultRelay(server.port) as relay,
        Client(
            ServerAddress.parse(f"http://127.0.0.1:{relay.port}"),
            StaticToken(server.token()),
            chance=lambda: 0.0,
        ) as client,
    ):
        app = VibeBoxApp([Server("test", client)], SETTINGS)
        async with app.run_test(size=(120, 40)) as pilot:
            status_line = app.screen.query_one(StatusLine)
            await wait_for(lambda: client.link.phase is LinkPhase.CONNECTED)
            await pilot.press("ctrl+n")
            await wait_for(lambda: isinstance(app.screen, ConnectionsScreen))
            await wait_for(lambda: "No connection has been lost." in report(app))
            assert not client.unsteadiness
            for number in range(1, UNSTEADY_DROPS + 1):
                relay.reset()
                await wait_for(lambda lost=number: client.telemetry[0].drop_count == lost)
                await wait_for(lambda: client.link.phase is LinkPhase.WAITING)
                client.retry_now()
                await wait_for(lambda: client.link.phase is LinkPhase.CONNECTED)
            await wait_for(lambda: "status: the connection was cut" in report(app))
            await pilot.press("escape")
            await wait_for(lambda: status_line.alerts == 1)
            await pilot.press("exclamation_mark")
            await wait_for(lambda: "the connection was lost 3 times" in report(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_everything_that_was_carried_is_told_at_any_width(
    server: RunningServer, size: tuple[int, int]
) -> None:
    environment = await server.create(*SLEEPING, name="a-name-as-long-as-they-come", start=True)
    await server.open_session(environment.id)
    async with dashboard(server, size) as shown:
        await shown.listed(environment.name)
        await shown.press("t")
        await wait_for(lambda: len(shown.client.telemetry) == 3)
        await wait_for(lambda: all(each.round_trips for each in shown.client.telemetry))
        await shown.press("ctrl+n")
        await wait_for(lambda: "No connection has been lost." in shown.picture)
        assert "round trip" in shown.picture
        assert "terminal …" in shown.picture
        assert "come/shell-1" in shown.picture
        assert ("messages" in shown.picture) is (size == (80, 24))
        status = next(each for each in shown.client.telemetry if each.name == "status")
        sizes = [line for line in shown.picture.splitlines() if "B/" in line]
        assert len(sizes) == 3
        assert status.messages_in > 0
