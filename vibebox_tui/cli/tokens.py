"""Where the token for a server comes from: one of the ways that a context may name."""

import asyncio
import os

from vibebox_tui import paths
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import (
    Credentials,
    Secret,
    StaticToken,
    TokenCommand,
    TokenFile,
)
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.saved_login import Exchange, SavedLogin, login_file
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.config import Context
from vibebox_tui.errors import UsageError, VibeBoxError
from vibebox_tui.protocol.models import Tokens


class NoTokenError(UsageError):
    """Nothing says which token to show to the server at `address`."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"{problem}; give one with VIBEBOX_TOKEN or --token")
        self.address = address


class MalformedTokenError(VibeBoxError):
    """A token has characters that can't be sent in a header, and that no token has."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"the token for {address} is none: it has spaces or other characters that no token has"
        )
        self.address = address


class OnceReady:
    """Credentials of a server that is still starting: whoever asks for a token waits for it.

    So a client can be opened at once; its first requests go out as soon as the server answers.
    """

    def __init__(self, credentials: Credentials, ready: "asyncio.Future[None]") -> None:
        self._credentials = credentials
        self._ready = ready

    async def token(self) -> Secret:
        """The token, once the server is there. Raises ServerStartError if it will never be."""
        await asyncio.shield(self._ready)
        return await self._credentials.token()

    async def refresh(self) -> Secret:
        """Another token, because the server refused the present one."""
        return await self._credentials.refresh()

    @property
    def expires_at(self) -> float | None:
        """When the present token expires, in seconds since the epoch."""
        return self._credentials.expires_at


def credentials_of(
    context: Context, address: ServerAddress, settings: ClientSettings
) -> Credentials:
    """The way to be let in that `context` names; a server on a Unix socket has its own.

    Where it names none that is what `vibebox login` has left, now or later.

    Raises:
        NoTokenError: it names a variable that isn't set.
        MalformedTokenError: what it gives can't be a token.
    """
    if context.token:
        return _given(context.token, address)
    if context.token_command:
        return TokenCommand(context.token_command)
    if context.token_env:
        return _given(_from_environment(context.token_env, address), address)
    if address.socket is not None:
        return TokenFile(paths.credential_file(address.socket))
    return SavedLogin(login_file(address), _exchange_at(address, settings))


def _exchange_at(address: ServerAddress, settings: ClientSettings) -> Exchange:
    """Exchanges refresh tokens at a server, a few times an hour, on connections of its own."""

    async def exchange(refresh_token: str) -> Tokens:
        async with RestClient(address, StaticToken(""), settings) as rest:
            return await rest.refresh(refresh_token)

    return exchange


def _given(token: str, address: ServerAddress) -> Credentials:
    token = token.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise MalformedTokenError(str(address))
    return StaticToken(token)


def _from_environment(name: str, address: ServerAddress) -> str:
    if token := os.environ.get(name):
        return token
    raise NoTokenError(str(address), f"{name}, which has the token for {address}, is not set")
