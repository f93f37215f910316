"""Which server a command talks to, or which ones the dashboard does, and how they are let in.

Said by options, else by the environment (`VIBEBOX_URL`, `VIBEBOX_TOKEN`), else by a context of the
configuration file; with none of these it is the user's own server, started where it isn't running.
"""

import functools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vibebox_tui.cli.own_server import OwnServer
from vibebox_tui.cli.server_process import ServerProcess, ready
from vibebox_tui.errors import UsageError

if TYPE_CHECKING:
    import asyncio

    from vibebox_tui.client.client import Client
    from vibebox_tui.client.credentials import Credentials
    from vibebox_tui.client.settings import ClientSettings
    from vibebox_tui.config import Config, Context

URL_VARIABLE: Final = "VIBEBOX_URL"
"""The environment variable that stands in for --url."""

TOKEN_VARIABLE: Final = "VIBEBOX_TOKEN"
"""The environment variable that stands in for --token: unlike the option, `ps` doesn't show it."""

OWN: Final = "local"
"""What the user's own server is called, where the file doesn't call another one so."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What the command line says about the server, or the servers; None: nothing.

    `token` is a secret and in no repr.
    """

    url: str | None = None
    token: str | None = None
    contexts: tuple[str, ...] = ()
    config_file: Path | None = None

    def __repr__(self) -> str:
        return f"ServerOptions(url={self.url!r}, contexts={self.contexts!r}, …)"

    def over(self, other: "ServerOptions") -> "ServerOptions":
        """These, and where they say nothing what `other` says."""
        server = self if self.url or self.contexts else other
        return ServerOptions(
            url=server.url,
            token=self.token or server.token,
            contexts=server.contexts,
            config_file=self.config_file or other.config_file,
        )


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """A server that has been decided on; a `local` one may still be starting."""

    name: str
    context: "Context"
    config: "Config"
    local: OwnServer | ServerProcess | None = None

    @property
    def own(self) -> OwnServer | None:
        """The user's own server, if it is that."""
        return self.local if isinstance(self.local, OwnServer) else None

    async def ready(self) -> None:
        """Return when the server answers, as far as we have to see to that.

        Raises:
            ServerStartError: it can't be started.
        """
        if self.local is not None:
            await ready(self.local)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --url, --token, --context and --config; `command` gets them as its `server` argument.

    A subcommand's own options win over those before its name (`vibebox --url … logs api`).
    """

    @click.option("--url", metavar="URL", help="The server: http(s)://…, unix:/path or ssh://…")
    @click.option("--token", metavar="TOKEN", help=f"Its token; better said by {TOKEN_VARIABLE}.")
    @click.option(
        "--context",
        "contexts",
        metavar="NAME",
        multiple=True,
        help=f"A server that the configuration file names, or {OWN}: your own; the dashboard"
        " takes several.",
    )
    @click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Another configuration file.",
    )
    @functools.wraps(command)
    def with_server(
        *args: Any,
        url: str | None,
        token: str | None,
        contexts: tuple[str, ...],
        config_file: Path | None,
        **kwargs: Any,
    ) -> Any:
        if url and contexts:
            raise click.UsageError("--url and --context both name a server; give one of them.")
        here = click.get_current_context()
        outer = here.obj if isinstance(here.obj, ServerOptions) else ServerOptions()
        here.obj = ServerOptions(url, token, contexts, config_file).over(outer)
        return command(*args, server=here.obj, **kwargs)

    return with_server


def choose(options: ServerOptions, *, start: bool = True) -> ServerChoice:
    """Decide on one server, as `choose_all` does.

    Raises:
        VibeBoxError: several are named, or one of the reasons of `choose_all`.
    """
    choices = choose_all(options, start=start)
    if len(choices) > 1:
        names = " or ".join(choice.name for choice in choices)
        raise UsageError(f"this is for one server; name it with --context: {names}")
    return choices[0]


def choose_all(options: ServerOptions, *, start: bool = True) -> list[ServerChoice]:
    """Decide on the servers: what is named, else the configuration's default, else the user's own.

    The user's own is started, but not waited for, where it isn't running; without `start` it isn't.

    Raises:
        VibeBoxError: the configuration is no good, a token is given that isn't needed or doesn't
            say for which of several, or the user's own server can't be started.
    """
    from vibebox_tui.config import Context, load

    config = load(options.config_file)
    url = options.url or (None if options.contexts else os.environ.get(URL_VARIABLE))
    if url:
        _check_token(options.token, url)
        token = options.token or os.environ.get(TOKEN_VARIABLE)
        return [ServerChoice(url, Context(url=url, token=token), config)]
    names = tuple(dict.fromkeys(options.contexts)) or config.context or (OWN,)
    if options.token is not None and len(names) > 1:
        raise UsageError(f"--token is for one server, and there are {len(names)}: say it in a file")
    return [_named(name, config, options.token, start=start) for name in names]


def _named(name: str, config: "Config", token: str | None, *, start: bool) -> ServerChoice:
    from vibebox_tui.config import Context

    if name != OWN or name in config.contexts:
        context = config.named(name)
        _check_token(token, context.url)
        return ServerChoice(name, _with_token(context, token), config)
    own = OwnServer.start() if start else OwnServer()
    return ServerChoice(OWN, Context(url=f"unix:{own.path}", token=token), config, own)


def _check_token(token: str | None, url: str) -> None:
    """Refuse a token on the command line that would silently not be used."""
    if token is not None and url.startswith("ssh://"):
        raise UsageError(
            f"{url} needs no token: who may log in by SSH is let in; leave --token out"
        )


@asynccontextmanager
async def connect(options: ServerOptions) -> "AsyncIterator[Client]":
    """A client of the chosen server, which is there: the user's own is started where it isn't.

    Raises:
        VibeBoxError: no server, or no way to be let in, as far as this can be known beforehand.
    """
    choice = choose(options)
    await choice.ready()
    async with client_of(choice) as client:
        yield client


def client_of(choice: ServerChoice, starting: "asyncio.Future[None] | None" = None) -> "Client":
    """A client of the server that was chosen, not yet opened.

    If the server may still be `starting`, the client waits until that is done.
    """
    from vibebox_tui.cli.tokens import OnceReady, credentials_of
    from vibebox_tui.client.address import ServerAddress
    from vibebox_tui.client.client import Client
    from vibebox_tui.client.ssh import SshCredentials, SshTunnel

    address = ServerAddress.parse(choice.context.url)
    settings = client_settings(choice)
    tunnel = SshTunnel(address, choice.context.ssh_command) if address.ssh else None
    credentials: Credentials
    if tunnel is not None:
        credentials = SshCredentials(tunnel)
    else:
        credentials = credentials_of(choice.context, address, settings)
    if starting is not None and choice.local is not None:
        credentials = OnceReady(credentials, starting)
    return Client(address, credentials, settings=settings, tunnel=tunnel)


def client_settings(choice: ServerChoice) -> "ClientSettings":
    """How connections to the chosen server are made."""
    from vibebox_tui.client.settings import ClientSettings, PendingInput

    return ClientSettings(
        ca_file=_beside_config(choice, choice.context.ca_file),
        client_certificate=_beside_config(choice, choice.context.client_certificate),
        client_key=_beside_config(choice, choice.context.client_key),
        proxy=choice.context.proxy,
        pending_input=PendingInput(choice.config.settings.typed_offline),
    )


def _with_token(context: "Context", token: str | None) -> "Context":
    """The context, but with a token from the command line if there is one."""
    if token is None:
        return context
    import msgspec

    return msgspec.structs.replace(context, token=token, token_env=None, token_command=None)


def _beside_config(choice: ServerChoice, file: Path | None) -> Path | None:
    """A file that a context names; a relative path counts from the configuration file."""
    return None if file is None else choice.config.path.parent / file.expanduser()
