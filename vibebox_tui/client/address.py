"""Where a server is: a URL or a Unix socket, and a base path."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from vibebox_tui.errors import UsageError

DEFAULT_BASE_PATH: Final = "/api/v1"
"""Where the API begins when an address names no path (guide, "Base URL")."""

_SCHEMES: Final = {"http": False, "ws": False, "https": True, "wss": True}
"""URL schemes that an address may have, and whether each means TLS."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server: `host` and `port`, or `socket`; `secure` means TLS; `base_path` has no end slash.

    Over a Unix socket `host` is only what the `Host` header says.
    """

    host: str
    port: int
    secure: bool = False
    base_path: str = DEFAULT_BASE_PATH
    socket: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `http(s)://`, `ws(s)://` with or without a base path, `unix:/path`, `host:port`.

        Raises:
            UsageError: it is none of these.
        """
        if text.startswith("unix:"):
            return cls._of_socket(text)
        return cls._of_url(text if "://" in text else f"http://{text}")

    def rest_url(self, path: str) -> str:
        """The URL of a REST route; `path` begins with a slash."""
        return f"{'https' if self.secure else 'http'}://{self._authority}{self.base_path}{path}"

    def websocket_url(self, endpoint: str) -> str:
        """The URL of a WebSocket endpoint: `logs`, `terminal` or `status`."""
        scheme = "wss" if self.secure else "ws"
        return f"{scheme}://{self._authority}{self.base_path}/ws/{endpoint}"

    def __str__(self) -> str:
        if self.socket is not None:
            return f"unix:{self.socket}"
        base_path = "" if self.base_path == DEFAULT_BASE_PATH else self.base_path
        return f"{'https' if self.secure else 'http'}://{self._authority}{base_path}"

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = self.port == (443 if self.secure else 80)
        return host if is_default else f"{host}:{self.port}"

    @classmethod
    def _of_socket(cls, text: str) -> Self:
        path = text.removeprefix("unix:").removeprefix("//")
        if not path.startswith(("/", "~")):
            raise UsageError(f"{text!r} is no server address: unix: needs an absolute path")
        return cls("localhost", 80, socket=Path(path).expanduser())

    @classmethod
    def _of_url(cls, text: str) -> Self:
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(f"{text!r} is no server address: {error}") from error
        if parts.scheme not in _SCHEMES or not host:
            raise UsageError(
                f"{text!r} is no server address: give http://host:port, https://host or unix:/path"
            )
        if parts.username or parts.query or parts.fragment:
            raise UsageError(
                f"the server address for {host} may have no user, query or fragment;"
                " give a token with --token or VIBEBOX_TOKEN"
            )
        secure = _SCHEMES[parts.scheme]
        base_path = parts.path.rstrip("/").removesuffix("/ws") or DEFAULT_BASE_PATH
        return cls(host, port or (443 if secure else 80), secure, base_path)
