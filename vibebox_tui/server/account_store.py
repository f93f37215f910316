"""Users and refresh tokens in the store."""

import sqlite3
from collections.abc import Mapping
from typing import Final

import msgspec

from vibebox_tui.protocol.models import Role
from vibebox_tui.server.errors import ConflictError, UserNotFoundError
from vibebox_tui.server.records import RefreshTokenRecord, UserRecord

_USER: Final = (
    "SELECT id, email, role, password_hash, created_at, disabled, tokens_since FROM users"
)

_TOKEN: Final = (
    "SELECT token_hash, family, user_id, created_at, expires_at, used_at, revoked"
    " FROM refresh_tokens"
)


def users(db: sqlite3.Connection) -> list[UserRecord]:
    """All users, oldest first."""
    return [_user(row) for row in db.execute(f"{_USER} ORDER BY number")]


def user(db: sqlite3.Connection, user_id: str) -> UserRecord | None:
    """The user with this id."""
    row = db.execute(f"{_USER} WHERE id = ?", (user_id,)).fetchone()
    return _user(row) if row else None


def user_by_email(db: sqlite3.Connection, email: str) -> UserRecord | None:
    """The user with this address; the column ignores case."""
    row = db.execute(f"{_USER} WHERE email = ?", (email,)).fetchone()
    return _user(row) if row else None


def save_user(db: sqlite3.Connection, record: UserRecord) -> None:
    """Add or replace a user. Raises ConflictError."""
    other = user_by_email(db, record.email)
    if other is not None and other.id != record.id:
        raise ConflictError(f"{record.email} is another user's address", email=record.email)
    db.execute(
        "INSERT INTO users (id, email, role, password_hash, created_at, disabled, tokens_since)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET email = excluded.email,"
        " role = excluded.role, password_hash = excluded.password_hash,"
        " disabled = excluded.disabled, tokens_since = excluded.tokens_since",
        (
            record.id,
            record.email,
            record.role,
            record.password_hash,
            record.created_at,
            record.disabled,
            record.tokens_since,
        ),
    )


def change_user(db: sqlite3.Connection, user_id: str, changes: Mapping[str, object]) -> UserRecord:
    """Change fields of a user. Raises UserNotFoundError, ConflictError for the last admin."""
    was = _known(db, user_id)
    changed = msgspec.structs.replace(was, **changes)
    save_user(db, changed)
    if was.role == "admin":
        _require_an_admin(db, user_id)
    return changed


def delete_unless_last(db: sqlite3.Connection, user_id: str) -> None:
    """Forget a user. Raises UserNotFoundError, ConflictError for the last admin."""
    was = _known(db, user_id)
    delete_user(db, user_id)
    if was.role == "admin":
        _require_an_admin(db, user_id)


def _known(db: sqlite3.Connection, user_id: str) -> UserRecord:
    found = user(db, user_id)
    if found is None:
        raise UserNotFoundError(user_id)
    return found


def _require_an_admin(db: sqlite3.Connection, user_id: str) -> None:
    """Undo what is being done, where it leaves no admin."""
    if db.execute("SELECT 1 FROM users WHERE role = 'admin' LIMIT 1").fetchone() is None:
        raise ConflictError("The last admin must stay one", userId=user_id)


def delete_user(db: sqlite3.Connection, user_id: str) -> None:
    """Forget a user and its tokens."""
    db.execute("DELETE FROM refresh_tokens WHERE user_id = ?", (user_id,))
    db.execute("DELETE FROM users WHERE id = ?", (user_id,))


def token(db: sqlite3.Connection, token_hash: str) -> RefreshTokenRecord | None:
    """The token with this hash."""
    row = db.execute(f"{_TOKEN} WHERE token_hash = ?", (token_hash,)).fetchone()
    if row is None:
        return None
    token_hash, family, user_id, created_at, expires_at, used_at, revoked = row
    return RefreshTokenRecord(
        token_hash, family, user_id, created_at, expires_at, used_at, bool(revoked)
    )


def save_token(db: sqlite3.Connection, record: RefreshTokenRecord) -> None:
    """Add or replace a token."""
    db.execute(
        "INSERT INTO refresh_tokens VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (token_hash) DO UPDATE SET used_at = excluded.used_at,"
        " expires_at = excluded.expires_at, revoked = excluded.revoked",
        (
            record.token_hash,
            record.family,
            record.user_id,
            record.created_at,
            record.expires_at,
            record.used_at,
            record.revoked,
        ),
    )


def revoke_family(db: sqlite3.Connection, family: str) -> None:
    """Revoke all that descends from one log-in."""
    db.execute("UPDATE refresh_tokens SET revoked = 1 WHERE family = ?", (family,))


def revoke_user(db: sqlite3.Connection, user_id: str) -> None:
    """Revoke all tokens of a user."""
    db.execute("UPDATE refresh_tokens SET revoked = 1 WHERE user_id = ?", (user_id,))


def delete_expired(db: sqlite3.Connection, now: float) -> int:
    """Forget the tokens that expired before `now`; how many."""
    return db.execute("DELETE FROM refresh_tokens WHERE expires_at < ?", (now,)).rowcount


def _user(row: tuple[str, str, Role, str, str, int, float]) -> UserRecord:
    user_id, email, role, password_hash, created_at, disabled, tokens_since = row
    return UserRecord(user_id, email, role, password_hash, created_at, bool(disabled), tokens_since)
