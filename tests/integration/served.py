"""`vibebox serve` as a program on a Unix socket: started, killed, replaced by another version."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import psutil

from tests.support import wait_for_sync
from vibebox_tui.cli.server_process import ServerProcess, process_of, wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import TokenFile
from vibebox_tui.client.settings import ClientSettings, PendingInput
from vibebox_tui.paths import credential_file

PATIENCE: Final = 30.0
"""Seconds for a server to start or to end; generous, for a loaded machine."""

IMPATIENT: Final = ClientSettings(
    open_timeout=5.0, ping_interval=1.0, pending_input=PendingInput.ALWAYS
)
"""A client's settings with which a lost server is noticed soon."""


class Served:
    """One data directory and one socket, and the server that has them just now."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.socket = directory / "server.sock"
        self._log = directory / "server.log"
        self._process: ServerProcess | None = None

    def start(self, *options: str) -> None:
        """Start a server and wait until it answers."""
        where = ["--uds", str(self.socket), "--data-dir", str(self.data)]
        credential = credential_file(self.socket)
        self._process = ServerProcess(
            ["serve", *where, *options], self.socket, self._log, ready=credential
        )
        wait_for(self._process, PATIENCE)

    def kill(self) -> None:
        """SIGKILL: no farewell, nothing finished; its socket and its credential stay."""
        number = process_of(self.socket)
        assert number is not None
        os.kill(number, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """SIGTERM, and wait for the end; again is no error."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    @property
    def keeper(self) -> psutil.Process:
        """The keeper of this data directory."""
        socket = str(self.data / "keeper.sock")
        for process in psutil.process_iter(["cmdline", "ppid"]):
            command = process.info["cmdline"] or []
            # Its children that have not become a command yet have its command line.
            if socket in command and _parent_command(process) != command:
                return process
        raise AssertionError(f"there is no keeper at {socket}")

    def client(self) -> Client:
        """A client with the credential beside the socket."""
        return Client(
            ServerAddress.parse(f"unix:{self.socket}"),
            TokenFile(credential_file(self.socket)),
            settings=IMPATIENT,
        )

    def assert_store_is_sound(self) -> None:
        """Have SQLite look through all of the store."""
        with closing(sqlite3.connect(self.data / "vibebox.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    @property
    def said(self) -> str:
        """What the servers have logged."""
        return self._log.read_text()

    def end(self) -> None:
        """End the server, the keeper and all that it has."""
        self.stop()
        try:
            keeper = self.keeper
        except AssertionError:
            return
        keeper.terminate()
        wait_for_sync(lambda: not keeper.is_running(), PATIENCE, "the keeper's end")


def _parent_command(process: psutil.Process) -> list[str]:
    try:
        parent = process.parent()
        return [] if parent is None else parent.cmdline()
    except psutil.Error:
        return []
