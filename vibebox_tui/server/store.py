"""The store: what the server knows after a restart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.protocol.models import Environment, Session
from vibebox_tui.server.records import (
    CapturePosition,
    LogBounds,
    LogLine,
    RefreshTokenRecord,
    Retention,
    UserRecord,
)


class Store:
    """Environments, sessions, users, refresh tokens and logs in one SQLite file.

    Everything that writes is done by one thread, many at a time in one transaction; a call
    returns after its commit. Reads see every commit that was answered before them.

    Raises:
        StoreError: from every method, when the database refuses.
    """

    @classmethod
    async def open(cls, path: Path, retention: Retention = Retention()) -> Self:
        """Open or create the store at `path` (0600), migrating an older one."""
        raise NotImplementedError

    async def close(self) -> None:
        """Finish what was asked for, then close the file."""
        raise NotImplementedError

    # --- environments and sessions

    async def environments(self) -> list[Environment]:
        """All environments, oldest first."""
        raise NotImplementedError

    async def save_environment(self, environment: Environment) -> None:
        """Add the environment, or replace what was there under its id."""
        raise NotImplementedError

    async def delete_environment(self, environment_id: str) -> None:
        """Forget the environment with its sessions and its log."""
        raise NotImplementedError

    async def sessions(self) -> list[Session]:
        """All sessions, oldest first."""
        raise NotImplementedError

    async def save_session(self, session: Session) -> None:
        """Add the session, or replace what was there under its id."""
        raise NotImplementedError

    async def delete_session(self, session_id: str) -> None:
        """Forget the session."""
        raise NotImplementedError

    # --- users and refresh tokens

    async def users(self) -> list[UserRecord]:
        """All users, oldest first."""
        raise NotImplementedError

    async def user(self, user_id: str) -> UserRecord | None:
        """The user with this id."""
        raise NotImplementedError

    async def user_by_email(self, email: str) -> UserRecord | None:
        """The user with this address, whatever its case."""
        raise NotImplementedError

    async def save_user(self, user: UserRecord) -> None:
        """Add the user, or replace what was there under its id.

        Raises:
            ConflictError: another user has this address.
        """
        raise NotImplementedError

    async def delete_user(self, user_id: str) -> None:
        """Forget the user and all of its refresh tokens."""
        raise NotImplementedError

    async def refresh_token(self, token_hash: str) -> RefreshTokenRecord | None:
        """The refresh token with this hash, also when it was used, revoked or has expired."""
        raise NotImplementedError

    async def save_refresh_token(self, token: RefreshTokenRecord) -> None:
        """Add the token, or replace what was there under its hash."""
        raise NotImplementedError

    async def revoke_family(self, family: str) -> None:
        """Revoke every token that descends from one log-in."""
        raise NotImplementedError

    async def revoke_user_tokens(self, user_id: str) -> None:
        """Revoke every refresh token of a user."""
        raise NotImplementedError

    async def delete_expired_tokens(self, now: float) -> int:
        """Forget the tokens whose time was up before `now` (epoch seconds); how many."""
        raise NotImplementedError

    # --- logs

    async def append_logs(
        self,
        environment_id: str,
        lines: Sequence[LogLine],
        position: CapturePosition | None = None,
    ) -> list[LogEntry]:
        """Commit `lines` and return them numbered; `position` is kept in the same commit."""
        raise NotImplementedError

    async def capture_positions(self, run: str) -> list[CapturePosition]:
        """How far each stream of a run has been captured."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def log_bounds(self, environment_id: str) -> LogBounds:
        """What is kept of the log, what number comes next, and the epoch of its numbers."""
        raise NotImplementedError
