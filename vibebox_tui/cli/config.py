"""`vibebox config`: where the configuration file is, and whether it is right."""

from pathlib import Path

import click

from vibebox_tui import paths


@click.group()
def config() -> None:
    """The configuration file: where it is, and whether it is right."""


@config.command("path")
def show_path() -> None:
    """Print where the file is, or would be."""
    click.echo(paths.config_file())


@config.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
def check(file: Path | None) -> None:
    """Read FILE, else your own, and say what is wrong with it."""
    from vibebox_tui.config import load

    found = load(file)
    if file is None and not found.path.exists():
        click.echo(f"{found.path}: there is none, so all is as by default")
        return
    servers = ", ".join(found.contexts) or "none"
    click.echo(f"{found.path}: right; contexts: {servers}; keys of your own: {len(found.keys)}")
