"""The keeper's process: where it listens, and how it is started."""

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import vibebox_tui.server.keeper as keeper_package
from vibebox_tui.paths import private_directory, runtime_directory

_SOCKET_PATH: Final = 100
"""Bytes that a Unix socket's path may have everywhere (Linux 107, macOS 103)."""

_SMALL: Final = {"MALLOC_MMAP_THRESHOLD_": "32768", "MALLOC_TRIM_THRESHOLD_": "32768"}
"""Has glibc give back at once what a flood took (bytes; the keeper is to stay below 15 MiB)."""


def keeper_socket(directory: Path) -> Path:
    """Where the keeper of a data directory listens: in it, or where the path is short enough."""
    path = directory / "keeper.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(directory.absolute())).hexdigest()[:16]
    return private_directory(runtime_directory()) / f"keeper-{digest}.sock"


def start_keeper(path: Path, directory: Path) -> subprocess.Popen[bytes]:
    """Start a keeper that listens at `path`; one can connect at once, before it has come up."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        listener.listen(4)
        main = Path(keeper_package.__file__).with_name("__main__.py")
        with (directory / "keeper.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(main), str(listener.fileno()), str(path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), **_SMALL},
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
