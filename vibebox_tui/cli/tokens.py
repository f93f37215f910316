"""Where the token for a server comes from: one of the ways that a context may name."""

import os

from vibebox_tui import paths
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import Credentials, StaticToken, TokenCommand, TokenFile
from vibebox_tui.config import Context
from vibebox_tui.errors import UsageError


class NoTokenError(UsageError):
    """Nothing says which token to show to the server at `address`."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"{problem}; give one with VIBEBOX_TOKEN or --token")
        self.address = address


def credentials_of(context: Context, address: ServerAddress) -> Credentials:
    """The way to be let in that `context` names; a server on a Unix socket has its own.

    Raises:
        NoTokenError: it names none, or a variable that isn't set.
    """
    if context.token:
        return StaticToken(context.token)
    if context.token_command:
        return TokenCommand(context.token_command)
    if context.token_env:
        return StaticToken(_from_environment(context.token_env, address))
    if address.socket is not None:
        return TokenFile(paths.credential_file(address.socket))
    raise NoTokenError(str(address), f"there is no token for {address}")


def _from_environment(name: str, address: ServerAddress) -> str:
    if token := os.environ.get(name):
        return token
    raise NoTokenError(str(address), f"{name}, which has the token for {address}, is not set")
