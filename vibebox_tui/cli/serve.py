"""`vibebox serve`, `vibebox user`, `vibebox token`: a server of one's own, and who may use it."""

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import click

from vibebox_tui.cli import serve_settings
from vibebox_tui.cli.serving import run_server, serve_until_told
from vibebox_tui.errors import UsageError
from vibebox_tui.server import journal
from vibebox_tui.server.settings import (
    DEFAULT_BASE_PATH,
    DEFAULT_PORT,
    DockerSettings,
    JwtSettings,
    Secret,
    ServerSettings,
)

_ROLES: Final = click.Choice(["viewer", "developer", "admin"])
_PATH: Final = click.Path(path_type=Path)
_DATA_HELP: Final = "Where the store is; by default your own server's directory."


@click.command(context_settings={"auto_envvar_prefix": serve_settings.PREFIX})
@click.option(
    "--config",
    type=_PATH,
    is_eager=True,
    expose_value=False,
    callback=serve_settings.read_file,
    help='TOML file with the options below: port = 3000, origin = ["https://…"].',
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--uds", type=_PATH, help="Unix socket to listen on, in place of a port.")
@click.option("--certfile", type=_PATH, help="Certificate chain (PEM), for TLS.")
@click.option("--keyfile", type=_PATH, help="Its private key (PEM).")
@click.option("--data-dir", type=_PATH, help=_DATA_HELP)
@click.option(
    "--secret",
    envvar="VIBEBOX_SECRET",
    help="What access tokens are signed with (HS256); needed beyond 127.0.0.1."
    " Better given as VIBEBOX_SECRET: other users can see your command lines.",
)
@click.option("--base-path", default=DEFAULT_BASE_PATH, show_default=True, help="Path of the API.")
@click.option("--origin", "origins", multiple=True, help="A web page's origin that may connect.")
@click.option("--public-key", type=_PATH, help="Key (PEM) of another issuer of tokens.")
@click.option("--jwks-url", help="Key set of another issuer of tokens.")
@click.option("--issuer", help="The `iss` that tokens must have.")
@click.option("--audience", help="The `aud` that tokens must have.")
@click.option(
    "--docker",
    type=click.Choice(["all", "labelled", "none"]),
    default="none",
    show_default=True,
    help="Which running containers are shown as environments: all, those with the label"
    " vibebox.adopt, or none.",
)
@click.option("--docker-control", is_flag=True, help="These may be changed too, not only watched.")
@click.option(
    "--docker-mount",
    "docker_mounts",
    type=_PATH,
    multiple=True,
    help="A directory of this machine that containers may be given, with what is in it."
    " By default any.",
)
@click.option(
    "--docker-mounts-by",
    type=click.Choice(["admins", "developers"]),
    default="admins",
    show_default=True,
    help="Who may give them one.",
)
@click.option(
    "--runtime",
    "runtimes",
    type=click.Choice(["local", "docker"]),
    multiple=True,
    default=("local", "docker"),
    show_default=True,
    help="What environments may be. Processes (local) may do all that the server's user may.",
)
@click.option("--stop-environments", is_flag=True, help="Stop what runs when the server stops.")
@click.option("--until-stdin-closes", is_flag=True, help="Stop when standard input ends.")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@click.option("--print-config", is_flag=True, help="Print what holds, as JSON, and end.")
def serve(
    data_dir: Path | None,
    secret: str | None,
    public_key: Path | None,
    jwks_url: str | None,
    issuer: str | None,
    audience: str | None,
    docker: Any,
    docker_control: bool,
    docker_mounts: tuple[Path, ...],
    docker_mounts_by: Any,
    until_stdin_closes: bool,
    verbose: bool,
    print_config: bool,
    **options: Any,
) -> None:
    """Run a server in the foreground until Ctrl+C or SIGTERM.

    What runs in environments goes on when the server stops, and is found again at its next start.
    Every option can be in a file (--config) or a variable: VIBEBOX_SERVE_PORT=3000.
    """
    journal.keep(sys.stderr, verbose=verbose)
    if data_dir is not None:
        options["data_directory"] = data_dir
    settings = ServerSettings(
        secret=Secret(secret) if secret else None,
        jwt=JwtSettings(
            public_key=_text(public_key), jwks_url=jwks_url, issuer=issuer, audience=audience
        ),
        docker=DockerSettings(
            show=docker,
            may_change=docker_control,
            mount_paths=docker_mounts or None,
            mounts_by=docker_mounts_by,
        ),
        **options,
    )
    if print_config:
        click.echo(serve_settings.render(settings))
        return
    run_server(lambda: _serve(settings, until_stdin_closes))


async def _serve(settings: ServerSettings, until_stdin_closes: bool) -> None:
    from vibebox_tui.server.app import Server  # late: `--help` doesn't need a server

    await serve_until_told(Server(settings), or_input_ends=until_stdin_closes)


def _text(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path} can't be read: {error}") from error


# --- users and tokens ----------------------------------------------------------------------


@click.group()
def user() -> None:
    """Who may use a server, changed in its store; a running server takes notice."""


@user.command("add")
@click.argument("email")
@click.option("--role", type=_ROLES, default="developer", show_default=True)
@click.option(
    "--password",
    envvar="VIBEBOX_PASSWORD",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for where it isn't given; better so, or as VIBEBOX_PASSWORD.",
)
@click.option("--data-dir", type=_PATH, help=_DATA_HELP)
def add_user(email: str, role: Any, password: str, data_dir: Path | None) -> None:
    """Add a user who logs in with EMAIL and a password."""
    from vibebox_tui.server.administration import add_user as add

    created = asyncio.run(add(_settings(data_dir), email, password, role))
    click.echo(f"added {created.email} as {created.role}, id {created.id}")


@user.command("list")
@click.option("--data-dir", type=_PATH, help=_DATA_HELP)
def list_users(data_dir: Path | None) -> None:
    """List the users."""
    from vibebox_tui.server.administration import list_users as find

    for found in asyncio.run(find(_settings(data_dir))):
        click.echo(f"{found.email}\t{found.role}\t{found.id}")


@user.command("change")
@click.argument("email")
@click.option("--role", type=_ROLES)
@click.option(
    "--password",
    envvar="VIBEBOX_PASSWORD",
    prompt=True,
    prompt_required=False,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for where no value follows; better so, or as VIBEBOX_PASSWORD.",
)
@click.option("--data-dir", type=_PATH, help=_DATA_HELP)
def change_user(email: str, role: Any, password: str | None, data_dir: Path | None) -> None:
    """Give a user another password or role; within a minute they have to log in anew."""
    from vibebox_tui.server.administration import change_user as change

    if role is None and password is None:
        raise UsageError("nothing to change: give --role or --password")
    changed = asyncio.run(change(_settings(data_dir), email, password, role))
    click.echo(f"changed {changed.email}, now {changed.role}")


@user.command("remove")
@click.argument("email")
@click.option("--data-dir", type=_PATH, help=_DATA_HELP)
def remove_user(email: str, data_dir: Path | None) -> None:
    """Delete a user; their connections end within a minute."""
    from vibebox_tui.server.administration import remove_user as remove

    asyncio.run(remove(_settings(data_dir), email))
    click.echo(f"removed {email}")


@click.command()
@click.argument("email")
@click.option(
    "--hours",
    type=click.FloatRange(0, 24 * 366, min_open=True),
    default=24.0,
    show_default=True,
    help="How long it is good for.",
)
@click.option("--secret", envvar="VIBEBOX_SECRET", help="The server's, where it was given one.")
@click.option("--data-dir", type=_PATH, help=_DATA_HELP)
def token(email: str, hours: float, secret: str | None, data_dir: Path | None) -> None:
    """Print an access token for the user with EMAIL."""
    from vibebox_tui.server.administration import issue_token

    settings = _settings(data_dir, Secret(secret) if secret else None)
    click.echo(asyncio.run(issue_token(settings, email, hours * 3600)))


def _settings(data_dir: Path | None, secret: Secret | None = None) -> ServerSettings:
    if data_dir is None:
        return ServerSettings(secret=secret)
    return ServerSettings(secret=secret, data_directory=data_dir)
