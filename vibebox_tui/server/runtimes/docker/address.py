"""Where the container engine is, and how it is reached there."""

import json
import os
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from vibebox_tui.server.errors import RuntimeAwayError
from vibebox_tui.server.runtimes.docker.tunnel import ssh_place

if TYPE_CHECKING:  # they take a third of a second to import, and most servers need neither
    from aiodocker import Docker
    from aiohttp import BaseConnector

_PORT: Final = {False: 2375, True: 2376}
"""Docker's ports, without TLS and with it."""


def find_address() -> str | None:
    """Where the engine is: `DOCKER_HOST`, else the first socket in the usual places."""
    given = os.environ.get("DOCKER_HOST")
    if given:
        return given
    return next((f"unix://{path}" for path in _usual_places() if _is_socket(path)), None)


def reach(address: str) -> "tuple[Docker, BaseConnector]":
    """aiodocker for an address, and the connector that is to be closed after it.

    `tcp://` is spoken with TLS where `DOCKER_TLS_VERIFY` says so, by `DOCKER_CERT_PATH`, as the
    docker command does it.

    Raises:
        RuntimeAwayError: nothing can be reached by that address; the message says what could.
    """
    import aiodocker
    import aiohttp

    scheme, _, rest = address.partition("://")
    # Each container has two streams, so the library's own 100 connections are soon used up.
    match scheme:
        case "unix" if rest:
            connector: BaseConnector = aiohttp.UnixConnector(rest, limit=0)
            return aiodocker.Docker("unix://localhost", connector=connector), connector
        case "tcp" | "http" | "https" if rest:
            context = _tls() if _is_secured(scheme) else None
            connector = aiohttp.TCPConnector(limit=0, ssl=context or True)
            host = f"{'https' if context else 'http'}://{rest}"
            return aiodocker.Docker(host, connector=connector), connector
        case _:
            raise RuntimeAwayError(
                f"{address} is no address of a container engine: it begins with unix://, tcp:// or"
                " ssh://"
            )


def relay_target(address: str) -> str:
    """The same as JSON for `exec_relay`, which has no libraries. Raises RuntimeAwayError.

    `unix` is a path, `tcp` host and port; `tls` has the files that it takes; `ssh` is a place that
    `exec_relay.forwarding` takes.
    """
    scheme, _, rest = address.partition("://")
    if scheme == "ssh":
        return json.dumps({"ssh": ssh_place(address)})
    if scheme == "unix":
        return json.dumps({"unix": rest})
    parts = urlsplit(f"tcp://{rest}")
    target: dict[str, object] = {"tcp": [parts.hostname, parts.port or _PORT[_is_secured(scheme)]]}
    if _is_secured(scheme):
        target["tls"] = {name: path and str(path) for name, path in _certificates().items()}
    return json.dumps(target)


def _usual_places() -> list[Path]:
    """Docker's, then Docker Desktop's, Colima's, OrbStack's and Podman's sockets."""
    home = Path.home()
    own = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return [
        Path("/run/docker.sock"),
        Path("/var/run/docker.sock"),
        own / "docker.sock",
        home / ".docker/run/docker.sock",
        home / ".docker/desktop/docker.sock",
        home / ".colima/default/docker.sock",
        home / ".orbstack/run/docker.sock",
        own / "podman/podman.sock",
        Path("/run/podman/podman.sock"),
        home / ".local/share/containers/podman/machine/podman.sock",
    ]


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode) and os.access(path, os.W_OK)
    except OSError:
        return False


def _is_secured(scheme: str) -> bool:
    return scheme == "https" or bool(os.environ.get("DOCKER_TLS_VERIFY"))


def _certificates() -> dict[str, Path | None]:
    """The files in `DOCKER_CERT_PATH`, those that are there."""
    directory = _certificate_directory()
    files = {"authority": "ca.pem", "certificate": "cert.pem", "key": "key.pem"}
    return {
        name: directory / file if (directory / file).exists() else None
        for name, file in files.items()
    }


def _certificate_directory() -> Path:
    return Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")


def _tls() -> ssl.SSLContext:
    """What the engine is trusted by, and what we are known to it by."""
    files = _certificates()
    try:
        context = ssl.create_default_context(cafile=files["authority"])
        if files["certificate"] is not None:
            context.load_cert_chain(files["certificate"], files["key"])
    except OSError as error:  # ssl's errors are such too
        raise RuntimeAwayError(
            "the certificates for the container engine in"
            f" {_certificate_directory()} can't be used: {error}"
        ) from error
    return context
