"""What a user can set about connections; times are in seconds."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

SOCKS_MISSING: Final = (
    "a SOCKS proxy needs two more packages; install them with: pip install 'vibebox-tui[socks]'"
)
"""What is said where a proxy asks for an optional dependency that isn't there."""


class PendingInput(StrEnum):
    """Whether what was typed while disconnected is sent once the link is back."""

    ALWAYS = "always"
    ASK = "ask"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Time-outs, attempts, TLS and proxy of one server's connections."""

    open_timeout: float = 10.0
    """Until a connection is open, TLS and the WebSocket handshake included."""
    request_timeout: float = 15.0
    """Until a REST request is answered."""
    close_timeout: float = 1.0
    """Until a close is answered; then the connection is cut."""
    ping_interval: float = 10.0
    """Between two pings."""
    stale_after: float = 15.0
    """Unanswered for so long, a link is shown as stale."""
    drop_after: float = 27.0
    """Unanswered for so long, a link is dropped; after the back-off another stands within 30 s."""
    max_attempts: int = 10
    """Failures in a row after which there is only one try a minute."""
    pending_input: PendingInput = PendingInput.ASK
    """What happens with input typed while disconnected."""
    ca_file: Path | None = None
    """PEM file of the certificate authorities to trust in place of the system's."""
    client_certificate: Path | None = None
    """PEM file with the certificate to show to the server, and its key unless `client_key`."""
    client_key: Path | None = None
    """PEM file of that certificate's key."""
    proxy: str | None = None
    """URL of an HTTP or SOCKS proxy; None takes HTTPS_PROXY, ALL_PROXY and NO_PROXY as set."""
