"""`vibebox backup` and `vibebox restore`: a server's data in one file."""

from pathlib import Path
from typing import Final

import click

from vibebox_tui import paths
from vibebox_tui.server.data_directory import DataDirectory

_PATH: Final = click.Path(path_type=Path, dir_okay=False)
_DATA: Final = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the store is; by default your own server's directory.",
)


@click.command()
@click.argument("file", type=_PATH)
@_DATA
def backup(file: Path, data_dir: Path | None) -> None:
    """Write a server's data to FILE; it may run meanwhile.

    FILE has users, logs and what tokens are signed with: keep it as safe as the server.
    """
    from vibebox_tui.server.backup import back_up

    back_up(_directory(data_dir), file)
    click.echo(f"wrote {file}, {file.stat().st_size / 1024 / 1024:.1f} MiB")


@click.command()
@click.argument("file", type=_PATH)
@_DATA
@click.confirmation_option(prompt="Replace what is in the data directory?")
def restore(file: Path, data_dir: Path | None) -> None:
    """Put the data in FILE back, in place of what is there; the server must be stopped."""
    from vibebox_tui.server.backup import restore as put_back

    directory = _directory(data_dir)
    put_back(directory, file)
    click.echo(f"restored {file} to {directory.path}")


def _directory(data_dir: Path | None) -> DataDirectory:
    return DataDirectory(data_dir or paths.data_directory())
