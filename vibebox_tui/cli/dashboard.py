"""The dashboard, put together: a server, a client of it, the app.

The server is on its way before Textual is imported, so that both load at the same time; nothing
slow may be imported at this module's top.
"""

import asyncio
import getpass
from typing import TYPE_CHECKING, Final

from vibebox_tui.cli.server_choice import ServerChoice, ServerOptions, choose, client_of

if TYPE_CHECKING:
    from vibebox_tui.client.client import Client
    from vibebox_tui.ui.app import VibeBoxApp
    from vibebox_tui.ui.settings import DashboardSettings

NOT_FOUND: Final = 404
"""What a server that knows only the guide answers when asked who we are."""


def open_dashboard(options: ServerOptions) -> None:
    """Show the dashboard of the chosen server until the user leaves.

    Raises:
        VibeBoxError: the configuration is no good, the server isn't there or lets nobody in.
    """
    choice = choose(options)
    show(choice)


def show(choice: ServerChoice) -> None:
    """Show the dashboard of a server that has been decided on."""
    from vibebox_tui.ui.app import VibeBoxApp

    choice.wait()
    asyncio.run(_show(choice, VibeBoxApp))


async def _show(choice: ServerChoice, app_type: "type[VibeBoxApp]") -> None:
    async with client_of(choice) as client:
        user = getpass.getuser() if choice.local is not None else await _user_name(client)
        app = app_type(client, dashboard_settings(choice, user))
        outcome = await app.run_async()
        if outcome == "stop":
            await _stop_environments(client)
    if outcome == "stop" and choice.own is not None:
        choice.own.stop()


def dashboard_settings(choice: ServerChoice, user: str) -> "DashboardSettings":
    """What the app is told: from the configuration, the choice of a server, and the terminal."""
    from vibebox_tui.ui.glyphs import ASCII, UNICODE, glyphs_for
    from vibebox_tui.ui.settings import DashboardSettings

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
    )


async def _user_name(client: "Client") -> str:
    """Who we are there; this first request is also what finds out whether we are let in at all."""
    from vibebox_tui.client.errors import ApiError

    try:
        return (await client.rest.me()).email
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
        return ""


async def _stop_environments(client: "Client") -> None:
    """Stop whatever runs on the user's own server, all at the same time."""
    running = await client.rest.environments(status="running")
    async with asyncio.TaskGroup() as group:
        for environment in running:
            group.create_task(client.rest.stop(environment.id))
