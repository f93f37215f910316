"""The store: what the server knows after a restart."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec

from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.protocol.models import Environment, Session
from vibebox_tui.server import account_store, log_query, log_store, screen_store
from vibebox_tui.server.database import Database
from vibebox_tui.server.errors import StoreError
from vibebox_tui.server.log_block import LogBlock, LogSpan
from vibebox_tui.server.log_query import LogQuery
from vibebox_tui.server.records import (
    CapturePosition,
    LogBounds,
    RefreshTokenRecord,
    Retention,
    TerminalSnapshot,
    UserRecord,
)
from vibebox_tui.server.times import now_ms

_TRIM_INTERVAL: Final = 60.0
"""Seconds between two looks for logs that are too old or too many in all."""

_log = logging.getLogger(__name__)


class Store:
    """Environments, sessions, users, refresh tokens and logs in one SQLite file.

    Everything that writes is done by one thread, many at a time in one transaction; a call
    returns after its commit. Reads see every commit that was answered before them.

    Raises:
        StoreError: from every method, when the database refuses.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention
        self._trimming: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path, retention: Retention | None = None) -> Self:
        """Open or create the store at `path` (0600), migrating an older one.

        Raises:
            StoreError: a newer version wrote it, or it can't be read.
        """
        return cls(await Database.open(path), retention or Retention())

    async def open_logs(self) -> None:
        """Begin to keep logs, and to delete what retention doesn't want; for the server alone."""
        boot_id = log_store.boot_id()
        await self._database.write(lambda db: log_store.begin(db, boot_id))
        self._trimming = asyncio.create_task(self._trim(), name="log retention")

    async def close(self) -> None:
        """Finish what was asked for, then close the file."""
        if self._trimming is not None:
            self._trimming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._trimming
            self._trimming = None
            await self._database.write(log_store.finish)
        await self._database.close()

    # --- environments and sessions

    async def environments(self) -> list[Environment]:
        """All environments, oldest first."""
        rows = await self._database.read(
            lambda db: db.execute("SELECT document FROM environments ORDER BY number").fetchall()
        )
        return [msgspec.json.decode(document, type=Environment) for (document,) in rows]

    async def save_environment(self, environment: Environment) -> None:
        """Add the environment, or replace what was there under its id."""
        row = (environment.id, msgspec.json.encode(environment))
        await self._database.write(
            lambda db: db.execute(
                "INSERT INTO environments (id, document) VALUES (?, ?)"
                " ON CONFLICT (id) DO UPDATE SET document = excluded.document",
                row,
            )
        )

    async def delete_environment(self, environment_id: str) -> None:
        """Forget the environment with its sessions and its log."""

        def delete(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM environments WHERE id = ?", (environment_id,))
            db.execute(
                "DELETE FROM screens WHERE session_id IN"
                " (SELECT id FROM sessions WHERE environment_id = ?)",
                (environment_id,),
            )
            db.execute("DELETE FROM sessions WHERE environment_id = ?", (environment_id,))

        await self._database.write(delete)
        # In steps, so that the captures of others get their turn in between.
        while await self._database.write(lambda db: log_store.forget(db, environment_id)):
            pass

    async def sessions(self) -> list[Session]:
        """All sessions, oldest first."""
        rows = await self._database.read(
            lambda db: db.execute("SELECT document FROM sessions ORDER BY number").fetchall()
        )
        return [msgspec.json.decode(document, type=Session) for (document,) in rows]

    async def save_session(self, session: Session) -> None:
        """Add the session, or replace what was there under its id."""
        row = (session.id, session.environment_id, msgspec.json.encode(session))
        await self._database.write(
            lambda db: db.execute(
                "INSERT INTO sessions (id, environment_id, document) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET document = excluded.document",
                row,
            )
        )

    async def delete_session(self, session_id: str) -> None:
        """Forget the session and its screen."""

        def delete(db: sqlite3.Connection) -> None:
            screen_store.forget(db, session_id)
            db.execute("DELETE FROM sessions WHERE id = ?", (session_id,))

        await self._database.write(delete)

    async def save_screen(self, session_id: str, snapshot: TerminalSnapshot) -> None:
        """Keep the screen of a session in place of the one before."""
        await self._database.write(lambda db: screen_store.save(db, session_id, snapshot))

    async def screen(self, session_id: str) -> TerminalSnapshot | None:
        """The screen of a session as it was saved last."""
        return await self._database.read(lambda db: screen_store.load(db, session_id))

    async def forget_screen(self, session_id: str) -> None:
        """Delete the screen of a session that has ended."""
        await self._database.write(lambda db: screen_store.forget(db, session_id))

    # --- how it is

    async def is_ready(self) -> bool:
        """Whether it answers, and the last commit worked."""
        try:
            await self._database.write(lambda _: None)
        except StoreError:
            return False
        return not self._database.is_failing

    # --- users and refresh tokens

    async def users(self) -> list[UserRecord]:
        """All users, oldest first."""
        return await self._database.read(account_store.users)

    async def user(self, user_id: str) -> UserRecord | None:
        """The user with this id."""
        return await self._database.read(lambda db: account_store.user(db, user_id))

    async def user_by_email(self, email: str) -> UserRecord | None:
        """The user with this address, whatever its case."""
        return await self._database.read(lambda db: account_store.user_by_email(db, email))

    async def save_user(self, user: UserRecord) -> None:
        """Add the user, or replace what was there under its id.

        Raises:
            ConflictError: another user has this address.
        """
        await self._database.write(lambda db: account_store.save_user(db, user))

    async def change_user(self, user_id: str, changes: Mapping[str, object]) -> UserRecord:
        """Change fields of the user, and return what it is then.

        Raises:
            UserNotFoundError: there is none.
            ConflictError: no admin would be left.
        """
        return await self._database.write(
            lambda db: account_store.change_user(db, user_id, changes)
        )

    async def delete_user(self, user_id: str) -> None:
        """Forget the user and all of its refresh tokens.

        Raises:
            UserNotFoundError: there is none.
            ConflictError: no admin would be left.
        """
        await self._database.write(lambda db: account_store.delete_unless_last(db, user_id))

    async def refresh_token(self, token_hash: str) -> RefreshTokenRecord | None:
        """The refresh token with this hash, also when it was used, revoked or has expired."""
        return await self._database.read(lambda db: account_store.token(db, token_hash))

    async def save_refresh_token(self, token: RefreshTokenRecord) -> None:
        """Add the token, or replace what was there under its hash."""
        await self._database.write(lambda db: account_store.save_token(db, token))

    async def revoke_family(self, family: str) -> None:
        """Revoke every token that descends from one log-in."""
        await self._database.write(lambda db: account_store.revoke_family(db, family))

    async def revoke_user_tokens(self, user_id: str) -> None:
        """Revoke every refresh token of a user."""
        await self._database.write(lambda db: account_store.revoke_user(db, user_id))

    async def delete_expired_tokens(self, now: float) -> int:
        """Forget the tokens whose time was up before `now` (epoch seconds); how many."""
        return await self._database.write(lambda db: account_store.delete_expired(db, now))

    # --- logs

    async def append_logs(
        self,
        environment_id: str,
        blocks: Sequence[LogBlock],
        *positions: CapturePosition,
    ) -> LogSpan:
        """Commit lines and return them numbered; `positions` are kept in the same commit."""
        return await self._database.write(
            lambda db: log_store.append(db, environment_id, blocks, positions, self._retention)
        )

    async def capture_positions(self, run: str) -> list[CapturePosition]:
        """How far each stream of a run has been captured."""
        return await self._database.read(lambda db: log_store.positions(db, run))

    async def read_logs(
        self,
        environment_id: str,
        *,
        after_seq: int | None = None,
        before_seq: int | None = None,
        since: int | None = None,
        until: int | None = None,
        stream: StreamFilter = "all",
        search: str | None = None,
        limit: int = 1000,
    ) -> list[LogEntry]:
        """At most `limit` entries that match, oldest first.

        With `after_seq` (exclusive) or `since` (epoch milliseconds, inclusive) they are the first
        ones from there; otherwise the last ones, up to `before_seq` or `until` (both exclusive).
        `search` is a text that the message contains, whatever its case.
        """
        query = LogQuery(environment_id, after_seq, before_seq, since, until, stream, search, limit)
        return await self._database.read(lambda db: log_query.read(db, query))

    async def read_span(self, environment_id: str, start: int, end: int) -> LogSpan:
        """The lines from `start` up to `end`, exclusive, as they are kept.

        It begins later where retention has deleted the first of them, and at `end` or at the end
        of the log where it has deleted all.
        """
        return await self._database.read(
            lambda db: log_query.read_span(db, environment_id, start, end)
        )

    async def log_page(self, query: LogQuery) -> tuple[list[LogEntry], LogBounds]:
        """What `read_logs` would return, with the bounds of the log at that very moment."""
        entries, known = await self._database.read(
            lambda db: (
                log_query.read(db, query) if query.limit > 0 else [],
                log_query.known_bounds(db, query.environment_id),
            )
        )
        return entries, known or await self.log_bounds(query.environment_id)

    async def log_bounds(self, environment_id: str) -> LogBounds:
        """What is kept of the log, what number comes next, and the epoch of its numbers."""
        known = await self._database.read(lambda db: log_query.known_bounds(db, environment_id))
        if known is not None:
            return known
        return await self._database.write(lambda db: log_store.bounds(db, environment_id))

    async def _trim(self) -> None:
        """Keep the logs within their age and their size in all, a few chunks at a time."""
        while True:
            try:
                while await self._database.write(
                    lambda db: log_store.trim(db, self._retention, now_ms())
                ):
                    pass
            except StoreError as error:
                _log.error("old logs could not be deleted: %s", error)
            await asyncio.sleep(_TRIM_INTERVAL)
