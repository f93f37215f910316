"""The dashboard, put together: a client for each of the chosen servers, and the app.

Importing this loads Textual. So a server that has to be started is on its way before that, and both
load at the same time.
"""

import asyncio
import getpass
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import httpx  # noqa: F401 - the first request needs it; until then we would only wait

from vibebox_tui.cli.config_names import check_names
from vibebox_tui.cli.log_file import log_to_file
from vibebox_tui.cli.server_choice import ServerChoice, client_of
from vibebox_tui.client.client import Client
from vibebox_tui.client.errors import ApiError, LoginRequiredError
from vibebox_tui.config import Config
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.glyphs import ASCII, UNICODE, glyphs_for
from vibebox_tui.ui.servers import Server
from vibebox_tui.ui.settings import DashboardSettings

NOT_FOUND: Final = 404
"""What a server that knows only the guide answers when asked who we are."""


class DashboardFailedError(VibeBoxError):
    """The dashboard ended by an error, which its log has."""


def show(choices: Sequence[ServerChoice]) -> int:
    """Show the dashboard of the chosen servers until the user leaves; the exit status.

    Raises:
        VibeBoxError: the configuration asks for what there isn't, the dashboard failed, or there
            is only one server and it isn't there or lets nobody in.
    """
    log = log_to_file()
    status = asyncio.run(_show(choices))
    if status == 1:
        raise DashboardFailedError(f"its log is {log}")
    return status


def dashboard_settings(config: Config) -> DashboardSettings:
    """What the app is told: from the configuration and the terminal.

    Raises:
        ConfigError: a theme or the id of a key that doesn't exist.
    """
    check_names(config)
    settings = config.settings
    glyphs = {"ascii": ASCII, "unicode": UNICODE}.get(settings.glyphs) or glyphs_for()
    return DashboardSettings(
        theme=settings.theme,
        glyphs=glyphs,
        keymap=config.keys,
        escape_key=settings.escape_key,
        confirm_paste=settings.confirm_paste,
        programs_copy=settings.programs_copy,
        scrollback=settings.scrollback,
        log_memory=settings.log_memory * 1024 * 1024,
    )


def server_of(choice: ServerChoice, client: Client, *, is_only: bool = True) -> Server:
    """A chosen server as the dashboard knows it; one of several is told from the others."""
    if choice.local is not None:
        client.user_name = getpass.getuser()
    return Server(
        choice.name,
        client,
        label="" if is_only else choice.name,
        is_own=choice.own is not None,
        is_throw_away=choice.local is not None and choice.own is None,
    )


async def _show(choices: Sequence[ServerChoice]) -> int:
    settings = dashboard_settings(choices[0].config)
    is_only = len(choices) == 1
    async with AsyncExitStack() as opened:
        servers: list[Server] = []
        for choice in choices:
            starting = asyncio.create_task(choice.ready())
            opened.push_async_callback(_end, starting, is_only=is_only)
            client = await opened.enter_async_context(client_of(choice, starting))
            servers.append(server_of(choice, client, is_only=is_only))
        if is_only and choice.local is None:
            await _be_let_in(client, choice)
        app = VibeBoxApp(servers, settings)
        if is_only:
            starting.add_done_callback(partial(_end_if_failed, app))
        outcome = await app.run_async()
        own = [server.client for server in servers if server.is_own and outcome == "stop"]
        for client in own:
            await _stop_environments(client)
    for choice in choices:
        if choice.own is not None and own:
            await asyncio.to_thread(choice.own.stop)
    return app.return_code or 0


async def _end(starting: asyncio.Task[None], *, is_only: bool) -> None:
    """Wait no more for a server to start: who left before it was there wants none."""
    starting.cancel()
    try:
        await starting
    except asyncio.CancelledError:
        pass
    except VibeBoxError:
        if is_only:
            raise  # of several, the dashboard has shown which one failed


def _end_if_failed(app: VibeBoxApp, starting: asyncio.Task[None]) -> None:
    """No server, no dashboard: what is wrong is said once the terminal is as it was."""
    if not starting.cancelled() and starting.exception() is not None:
        app.exit()


async def _be_let_in(client: Client, choice: ServerChoice) -> None:
    """Find out whether the only server lets us in at all: else there is nothing to show.

    Where no token was given the dashboard asks for a login.
    """
    try:
        await client.identify()
    except LoginRequiredError:
        if choice.context.names_a_token:
            raise
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise


async def _stop_environments(client: Client) -> None:
    """Stop whatever runs on the user's own server, all at the same time."""
    running = await client.rest.environments(status="running")
    async with asyncio.TaskGroup() as group:
        for environment in running:
            group.create_task(client.rest.stop(environment.id))
