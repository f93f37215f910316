"""One SQLite file: a thread that writes, many operations in one commit, and some that read."""

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

from vibebox_tui.server.errors import StoreError
from vibebox_tui.server.schema import migrate

_T = TypeVar("_T")
Operation = Callable[[sqlite3.Connection], _T]
"""What is done in a transaction; runs in one of the database's threads."""

_GROUP: Final = 256
"""Operations in one commit at most: bounds what a failing commit takes with it."""

_READERS: Final = 2
"""Threads that read: a long search leaves one for everything else."""

_BUSY_TIMEOUT: Final = 10.0
"""Seconds to wait for another process (a backup, somebody's sqlite3) to let go of the file."""

_log = logging.getLogger(__name__)


class Database:
    """Runs operations on a SQLite file in WAL mode, off the event loop.

    A write returns after its commit. An operation that fails takes back what it did itself and
    nothing else. How many may wait is bounded by the callers, each of which waits for its own.

    Raises:
        StoreError: from `open`, `read` and `write`, when SQLite refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = asyncio.get_running_loop()
        self._requests: queue.SimpleQueue[_Request[Any] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._local = threading.local()
        self._reading: list[sqlite3.Connection] = []
        self._closing = False
        self.is_failing = False
        """Whether the last commit failed: the disk is full, or the file is gone."""

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the file, or create it for its owner alone, with the present schema."""
        await asyncio.to_thread(_prepare, path)
        database = cls(path)
        database._writer.start()
        return database

    async def write(self, operation: Operation[_T]) -> _T:
        """Run `operation` in a transaction, and return what it returned once that is committed."""
        if self._closing:
            raise StoreError("the store is closed")
        request = _Request(operation, self._loop.create_future())
        self._requests.put(request)
        result: _T = await request.done
        return result

    async def read(self, operation: Operation[_T]) -> _T:
        """Run `operation`, which only reads, in one snapshot, and return what it returned."""
        if self._closing:
            raise StoreError("the store is closed")
        return await self._loop.run_in_executor(self._readers, self._read, operation)

    async def close(self) -> None:
        """Finish what was asked for, then close the file; once is enough."""
        if self._closing:
            return
        self._closing = True
        self._requests.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._reading:
            connection.close()

    # --- in the reading threads

    def _read(self, operation: Operation[_T]) -> _T:
        try:
            connection = self._reader()
            connection.execute("BEGIN")
            try:
                return operation(connection)
            finally:
                _roll_back(connection)
        except sqlite3.Error as error:
            raise _refusal(self.path, error) from error

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self.path)
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
            self._reading.append(connection)
        return connection

    # --- in the writing thread

    def _write(self) -> None:
        connection = _connect(self.path)
        try:
            while (group := self._next_group()) is not None:
                self._run(connection, group)
        finally:
            connection.close()

    def _next_group(self) -> "list[_Request[Any]] | None":
        """Wait for a request and take what else has gathered; None at the end."""
        first = self._requests.get()
        if first is None:
            return None
        group = [first]
        with contextlib.suppress(queue.Empty):
            while len(group) < _GROUP:
                request = self._requests.get_nowait()
                if request is None:
                    self._requests.put(None)
                    break
                group.append(request)
        return group

    def _run(self, connection: sqlite3.Connection, group: "list[_Request[Any]]") -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for request in group:
                request.run(connection)
            connection.execute("COMMIT")
            self.is_failing = False
        except sqlite3.Error as error:
            _log.error("a commit to %s failed: %s", self.path, error)
            self.is_failing = True
            _roll_back(connection)
            for request in group:
                request.fail(_refusal(self.path, error))
        self._answer(group)

    def _answer(self, group: "list[_Request[Any]]") -> None:
        def answer() -> None:
            for request in group:
                request.answer()

        # A loop that has been closed has nobody who waits.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(answer)


class _Request(Generic[_T]):
    """An operation on its way through the writing thread, and who waits for it."""

    __slots__ = ("_error", "_operation", "_result", "done")

    def __init__(self, operation: Operation[_T], done: asyncio.Future[_T]) -> None:
        self.done = done
        self._operation = operation
        self._result: _T | None = None
        self._error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Run the operation; its failure is its own, an error of the file the whole group's."""
        connection.execute("SAVEPOINT operation")
        try:
            self._result = self._operation(connection)
        except Exception as error:  # whatever it is, who asked is told, and the thread goes on
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                raise
            self._error = error
            connection.execute("ROLLBACK TO operation")
        connection.execute("RELEASE operation")

    def fail(self, error: Exception) -> None:
        """Say that nothing of it was committed."""
        self._error = error

    def answer(self) -> None:
        """Hand the result to who waits, on the event loop."""
        if self.done.done():
            return
        if self._error is not None:
            self.done.set_exception(self._error)
        else:
            self.done.set_result(self._result)  # type: ignore[arg-type]


def _prepare(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with contextlib.closing(_connect(path)) as connection:
            migrate(connection)
    except (sqlite3.Error, OSError) as error:
        raise _refusal(path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    # A crash of the machine may take the last commits, never the file's soundness; the logs'
    # epoch then tells that numbers were lost (see LogStore.begin).
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _refusal(path: Path, error: Exception) -> StoreError:
    return StoreError(f"the store {path} refused: {error}; look at its disk and its permissions")
