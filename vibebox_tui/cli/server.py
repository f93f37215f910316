"""`vibebox server`: the user's own server, which dashboards start and which outlives them."""

import click

from vibebox_tui.cli.own_server import OwnServer
from vibebox_tui.cli.server_process import process_of, wait_for


@click.group()
def server() -> None:
    """Your own server: whether it runs, start it, stop it.

    `vibebox` starts it where it isn't running; it goes on when the dashboard is left.
    """


@server.command()
def status() -> None:
    """Say whether it runs; exit status 1 if it doesn't."""
    own = OwnServer()
    process = process_of(own.path)
    if process is None:
        click.echo(f"not running; its socket would be {own.path}")
        raise click.exceptions.Exit(1)
    click.echo(f"running as process {process} on {own.path}; its log is {own.log}")


@server.command()
def start() -> None:
    """Start it where it isn't running."""
    own = OwnServer.start()
    wait_for(own)
    click.echo(f"running as process {process_of(own.path)} on {own.path}")


@server.command()
def stop() -> None:
    """Stop it; what runs in your environments goes on and is found again at its next start."""
    own = OwnServer()
    click.echo("stopped" if own.stop() else f"not running on {own.path}")
