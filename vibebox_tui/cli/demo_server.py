"""The demo's server: an ordinary one whose store begins with the samples, started.

It ends when its standard input does, and so never outlives the dashboard that started it.
"""

import asyncio
import logging
import shutil
from pathlib import Path

import click

from vibebox_tui.cli.serving import run_server, serve_until_told
from vibebox_tui.protocol.models import CreateEnvironmentRequest
from vibebox_tui.samples import SAMPLES, Sample
from vibebox_tui.server.accounts import LOCAL_USER
from vibebox_tui.server.app import Server
from vibebox_tui.server.environments import Environments
from vibebox_tui.server.settings import DockerSettings, ServerSettings

_log = logging.getLogger(__name__)


@click.command(hidden=True)
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--docker", is_flag=True, help="Show the containers that run here as well.")
def demo_server(directory: Path, docker: bool) -> None:
    """Serve the samples from DIRECTORY, which is ours, until standard input ends.

    The file `ready` in it says that the samples are there: whoever lists them then sees all.
    """
    settings = ServerSettings(
        data_directory=directory / "data",
        uds=directory / "server.sock",
        stop_environments=True,
        docker=DockerSettings(show="all" if docker else "none"),
    )
    run_server(lambda: _serve(Server(settings), directory))
    shutil.rmtree(directory, ignore_errors=True)


async def _serve(server: Server, directory: Path) -> None:
    await server.start()
    samples = asyncio.create_task(_start_samples(server, directory))
    try:
        await serve_until_told(server, or_input_ends=True)
    finally:
        samples.cancel()
        await asyncio.gather(samples, return_exceptions=True)


async def _start_samples(server: Server, directory: Path) -> None:
    try:
        for sample in SAMPLES:
            await _start(sample, server.environments, directory)
        (directory / "ready").touch()
    except Exception:
        _log.exception("the samples can't be started")
        await server.stop()


async def _start(sample: Sample, environments: Environments, directory: Path) -> None:
    workplace = directory / sample.name
    workplace.mkdir()
    sample.unpack(workplace)
    request = CreateEnvironmentRequest(
        name=sample.name,
        description=sample.description,
        command=sample.command,
        working_directory=str(workplace),
        environment_variables=sample.variables,
        cpu_limit=sample.cpu_limit,
        memory_limit=sample.memory_limit,
    )
    environment = await environments.create(request, LOCAL_USER, by_admin=True)
    await environments.start(environment.id)
