"""The dashboard, put together: a client of the chosen server, and the app.

Importing this loads Textual. So a server that has to be started is on its way before that, and both
load at the same time.
"""

import asyncio
import getpass
from contextlib import suppress
from functools import partial
from typing import Final

import httpx  # noqa: F401 - the first request needs it; until then we would only wait

from vibebox_tui.cli.config_names import check_names
from vibebox_tui.cli.log_file import log_to_file
from vibebox_tui.cli.server_choice import ServerChoice, client_of
from vibebox_tui.client.client import Client
from vibebox_tui.client.errors import ApiError, LoginRequiredError
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.glyphs import ASCII, UNICODE, glyphs_for
from vibebox_tui.ui.settings import DashboardSettings

NOT_FOUND: Final = 404
"""What a server that knows only the guide answers when asked who we are."""


class DashboardFailedError(VibeBoxError):
    """The dashboard ended by an error, which its log has."""


def show(choice: ServerChoice) -> int:
    """Show the dashboard of the chosen server until the user leaves; the exit status.

    Raises:
        VibeBoxError: the configuration asks for what there isn't, the server isn't there or lets
            nobody in, or the dashboard failed.
    """
    log = log_to_file()
    status = asyncio.run(_show(choice))
    if status == 1:
        raise DashboardFailedError(f"its log is {log}")
    return status


def dashboard_settings(choice: ServerChoice, user: str) -> DashboardSettings:
    """What the app is told: from the configuration, the choice of a server, and the terminal.

    Raises:
        ConfigError: a theme or the id of a key that doesn't exist.
    """
    check_names(choice.config)
    settings = choice.config.settings
    glyphs = {"ascii": ASCII, "unicode": UNICODE}.get(settings.glyphs) or glyphs_for()
    return DashboardSettings(
        server_name=choice.name,
        user_name=user,
        theme=settings.theme,
        glyphs=glyphs,
        keymap=choice.config.keys,
        escape_key=settings.escape_key,
        owns_server=choice.own is not None,
        is_throw_away=choice.local is not None and choice.own is None,
    )


async def _show(choice: ServerChoice) -> int:
    starting = asyncio.create_task(choice.ready())
    async with client_of(choice, starting) as client:
        user = getpass.getuser() if choice.local is not None else await _user_name(client, choice)
        app = VibeBoxApp(client, dashboard_settings(choice, user))
        starting.add_done_callback(partial(_end_if_failed, app))
        outcome = await app.run_async()
        if not starting.done():
            starting.cancel()
        with suppress(asyncio.CancelledError):  # who left before it was there wants no server
            await starting
        if outcome == "stop":
            await _stop_environments(client)
    if outcome == "stop" and choice.own is not None:
        await asyncio.to_thread(choice.own.stop)
    return app.return_code or 0


def _end_if_failed(app: VibeBoxApp, starting: asyncio.Task[None]) -> None:
    """No server, no dashboard: what is wrong is said once the terminal is as it was."""
    if not starting.cancelled() and starting.exception() is not None:
        app.exit()


async def _user_name(client: Client, choice: ServerChoice) -> str:
    """Who we are there; this first request is also what finds out whether we are let in at all.

    Where no token was given the dashboard asks for a login.
    """
    try:
        return (await client.rest.me()).email
    except LoginRequiredError:
        if choice.context.names_a_token:
            raise
        return ""
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
        return ""


async def _stop_environments(client: Client) -> None:
    """Stop whatever runs on the user's own server, all at the same time."""
    running = await client.rest.environments(status="running")
    async with asyncio.TaskGroup() as group:
        for environment in running:
            group.create_task(client.rest.stop(environment.id))
