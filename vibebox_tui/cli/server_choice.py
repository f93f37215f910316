"""Which server a command talks to, and how it is let in there.

Said by options, else by the environment (`VIBEBOX_URL`, `VIBEBOX_TOKEN`), else by a context of the
configuration file; with none of these it is the user's own server, started where it isn't running.
"""

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from vibebox_tui import config
from vibebox_tui.client.client import Client


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What the command line says about the server; None: nothing.

    `token` is a secret and in no repr.
    """

    url: str | None = None
    token: str | None = None
    context: str | None = None
    config_file: Path | None = None

    def __repr__(self) -> str:
        return f"ServerOptions(url={self.url!r}, context={self.context!r}, …)"


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --url, --token, --context and --config; `command` gets them as its `server` argument.

    A subcommand's own options win over those before its name (`vibebox --url … logs api`).
    """

    @click.option("--url", envvar="VIBEBOX_URL", help="The server: http(s)://… or unix:/path.")
    @functools.wraps(command)
    def with_server(*args: Any, url: str | None, **kwargs: Any) -> Any:
        raise NotImplementedError

    return with_server


@asynccontextmanager
async def connect(options: ServerOptions) -> AsyncIterator[Client]:
    """A client of the chosen server, which is there: the user's own is started where it isn't.

    Raises:
        VibeBoxError: the server isn't there, or a way to be let in is missing; a sentence.
    """
    raise NotImplementedError
    yield
