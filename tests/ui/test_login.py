"""Logging in from the dashboard, with what was refused resumed."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.conftest import StartServer
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import SETTINGS, SLEEPING
from tests.ui.terminals import ESCAPE, shell, type_text, until
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import LinkPhase
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.saved_login import login_file
from vibebox_tui.protocol.models import CreateUserRequest
from vibebox_tui.server.settings import Secret
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.panes.environments import EnvironmentsPane
from vibebox_tui.ui.screens.login import LogInDialog
from vibebox_tui.ui.servers import Server

EMAIL, PASSWORD = "ann@example.com", "a long password"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


async def refused_client(server: RunningServer) -> Client:
    """A client whose token the server doesn't believe; there is a user with a password."""
    address = ServerAddress.parse(server.address)
    async with RestClient(address, StaticToken(server.token())) as rest:
        await rest.create_user(CreateUserRequest(EMAIL, PASSWORD, "admin"))
    return Client(address, StaticToken("none"))


def dialog_of(app: VibeBoxApp) -> LogInDialog | None:
    return app.screen if isinstance(app.screen, LogInDialog) else None


async def asked(pilot: Pilot[str]) -> LogInDialog:
    assert isinstance(pilot.app, VibeBoxApp)
    app = pilot.app
    found = await wait_for(lambda: dialog_of(app), what="the log-in dialog")
    assert isinstance(found, LogInDialog)
    await pilot.pause()
    return found


async def test_why_a_login_is_wanted_is_said_in_full(server: RunningServer) -> None:
    async with await refused_client(server) as client:
        app = VibeBoxApp([Server("test", client)], SETTINGS)
        async with app.run_test(size=(120, 40)) as pilot:
            dialog = await asked(pilot)
            why = dialog.query_one(".dialog-question", Static)
            assert dialog.query_one(".dialog").content_region.contains_region(why.region)


async def test_the_form_fits_a_small_screen_and_says_what_becomes_of_the_login(
    server: RunningServer,
) -> None:
    async with await refused_client(server) as client:
        app = VibeBoxApp([Server("test", client)], SETTINGS)
        async with app.run_test(size=(80, 24)) as pilot:
            dialog = await asked(pilot)
            await pilot.press("enter", "enter")
            problem = dialog.query_one("#login-problem", Static)
            await wait_for(lambda: str(problem.content))
            await pilot.pause()
            shown = "\n".join(strip.text for strip in dialog._compositor.render_strips())
    assert "│  The server refused the token; give another one or log in" in shown
    assert "vibebox logout gives it up" in shown
    assert "Not now" in shown
    assert "─ Enter logs in, Esc not now ─╯" in shown


async def test_after_logging_in_everything_goes_on(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="api", start=True)
    async with await refused_client(server) as client:
        app = VibeBoxApp([Server("test", client)], SETTINGS)
        async with app.run_test(size=(120, 40)) as pilot:
            dialog = await asked(pilot)
            dialog.query_one("#login-email", Input).value = EMAIL
            await pilot.press("enter", *"wrong", "enter")
            problem = dialog.query_one("#login-problem", Static)
            await wait_for(lambda: str(problem.content) not in ("", "Logging in …"))
            dialog.query_one("#login-password", Input).value = PASSWORD
            await pilot.press("enter")

            rows = app.screen_stack[0].query_one(EnvironmentsPane)
            await wait_for(lambda: [row.name for row in rows.rows] == ["api"])
            await wait_for(lambda: client.link.phase is LinkPhase.CONNECTED)
            assert dialog_of(app) is None
        kept = login_file(client.address)
        assert kept.stat().st_mode & 0o777 == 0o600
        assert PASSWORD not in kept.read_text()


async def test_who_doesnt_want_to_is_asked_again_only_with_the_next_try(
    server: RunningServer,
) -> None:
    async with await refused_client(server) as client:
        app = VibeBoxApp([Server("test", client)], SETTINGS)
        async with app.run_test(size=(80, 24)) as pilot:
            await asked(pilot)
            await pilot.press("escape")
            await wait_for(lambda: dialog_of(app) is None)
            assert client.link.phase is LinkPhase.REFUSED
            await pilot.press("ctrl+r")
            await asked(pilot)


async def test_a_form_that_isnt_filled_in_says_what_is_missing(server: RunningServer) -> None:
    async with await refused_client(server) as client:
        app = VibeBoxApp([Server("test", client)], SETTINGS)
        async with app.run_test(size=(80, 24)) as pilot:
            dialog = await asked(pilot)
            dialog.query_one("#login-email", Input).value = ""
            dialog.query_one("#login-password", Input).focus()
            await pilot.press("enter")
            assert "email" in str(dialog.query_one("#login-problem", Static).content)


@pytest.mark.usefixtures("plain_shell")
async def test_a_token_refused_in_the_middle_is_asked_for_and_everything_goes_on(
    start_server: StartServer,
) -> None:
    """The server comes back with another secret: no token of before is good any more."""
    first = await start_server(stop_environments=False)
    async with RestClient(ServerAddress.parse(first.address), StaticToken(first.token())) as rest:
        await rest.create_user(CreateUserRequest(EMAIL, PASSWORD, "admin"))
    counting = "i=0; while :; do i=$((i+1)); echo line $i; sleep 1; done"
    await first.create("sh", "-c", counting, name="one", start=True)
    async with shell(first, is_new=False) as shown:
        port = first.port
        await first.stop()
        await wait_for(lambda: shown.client.link.phase is LinkPhase.WAITING)
        await start_server(port=port, secret=Secret("another secret of at least so many letters"))
        shown.client.retry_now()
        dialog = await asked(shown.pilot)
        dialog.query_one("#login-email", Input).value = EMAIL
        dialog.query_one("#login-password", Input).value = PASSWORD
        dialog.query_one("#login-password", Input).focus()
        await shown.press("enter")
        await wait_for(lambda: shown.client.link.phase is LinkPhase.CONNECTED)
        await type_text(shown, "echo still-$((6*7))", "enter")
        await until(shown, "still-42")
        await shown.press(ESCAPE, "d", "l")
        await until(shown, "link lost")
        await until(shown, "caught up · complete")
