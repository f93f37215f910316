"""The REST representations: what a request may say and what an answer contains.

As in the messages, names are snake_case here and camelCase on the wire; times are ISO 8601 in
UTC; unknown fields of an answer are ignored, unknown fields of a request are refused.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from vibebox_tui.protocol.messages import LogEntry

Role = Literal["viewer", "developer", "admin"]
SessionType = Literal["shell", "tmux"]
SessionStatus = Literal["starting", "active", "idle", "terminated"]

Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=100,
        # No control characters, no ends of lines, nothing that turns the direction of writing.
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+\Z",
    ),
]
"""A name that can stand in any line, and says there what it is."""
RuntimeName = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
"""Which there are is the server's to say: `local` and `docker`, or more."""
T = TypeVar("T")


class Model(msgspec.Struct, rename="camel"):
    """A representation that a server sends."""


class Request(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A body that a client sends."""


# --- errors and pages ----------------------------------------------------------------------


class Problem(Model):
    """The body of every answer that is no success; `error` is the kind, `message` a sentence."""

    error: str
    message: str
    details: dict[str, Any] = msgspec.field(default_factory=dict)


class Pagination(Model):
    """Which part of a list this is; pages count from 1."""

    page: int
    limit: int
    total: int
    total_pages: int


class Page(Model, Generic[T]):
    """One page of a list."""

    data: list[T]
    pagination: Pagination


# --- authentication and users --------------------------------------------------------------

LONGEST_EMAIL = 254
"""Characters of an address (RFC 5321, section 4.5.3.1)."""

LONGEST_PASSWORD = 1024
"""Characters; no limit to whoever means well."""

SHORTEST_PASSWORD = 8
"""Characters (NIST SP 800-63B, section 5.1.1.2)."""

NewPassword = Annotated[
    str, msgspec.Meta(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)
]


class LoginRequest(Request):
    """Ask for tokens by password."""

    email: Annotated[str, msgspec.Meta(max_length=LONGEST_EMAIL)]
    password: Annotated[str, msgspec.Meta(max_length=LONGEST_PASSWORD)]

    def __repr__(self) -> str:
        return f"LoginRequest(email={self.email!r}, password=…)"


class RefreshRequest(Request):
    """Exchange a refresh token for new tokens, or give it up; None where a cookie carries it."""

    refresh_token: str | None = None

    def __repr__(self) -> str:
        return "RefreshRequest(refresh_token=…)"


class User(Model):
    """Who may use the server, and as what."""

    id: str
    email: str
    role: Role
    created_at: str


class Tokens(Model):
    """An access token (a JWT, 15 minutes) and a refresh token (7 days, rotated at use)."""

    access_token: str
    refresh_token: str
    user: User | None = None

    def __repr__(self) -> str:
        return f"Tokens(access_token=…, refresh_token=…, user={self.user!r})"


class CreateUserRequest(Request):
    """Add a user."""

    email: Annotated[
        str,
        msgspec.Meta(
            min_length=3,
            max_length=LONGEST_EMAIL,
            pattern=r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+\Z",
        ),
    ]
    password: NewPassword
    role: Role = "developer"

    def __repr__(self) -> str:
        return f"CreateUserRequest(email={self.email!r}, password=…, role={self.role!r})"


class UpdateUserRequest(Request, omit_defaults=True):
    """Change a user; what is None stays as it is."""

    password: NewPassword | None = None
    role: Role | None = None

    def __repr__(self) -> str:
        return f"UpdateUserRequest(password=…, role={self.role!r})"


# --- environments --------------------------------------------------------------------------


class Environment(Model):
    """A development environment.

    `cpu_limit` is in cores, `memory_limit` in MiB. A local one has `command`, one in a container
    `base_image`, and what only containers have in `container` under Docker's own names.
    `group` is what several belong to together, as a compose project's containers do; an
    `adopted` one was found running, and with `read_only` it may only be watched. `limits_note`
    says what of its limits the server can't hold.
    """

    id: str
    name: str
    slug: str = ""
    description: str = ""
    owner_id: str = ""
    shared: bool = False
    runtime: str = "local"
    command: list[str] = msgspec.field(default_factory=list)
    base_image: str | None = None
    working_directory: str | None = None
    environment_variables: dict[str, str] = msgspec.field(default_factory=dict)
    cpu_limit: float | None = None
    memory_limit: int | None = None
    status: str = "stopped"
    container_id: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    last_error: str | None = None
    container: dict[str, Any] | None = None
    group: str = ""
    adopted: bool = False
    read_only: bool = False
    limits_note: str | None = None


_Command = Annotated[list[str], msgspec.Meta(max_length=1000)]
_Cores = Annotated[float, msgspec.Meta(gt=0, le=1024)]
_Mebibytes = Annotated[int, msgspec.Meta(gt=0, le=16 * 1024 * 1024)]
_Text = Annotated[str, msgspec.Meta(max_length=2000)]


class CreateEnvironmentRequest(Request, omit_defaults=True):
    """Add an environment; a `local` one needs a `command`, a `docker` one a `base_image`."""

    name: Name
    description: _Text = ""
    shared: bool = False
    runtime: RuntimeName = "local"
    command: _Command = msgspec.field(default_factory=list)
    base_image: str | None = None
    working_directory: str | None = None
    environment_variables: dict[str, str] = msgspec.field(default_factory=dict)
    cpu_limit: _Cores | None = None
    memory_limit: _Mebibytes | None = None
    container: dict[str, Any] | None = None


class UpdateEnvironmentRequest(Request, omit_defaults=True):
    """Change an environment; what is None stays as it is, the rest holds from its next start."""

    name: Name | None = None
    description: _Text | None = None
    shared: bool | None = None
    command: _Command | None = None
    base_image: str | None = None
    working_directory: str | None = None
    environment_variables: dict[str, str] | None = None
    cpu_limit: _Cores | None = None
    memory_limit: _Mebibytes | None = None
    container: dict[str, Any] | None = None


class Sample(Model, omit_defaults=True):
    """CPU (percent of one core) and memory (MiB) at a time (milliseconds since the epoch)."""

    timestamp: int
    cpu_usage: float | None = None
    memory_usage: float | None = None


class EnvironmentStats(Model):
    """The newest CPU and memory with their limits and their recent course, oldest first.

    Network and block I/O are bytes since the start; None where they aren't measured.
    """

    environment_id: str
    cpu_usage: float | None
    memory_usage: float | None
    cpu_limit: float | None
    memory_limit: int | None
    history: list[Sample]
    network_received: int | None = None
    network_sent: int | None = None
    block_read: int | None = None
    block_written: int | None = None


class LogPage(Model):
    """Entries of an environment's log, oldest first.

    `first_seq` is the oldest that retention has kept, `next_seq` the number that the next line
    will get; both are None while there is none.
    """

    data: list[LogEntry]
    epoch: str
    first_seq: int | None
    next_seq: int


# --- terminal sessions ---------------------------------------------------------------------


class Session(Model):
    """A terminal session of an environment; `idle` has no client and nothing typed for 30 min."""

    id: str
    environment_id: str
    session_type: str = "shell"
    session_name: str = ""
    status: str = "active"
    pid: int | None = None
    created_at: str | None = None
    last_activity_at: str | None = None
    exit_code: int | None = None
    rows: int | None = None
    cols: int | None = None


class CreateSessionRequest(Request, omit_defaults=True):
    """Open a terminal session; the server picks a name where none is given."""

    session_type: SessionType = "shell"
    session_name: Name | None = None
    rows: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 24
    cols: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 80


class UpdateSessionRequest(Request):
    """Give a terminal session another name, unique in its environment."""

    session_name: Name


# --- the server itself ---------------------------------------------------------------------


class Health(Model):
    """Whether the server is up, and which it is.

    `live`: it answers, and need not be started anew; `ready`: it can do what it is for, else
    `reasons` says why not. `uptime` is in seconds.
    """

    status: str
    version: str = ""
    uptime: float = 0.0
    live: bool = True
    ready: bool = True
    reasons: list[str] = msgspec.field(default_factory=list)
