"""Where files are: one function for each kind, by the platform's own rules (platformdirs).

Nothing is created here but by `private_directory`.
"""

import os
import tempfile
from pathlib import Path

import platformdirs

_APP = "vibebox"


def config_file() -> Path:
    """The user's configuration file, or what `VIBEBOX_CONFIG` names."""
    if named := os.environ.get("VIBEBOX_CONFIG"):
        return Path(named)
    return platformdirs.user_config_path(_APP) / "config.toml"


def state_directory() -> Path:
    """Where the dashboard keeps its log file, histories and refresh tokens."""
    return platformdirs.user_state_path(_APP)


def recordings_directory() -> Path:
    """Where the dashboard puts recordings of terminals."""
    return state_directory() / "recordings"


def data_directory() -> Path:
    """Where the user's own server keeps its store."""
    return platformdirs.user_data_path(_APP)


def runtime_directory() -> Path:
    """Where the user's own server has its socket; a path short enough for one (108 bytes)."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir():
        return Path(base) / _APP
    return Path(tempfile.gettempdir()) / f"{_APP}-{os.getuid()}"


def server_socket() -> Path:
    """The Unix socket of the user's own server, or what `VIBEBOX_SOCKET` names."""
    if named := os.environ.get("VIBEBOX_SOCKET"):
        return Path(named)
    return runtime_directory() / "server.sock"


def credential_file(socket: Path) -> Path:
    """The credential (0600) that the server listening on `socket` writes beside it."""
    return socket.with_suffix(".credential")


def private_directory(path: Path) -> Path:
    """Create `path` for its owner alone (0700) where it is missing, and return it.

    Raises:
        PermissionError: it belongs to somebody else, who could then read what is put there.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user: run this as that one")
    return path


def styles_directory() -> Path:
    """The TCSS files: beside the package in a checkout, inside of it in an installed wheel."""
    package = Path(__file__).parent
    beside = package.parent / "styles"
    return beside if (beside / "tokens.tcss").is_file() else package / "styles"
