"""What the store keeps that no representation of the protocol is."""

from typing import NamedTuple

import msgspec

from vibebox_tui.protocol.messages import Stream
from vibebox_tui.protocol.models import Role, User


class UserRecord(msgspec.Struct, frozen=True):
    """A user with the hash of the password (argon2id, as its library encodes it)."""

    id: str
    email: str
    role: Role
    password_hash: str
    created_at: str
    disabled: bool = False
    tokens_since: float = 0.0
    """Access tokens issued before are no good; seconds since the epoch."""

    def representation(self) -> User:
        """The user as a client may see it."""
        return User(id=self.id, email=self.email, role=self.role, created_at=self.created_at)

    def __repr__(self) -> str:
        return f"UserRecord(id={self.id!r}, email={self.email!r}, role={self.role!r})"


class RefreshTokenRecord(msgspec.Struct, frozen=True):
    """One refresh token, known by its hash only; its family descends from one log-in.

    Times are seconds since the epoch; `used_at` is when it was exchanged for its successor.
    """

    token_hash: str
    family: str
    user_id: str
    created_at: float
    expires_at: float
    used_at: float | None = None
    revoked: bool = False


class LogLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A line of output on its way into the store; `time` is in milliseconds since the epoch."""

    time: int
    stream: Stream
    message: str


class LogBounds(NamedTuple):
    """What the store has of a log: the oldest number kept, the next to be given, and the epoch.

    `first_seq` is None while nothing is kept; the epoch changes when the log lost its end.
    """

    first_seq: int | None
    next_seq: int
    epoch: str


class TerminalSnapshot(NamedTuple):
    """What redraws a session's screen elsewhere: `redraw` stands for all output up to `seq`."""

    redraw: bytes
    seq: int
    rows: int
    columns: int


class CapturePosition(NamedTuple):
    """How far the output of one stream of one run has been made into committed lines.

    `run` names the run, `position` is the runtime's own measure, that of bytes or of time, and
    `nth` how many at that very position it were, where it can be several; `cut` says that the
    line which goes on there has been cut, so that what is left of it belongs to nothing.
    """

    run: str
    stream: Stream
    position: int
    cut: bool = False
    nth: int = 0


class Retention(msgspec.Struct, frozen=True):
    """How much of the logs is kept, oldest deleted first."""

    max_age: float = 7 * 24 * 3600.0
    """Seconds (protocol: 7 days)."""

    max_environment_bytes: int = 512 * 1024 * 1024
    """Bytes per environment (protocol: 512 MiB)."""

    max_total_bytes: int = 4 * 1024 * 1024 * 1024
    """Bytes of all environments together (protocol: 4 GiB)."""
