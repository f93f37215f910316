"""The demo's server: an ordinary one whose store begins with the samples, started.

It ends when its standard input does, and so never outlives the dashboard that started it.
"""

import asyncio
import sys
from pathlib import Path

import click

from vibebox_tui.protocol.models import CreateEnvironmentRequest
from vibebox_tui.samples import SAMPLES, Sample
from vibebox_tui.server.accounts import LOCAL_USER
from vibebox_tui.server.app import Server
from vibebox_tui.server.settings import ServerSettings


@click.command(hidden=True)
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
def demo_server(directory: Path) -> None:
    """Serve the samples from DIRECTORY until standard input ends."""
    settings = ServerSettings(
        data_directory=directory / "data",
        uds=directory / "server.sock",
        stop_environments=True,
    )
    asyncio.run(_serve(Server(settings), directory))


async def _serve(server: Server, directory: Path) -> None:
    leash = asyncio.create_task(_stop_at_end_of_input(server))
    try:
        await server.serve()
    finally:
        leash.cancel()
