"""The store's tables, and the way from every earlier release to them.

A migration is never changed once released; the next one is added at the end. The number of
migrations that a file has seen is its `user_version`.
"""

import sqlite3
from typing import Final

from vibebox_tui.server.errors import StoreError

_FIRST_RELEASE = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # The documents are the JSON of the protocol's representations.
    "CREATE TABLE environments (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " document BLOB NOT NULL)",
    "CREATE TABLE sessions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " environment_id TEXT NOT NULL, document BLOB NOT NULL)",
    "CREATE TABLE users (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " email TEXT NOT NULL UNIQUE COLLATE NOCASE, role TEXT NOT NULL,"
    " password_hash TEXT NOT NULL, created_at TEXT NOT NULL, disabled INTEGER NOT NULL)",
    "CREATE TABLE refresh_tokens (token_hash TEXT PRIMARY KEY, family TEXT NOT NULL,"
    " user_id TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL NOT NULL,"
    " used_at REAL, revoked INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family)",
    "CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id)",
    "CREATE TABLE logs (environment_id TEXT PRIMARY KEY, epoch TEXT NOT NULL,"
    " next_seq INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID",
    # A row is what was committed at once, many lines under load: a row per line would cost a
    # statement per line, and each statement gives up the interpreter's lock and waits for it.
    "CREATE TABLE log_chunks (id INTEGER PRIMARY KEY, environment_id TEXT NOT NULL,"
    " first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,"
    " first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, lines BLOB NOT NULL)",
    "CREATE UNIQUE INDEX log_chunks_by_seq ON log_chunks (environment_id, first_seq)",
    "CREATE INDEX log_chunks_by_time ON log_chunks (environment_id, last_time)",
    "CREATE TABLE capture_positions (run TEXT NOT NULL, stream TEXT NOT NULL,"
    " environment_id TEXT NOT NULL, position INTEGER NOT NULL, cut INTEGER NOT NULL,"
    " PRIMARY KEY (run, stream)) WITHOUT ROWID",
)

_COUNTED_POSITIONS = ("ALTER TABLE capture_positions ADD COLUMN nth INTEGER NOT NULL DEFAULT 0",)

_SCREENS = (
    # Compressed with zlib: a screen with its scrollback is mostly blanks and repetition.
    "CREATE TABLE screens (session_id TEXT PRIMARY KEY, seq INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, columns INTEGER NOT NULL, redraw BLOB NOT NULL)",
)

_TOKENS_SINCE = ("ALTER TABLE users ADD COLUMN tokens_since REAL NOT NULL DEFAULT 0",)

_BLOCKS: tuple[str, ...] = ()
"""From here on a chunk's lines are blocks, see `LogBlock`; older ones are read as they are."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    _FIRST_RELEASE,
    _COUNTED_POSITIONS,
    _SCREENS,
    _TOKENS_SINCE,
    _BLOCKS,
)
"""The statements of each migration, in the order of the releases."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring the file to the present schema, each step whole or not at all.

    Raises:
        StoreError: it was written by a newer version than this one.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"the store has schema {version}, this version knows {len(MIGRATIONS)}: "
            "it was written by a newer VibeBox, upgrade this one"
        )
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        _apply(db, number, statements)


def _apply(db: sqlite3.Connection, number: int, statements: tuple[str, ...]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
