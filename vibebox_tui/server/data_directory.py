"""The directory that a server has for itself: a lock, its secret, its store."""

import errno
import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

from vibebox_tui.paths import private_directory
from vibebox_tui.server.errors import ServerError
from vibebox_tui.server.settings import Secret


class DataDirectoryError(ServerError):
    """The data directory can't be used."""


class DataDirectory:
    """A directory for one server at a time, readable by its owner alone (0700)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[bytes] | None = None

    @property
    def store(self) -> Path:
        """Where the store is."""
        return self.path / "vibebox.db"

    def take(self) -> None:
        """Create the directory where it is missing, and lock it.

        Raises DataDirectoryError: it can't be written to, or another server has it.
        """
        self.create()
        try:
            self._lock = (self.path / "server.lock").open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            if error.errno in (errno.EAGAIN, errno.EACCES) and isinstance(error, BlockingIOError):
                raise DataDirectoryError(
                    f"another server uses the data directory {self.path} already"
                ) from error
            raise self._unusable(error) from error

    def create(self) -> None:
        """Create the directory where it is missing. Raises DataDirectoryError."""
        try:
            private_directory(self.path).chmod(0o700)
        except OSError as error:
            raise self._unusable(error) from error

    def release(self) -> None:
        """Let another server have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def secret(self) -> Secret:
        """The secret that tokens are signed with, made at first use (0600)."""
        path = self.path / "secret"
        try:
            if not path.exists():
                write_private(path, secrets.token_urlsafe(48))
            return Secret(path.read_text(encoding="ascii").strip())
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> DataDirectoryError:
        reason = error.strerror or str(error)
        return DataDirectoryError(f"the data directory {self.path} can't be used: {reason}")


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, at once as a whole."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    partial.replace(path)
