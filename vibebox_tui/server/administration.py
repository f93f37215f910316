"""What the command line does to a store without a server: users and tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from vibebox_tui.errors import UsageError
from vibebox_tui.protocol.models import CreateUserRequest, Role, User
from vibebox_tui.server.accounts import Accounts
from vibebox_tui.server.data_directory import DataDirectory
from vibebox_tui.server.errors import UserNotFoundError
from vibebox_tui.server.settings import ServerSettings
from vibebox_tui.server.store import Store
from vibebox_tui.server.tokens import Tokens


async def add_user(settings: ServerSettings, email: str, password: str, role: Role) -> User:
    """Add a user. Raises UsageError, ConflictError where the address is taken."""
    try:
        request = msgspec.convert(
            {"email": email, "password": password, "role": role}, CreateUserRequest
        )
    except msgspec.ValidationError as error:
        raise UsageError(f"no user can be made of that: {error}") from error
    async with _accounts(settings) as (accounts, _, _):
        return await accounts.create(request)


async def list_users(settings: ServerSettings) -> list[User]:
    """All users, oldest first."""
    async with _accounts(settings) as (accounts, _, _):
        return await accounts.users()


async def remove_user(settings: ServerSettings, email: str) -> None:
    """Delete a user. Raises UserNotFoundError."""
    async with _accounts(settings) as (accounts, store, _):
        await accounts.delete(await _id_of(store, email))


async def issue_token(settings: ServerSettings, email: str, seconds: float) -> str:
    """An access token for a user. Raises UserNotFoundError."""
    async with _accounts(settings) as (_, store, tokens):
        return tokens.issue(await _id_of(store, email), seconds)


@asynccontextmanager
async def _accounts(settings: ServerSettings) -> AsyncIterator[tuple[Accounts, Store, Tokens]]:
    """The accounts in a store, which a server may have open at the same time."""
    directory = DataDirectory(settings.data_directory)
    directory.create()
    tokens = Tokens(settings.secret or directory.secret(), settings.jwt)
    store = await Store.open(directory.store)
    try:
        yield Accounts(store, tokens, settings.jwt, settings.limits, lambda _: None), store, tokens
    finally:
        await store.close()


async def _id_of(store: Store, email: str) -> str:
    user = await store.user_by_email(email)
    if user is None:
        raise UserNotFoundError(email)
    return user.id
