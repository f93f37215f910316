"""`vibebox login`, `vibebox logout`: a login that lasts, in a private file of the user's."""

import asyncio
import sys
from contextlib import suppress

import click

from vibebox_tui.cli.server_choice import (
    ServerChoice,
    ServerOptions,
    choose,
    client_settings,
    server_options,
)
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.errors import ApiError, ClientError
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.saved_login import forget_login, login_file, save_login
from vibebox_tui.errors import UsageError, VibeBoxError


class LoginFailedError(VibeBoxError):
    """The server at `address` didn't accept the email and password."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"cannot log in at {address}: {reason}")
        self.address = address


@click.command()
@click.option("--email", help="Who you are there; asked for where it isn't given.")
@server_options
def login(server: ServerOptions, email: str | None) -> None:
    """Log in to the server that --url, --context or the configuration names.

    The password is asked for, or is the first line of standard input where that is no terminal.
    """
    choice = choose(server, start=False)
    address = _address_of(choice)
    email = email or click.prompt(f"Email at {address}", err=True)
    name = asyncio.run(_log_in(choice, address, email, _password()))
    click.echo(f"logged in at {address} as {name}")


@click.command()
@server_options
def logout(server: ServerOptions) -> None:
    """Give up the login at the server that --url, --context or the configuration names."""
    choice = choose(server, start=False)
    address = _address_of(choice)
    refresh_token = forget_login(login_file(address))
    if refresh_token is None:
        click.echo(f"not logged in at {address}")
        return
    with suppress(ClientError):  # the file is gone; the server forgets in a week anyhow
        asyncio.run(_log_out(choice, address, refresh_token))
    click.echo(f"logged out at {address}")


def _address_of(choice: ServerChoice) -> ServerAddress:
    address = ServerAddress.parse(choice.context.url)
    if address.socket is not None or address.ssh:
        raise UsageError(f"{address} needs no login; name another server with --url or --context")
    return address


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, err=True)
        return asked
    password = sys.stdin.readline().rstrip("\n")
    if not password:
        raise UsageError("standard input has no password")
    return password


async def _log_in(choice: ServerChoice, address: ServerAddress, email: str, password: str) -> str:
    """Log in and keep the login; who the server says we are."""
    async with _rest(choice, address) as rest:
        try:
            tokens = await rest.login(email, password)
        except ApiError as error:
            raise LoginFailedError(str(address), error.message) from error
    save_login(login_file(address), address, tokens)
    return tokens.user.email if tokens.user else email


async def _log_out(choice: ServerChoice, address: ServerAddress, refresh_token: str) -> None:
    async with _rest(choice, address) as rest:
        await rest.logout(refresh_token)


def _rest(choice: ServerChoice, address: ServerAddress) -> RestClient:
    return RestClient(address, StaticToken(""), client_settings(choice))
