"""What the command line does to a store, whether or not a server has it open: users, tokens."""

import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec

from vibebox_tui.errors import UsageError
from vibebox_tui.protocol.models import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    CreateUserRequest,
    Role,
    UpdateUserRequest,
    User,
)
from vibebox_tui.server import account_store
from vibebox_tui.server.data_directory import DataDirectory
from vibebox_tui.server.database import Database
from vibebox_tui.server.errors import NotFoundError
from vibebox_tui.server.passwords import hash_password
from vibebox_tui.server.records import UserRecord
from vibebox_tui.server.settings import ServerSettings
from vibebox_tui.server.tokens import Tokens


async def add_user(settings: ServerSettings, email: str, password: str, role: Role) -> User:
    """Add a user. Raises UsageError, ConflictError where the address is taken."""
    wanted = {"email": email, "password": password, "role": role}
    try:
        request = msgspec.convert(wanted, CreateUserRequest)
    except msgspec.ValidationError as error:
        raise UsageError(_what_is_wrong(str(error), email)) from error
    user = UserRecord(
        id=str(uuid.uuid4()),
        email=request.email,
        role=request.role,
        password_hash=await hash_password(request.password),
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    async with _database(settings) as database:
        await database.write(lambda db: account_store.save_user(db, user))
    return user.representation()


async def list_users(settings: ServerSettings) -> list[User]:
    """All users, oldest first."""
    async with _database(settings) as database:
        return [user.representation() for user in await database.read(account_store.users)]


async def change_user(
    settings: ServerSettings, email: str, password: str | None, role: Role | None
) -> User:
    """Give a user another password or role; who is logged in as it has to log in anew.

    Raises:
        UsageError: the password can't be one.
        NotFoundError: there is no such user.
        ConflictError: no admin would be left.
    """
    try:
        request = msgspec.convert({"password": password, "role": role}, UpdateUserRequest)
    except msgspec.ValidationError as error:
        raise UsageError(_what_is_wrong(str(error), email)) from error
    changes: dict[str, object] = {"tokens_since": time.time()}
    if request.role is not None:
        changes["role"] = request.role
    if request.password is not None:
        changes["password_hash"] = await hash_password(request.password)

    def change(db: sqlite3.Connection) -> UserRecord:
        changed = account_store.change_user(db, user_id, changes)
        account_store.revoke_user(db, user_id)
        return changed

    async with _database(settings) as database:
        user_id = await _id_of(database, email)
        return (await database.write(change)).representation()


async def remove_user(settings: ServerSettings, email: str) -> None:
    """Delete a user. Raises NotFoundError."""
    async with _database(settings) as database:
        user_id = await _id_of(database, email)
        await database.write(lambda db: account_store.delete_user(db, user_id))


async def issue_token(settings: ServerSettings, email: str, seconds: float) -> str:
    """An access token for a user. Raises NotFoundError."""
    async with _database(settings) as database:
        user_id = await _id_of(database, email)
    secret = settings.secret or DataDirectory(settings.data_directory).secret()
    return Tokens(secret, settings.jwt).issue(user_id, seconds)


def _what_is_wrong(complaint: str, email: str) -> str:
    if complaint.endswith("`$.password`"):
        return f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    return f"{email!r} is no email address"


@asynccontextmanager
async def _database(settings: ServerSettings) -> AsyncIterator[Database]:
    directory = DataDirectory(settings.data_directory)
    directory.create()
    database = await Database.open(directory.store)
    try:
        yield database
    finally:
        await database.close()


async def _id_of(database: Database, email: str) -> str:
    user = await database.read(lambda db: account_store.user_by_email(db, email))
    if user is None:
        raise NotFoundError(f"there is no user with the address {email}", email=email)
    return user.id
