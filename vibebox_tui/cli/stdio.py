"""`vibebox stdio`: this host's own server on standard input and output, for a dashboard elsewhere.

What `ssh HOST vibebox stdio` runs there: so a server needs no open port, and nobody has to copy a
token.
"""

import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from vibebox_tui import paths
from vibebox_tui.cli.own_server import OwnServer
from vibebox_tui.cli.server_process import wait_for

CHUNK: Final = 64 * 1024
"""Bytes passed on at once."""


@click.command()
@click.option("--credential", is_flag=True, help="Print its token, then wait for input's end.")
def stdio(credential: bool) -> None:
    """Relay standard input and output to your own server on this host.

    It is started where it isn't running. For dashboards on other machines, by SSH.
    """
    own = OwnServer.start()
    wait_for(own)
    if credential:
        _write((paths.credential_file(own.path).read_text().strip() + "\n").encode())
        while os.read(sys.stdin.fileno(), CHUNK):
            pass
    else:
        relay(own.path)


def relay(path: Path) -> None:
    """Pass bytes on between standard input and output and a Unix socket, until that is closed."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(str(path))
        threading.Thread(target=_pass_up, args=[server], daemon=True).start()
        with suppress(ConnectionError):
            while data := server.recv(CHUNK):
                _write(data)


def _pass_up(server: socket.socket) -> None:
    """Pass input on; at its end the server is told so, and closes."""
    with suppress(OSError):
        while data := os.read(sys.stdin.fileno(), CHUNK):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)


def _write(data: bytes) -> None:
    """Write all of it at once, past Python's buffer."""
    view = memoryview(data)
    while view:
        view = view[os.write(sys.stdout.fileno(), view) :]
