"""A real OpenSSH server on loopback, with keys made for the test."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support import wait_for_sync

_SERVER = """
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv VIBEBOX_SOCKET={socket} PYTHONPATH={root}
"""

_CLIENT = """
Host box
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {directory}/key
    IdentitiesOnly yes
    UserKnownHostsFile {directory}/known_hosts
    GlobalKnownHostsFile none
"""

COMMAND = [sys.executable, "-m", "vibebox_tui"]
"""How `vibebox` is called where it isn't on the path."""


def require_sshd() -> str:
    """The path of `sshd`; the test is skipped where there is none, and fails where checks run."""
    found = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if found and shutil.which("ssh"):
        return found
    if os.environ.get("VIBEBOX_CI"):
        pytest.fail("openssh-server is not installed")
    pytest.skip("openssh-server is not installed")


class SshServer:
    """Runs `sshd` in `directory`; logged in, one finds the server on the Unix socket `uds`.

    `path` has an `ssh` that knows it as `box`: the system's own, with a configuration for it.
    """

    def __init__(self, directory: Path, uds: Path) -> None:
        self._sshd = require_sshd()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._write_files(uds)

    @property
    def path(self) -> str:
        """The search path with that `ssh` before all others."""
        return f"{self._directory}:{os.environ['PATH']}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with (self._directory / "sshd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._sshd, "-D", "-e", "-f", str(self._directory / "sshd_config")],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        wait_for_sync(self._listens, what="sshd")

    def stop(self) -> None:
        """Stop it, with the sessions that it has."""
        if self._process is None:
            return

        sessions = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        self._process.wait(10)
        for session in sessions:
            if session.is_running() and session.name().startswith("sshd"):
                session.kill()
        self._process = None

    def authorize(self, *, is_known: bool) -> None:
        """Let the test's key in, or no longer."""
        keys = self._directory / "authorized_keys"
        keys.write_text((self._directory / "key.pub").read_text() if is_known else "")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _write_files(self, uds: Path) -> None:
        directory = self._directory
        for name in ("host_key", "key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)],
                check=True,
            )
        self.authorize(is_known=True)
        host_key = (directory / "host_key.pub").read_text()
        (directory / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host_key}")
        root = Path(__file__).parents[2]
        (directory / "sshd_config").write_text(
            _SERVER.format(port=self.port, directory=directory, socket=uds, root=root)
        )
        config = directory / "ssh_config"
        config.write_text(
            _CLIENT.format(port=self.port, directory=directory, user=getpass.getuser())
        )
        program = directory / "ssh"
        program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
        program.chmod(0o700)
        if os.getuid() == 0:  # where sshd separates its privileges; the system's service makes it
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


@contextmanager
def ssh_server(directory: Path, uds: Path) -> Iterator[SshServer]:
    """An `sshd` that runs, with its files in `directory`."""
    directory.mkdir()
    server = SshServer(directory, uds)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
