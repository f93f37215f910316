"""What a server can be told: addresses, files, secrets, limits."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from vibebox_tui import paths
from vibebox_tui.errors import UsageError
from vibebox_tui.server.records import Retention

DEFAULT_PORT: Final = 3000
"""The guide's port."""

DEFAULT_BASE_PATH: Final = "/api/v1"
"""The guide's base path."""

MIN_SECRET_BYTES: Final = 32
"""A shorter HS256 key can be guessed (RFC 7518, section 3.2)."""


class Secret:
    """A string that no log and no traceback shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """Which tokens are believed; algorithms never come from the token itself.

    With `public_key` (PEM) or `jwks_url` another party's RS256, ES256 or EdDSA tokens are
    believed beside our own HS256 ones.
    """

    public_key: str | None = None
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    issuer: str | None = None
    audience: str | None = None
    access_seconds: float = 15 * 60
    refresh_seconds: float = 7 * 24 * 3600
    reuse_grace_seconds: float = 30
    leeway_seconds: float = 30


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Rates and counts (protocol.md, "Settled")."""

    messages_per_second: float = 1000
    message_burst: int = 2000
    invalid_messages_in_a_row: int = 100
    connections_per_user: int = 100
    log_connections_per_environment: int = 50
    replacement_seconds: float = 30
    logins_per_minute: int = 10
    input_pending_bytes: int = 1024 * 1024
    unauthenticated_connections: int = 1024
    """Connections of which it isn't known yet whose they are; beyond it the oldest are closed."""

    request_seconds: float = 20
    """Time for a request or a handshake to arrive in, whole."""

    authentication_seconds: float = 15
    """Time to verify a token in; another issuer's keys may have to be fetched first."""


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """How containers are treated.

    `show`: which running containers that aren't ours are environments too (`labelled`: those
    with the label `vibebox.adopt`); they may only be watched unless `may_change`. `host` is where
    the engine is; None: `DOCKER_HOST`, else the usual sockets. `mount_paths`: which directories
    of this machine containers may be given, with what is in them (None: any); by admins only
    unless `mounts_by` says otherwise.
    """

    show: Literal["all", "labelled", "none"] = "none"
    may_change: bool = False
    host: str | None = None
    mount_paths: tuple[Path, ...] | None = None
    mounts_by: Literal["admins", "developers"] = "admins"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything a server can be told; the defaults are those of the user's own local server.

    It listens on `uds` where that is set, else on `host`:`port` (0: any free port).
    """

    data_directory: Path = field(default_factory=paths.data_directory)
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    uds: Path | None = None
    certfile: Path | None = None
    keyfile: Path | None = None
    base_path: str = DEFAULT_BASE_PATH
    secret: Secret | None = None
    origins: tuple[str, ...] = ()
    jwt: JwtSettings = field(default_factory=JwtSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    retention: Retention = field(default_factory=Retention)
    docker: DockerSettings = field(default_factory=DockerSettings)
    runtimes: tuple[str, ...] = ("local", "docker")
    """What environments may be: processes of this machine, which may do all that the server
    may, or containers."""

    ping_seconds: float = 30
    stop_seconds: float = 10
    stop_environments: bool = False
    """Whether what runs is stopped with the server; else it goes on and is found again."""

    def __post_init__(self) -> None:
        _check_base_path(self.base_path)
        _check_certificate(self.certfile, self.keyfile)
        if self.secret is not None and len(self.secret.reveal().encode()) < MIN_SECRET_BYTES:
            raise UsageError(f"the secret must have at least {MIN_SECRET_BYTES} bytes")
        if self.uds is None and not is_loopback(self.host) and not self._has_own_trust:
            raise UsageError(
                f"listening on {self.host} needs a secret of your own:"
                " set VIBEBOX_SECRET or give --secret"
            )

    @property
    def _has_own_trust(self) -> bool:
        return self.secret is not None


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_base_path(base_path: str) -> None:
    if base_path and (not base_path.startswith("/") or base_path.endswith("/")):
        raise UsageError(f"the base path {base_path!r} must begin with / and not end with it")


def _check_certificate(certfile: Path | None, keyfile: Path | None) -> None:
    if (certfile is None) != (keyfile is None):
        raise UsageError("a certificate and its key go together: give --certfile and --keyfile")
