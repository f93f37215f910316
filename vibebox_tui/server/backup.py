"""Backup of a server's data while it runs, and back: one tar file with the store and the secret."""

import contextlib
import os
import sqlite3
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Final

from vibebox_tui.errors import UsageError
from vibebox_tui.server.data_directory import DataDirectory
from vibebox_tui.server.errors import StoreError
from vibebox_tui.server.log_store import renew_epochs
from vibebox_tui.server.schema import migrate

STORE: Final = "vibebox.db"
SECRET: Final = "secret"
"""Names in the file, as in the data directory."""

_PAGES: Final = 4096
"""Pages copied at a time, 16 MiB: between them a running server writes."""

_BUSY_SECONDS: Final = 30.0
"""Wait for a server that is writing."""


def back_up(directory: DataDirectory, file: Path) -> None:
    """Write a backup of `directory` to `file`, for its owner alone; the server may run.

    The store in it is as it was at one moment, whole. An existing file is replaced at the end.

    Raises:
        UsageError: there is no store to back up.
        StoreError: SQLite refused.
    """
    if not directory.store.is_file():
        raise UsageError(f"there is no store in {directory.path}: give --data-dir")
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".backup-") as name:
        copy, partial = Path(name) / STORE, Path(name) / "backup.tar"
        _copy(directory.store, copy)
        with _private(partial) as opened, tarfile.open(fileobj=opened, mode="w") as archive:
            archive.add(copy, STORE)
            if (secret := directory.path / SECRET).is_file():
                archive.add(secret, SECRET)
        partial.replace(file)


def restore(directory: DataDirectory, file: Path) -> None:
    """Put a backup into `directory`, in place of a store that is there; no server may run on it.

    Logs get new epochs: clients learn that the numbers they know may not be these lines'.

    Raises:
        DataDirectoryError: a server uses the directory.
        UsageError: the file is no backup.
        StoreError: the store in it is damaged, or from a newer version.
    """
    directory.take()
    try:
        with tempfile.TemporaryDirectory(dir=directory.path, prefix=".restore-") as name:
            unpacked = Path(name)
            _unpack(file, unpacked)
            _check(unpacked / STORE)
            for suffix in ("-wal", "-shm"):
                directory.store.with_name(f"{STORE}{suffix}").unlink(missing_ok=True)
            (unpacked / STORE).replace(directory.store)
            if (unpacked / SECRET).is_file():
                (unpacked / SECRET).replace(directory.path / SECRET)
    finally:
        directory.release()


# --- helpers -------------------------------------------------------------------------------


def _copy(store: Path, copy: Path) -> None:
    try:
        with (
            contextlib.closing(sqlite3.connect(store, timeout=_BUSY_SECONDS)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            # In one read transaction a server's writes go on, into its write-ahead log.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target, pages=_PAGES)
    except sqlite3.Error as error:
        raise StoreError(f"the store {store} can't be backed up: {error}") from error


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _unpack(file: Path, where: Path) -> None:
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                if member.name in (STORE, SECRET) and member.isfile():
                    _extract(archive, member, where / member.name)
    except (tarfile.TarError, EOFError) as error:
        raise UsageError(f"{file} is no backup: {error}") from error
    if not (where / STORE).is_file():
        raise UsageError(f"{file} is no backup: there is no store in it")


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = archive.extractfile(member)
    if source is None:
        raise UsageError(f"{member.name} in the backup can't be read")
    with source, _private(path) as target:
        while piece := source.read(1024 * 1024):
            target.write(piece)


def _check(store: Path) -> None:
    """See that the store is sound, bring it to the present schema, give its logs new epochs."""
    try:
        with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as db:
            sound = db.execute("PRAGMA quick_check").fetchone()[0]
            if sound != "ok":
                raise StoreError(f"the store in the backup is damaged: {sound}")
            migrate(db)
            renew_epochs(db)
    except sqlite3.Error as error:
        raise StoreError(f"the store in the backup is damaged: {error}") from error
