"""Where a server is: a URL, a Unix socket or a host to log in to, and a base path."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from vibebox_tui.errors import UsageError

DEFAULT_BASE_PATH: Final = "/api/v1"
"""Where the API begins when an address names no path (guide, "Base URL")."""

_SCHEMES: Final = {"http": False, "ws": False, "https": True, "wss": True}
"""URL schemes that an address may have, and whether each means TLS."""


_SSH_PLACE: Final = re.compile(
    r"(?P<target>(?:[\w.+-]+@)?\w[\w.-]*|\[[\da-fA-F:]+\])(?::(?P<port>\d+))?"
)
"""A host as `ssh` takes it, which can't be taken for one of its options."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server: `host` and `port`, or `socket`; `secure` means TLS; `base_path` has no end slash.

    Over a Unix socket `host` is only what the `Host` header says. With `ssh` the server is the one
    of that user on that host, as `ssh` names them, and `port` is SSH's (0: as is configured).
    `name` is what it is called where that isn't what the others say.
    """

    host: str
    port: int
    secure: bool = False
    base_path: str = DEFAULT_BASE_PATH
    socket: Path | None = None
    ssh: str = ""
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `http(s)://`, `ws(s)://` with or without a base path, `unix:/path`, `host:port`,
        `ssh://user@host`.

        Raises:
            UsageError: it is none of these.
        """
        if text.startswith("unix:"):
            return cls._of_socket(text)
        if text.startswith("ssh://"):
            return cls._of_ssh(text)
        return cls._of_url(text if "://" in text else f"http://{text}")

    def rest_url(self, path: str) -> str:
        """The URL of a REST route; `path` begins with a slash."""
        return f"{'https' if self.secure else 'http'}://{self._authority}{self.base_path}{path}"

    def websocket_url(self, endpoint: str) -> str:
        """The URL of a WebSocket endpoint: `logs`, `terminal` or `status`."""
        scheme = "wss" if self.secure else "ws"
        return f"{scheme}://{self._authority}{self.base_path}/ws/{endpoint}"

    def __str__(self) -> str:
        if self.name:
            return self.name
        if self.ssh:
            return f"ssh://{self.ssh}" + (f":{self.port}" if self.port else "")
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
    def _of_ssh(cls, text: str) -> Self:
        """An alias of the user's SSH configuration stays as it is written."""
        place = text.removeprefix("ssh://").rstrip("/")
        found = _SSH_PLACE.fullmatch(place)
        if found is None:
            raise UsageError(f"{text!r} is no server address: give ssh://user@host or ssh://host")
        return cls("localhost", int(found["port"] or 0), ssh=found["target"])

    @classmethod
    def _of_url(cls, text: str) -> Self:
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(f"{text!r} is no server address: {error}") from error
        if parts.scheme not in _SCHEMES or not host:
            raise UsageError(
                f"{text!r} is no server address: give http://host:port, https://host, unix:/path"
                " or ssh://user@host"
            )
        if parts.username or parts.query or parts.fragment:
            raise UsageError(
                f"the server address for {host} may have no user, query or fragment;"
                " give a token with --token or VIBEBOX_TOKEN"
            )
        secure = _SCHEMES[parts.scheme]
        base_path = parts.path.rstrip("/").removesuffix("/ws") or DEFAULT_BASE_PATH
        return cls(host, port or (443 if secure else 80), secure, base_path)
