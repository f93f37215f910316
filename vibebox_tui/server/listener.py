"""The listening socket, and the HTTP and WebSocket protocols behind it."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from vibebox_tui.server.acceptor import Acceptor
from vibebox_tui.server.errors import ServerError
from vibebox_tui.server.http_protocol import HttpProtocol
from vibebox_tui.server.settings import ServerSettings
from vibebox_tui.server.waiting_room import WaitingRoom

_DATE_SECONDS: Final = 1.0
"""How old the Date header may be."""

_FAREWELL_SECONDS: Final = 1.0
"""Time for requests that are cut off to be told so."""


class ListenError(ServerError):
    """The server can't listen where it was told to."""


class Listener:
    """Accepts connections for an ASGI application and a WebSocket protocol.

    uvicorn's HTTP protocol serves what is no WebSocket; its own main loop and its signal
    handlers are not used: who starts a listener stops it.
    """

    def __init__(
        self,
        settings: ServerSettings,
        application: Any,
        ws: Callable[..., asyncio.Protocol],
        queue: WaitingRoom[socket.socket],
        room: WaitingRoom[asyncio.Protocol],
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._room = room
        self._config = Config(
            application,
            interface="asgi3",
            ws=ws,  # type: ignore[arg-type]  # any callable will do, see uvicorn's h11 protocol
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=settings.uds is None,
        )
        self._state = ServerState()
        self._acceptor: Acceptor | None = None
        self._socket: socket.socket | None = None
        self._context: ssl.SSLContext | None = None
        self._date: asyncio.TimerHandle | None = None

    def bind(self) -> None:
        """Take the address, without anybody being able to connect yet. Raises ListenError."""
        self._context = _tls(self._settings)
        self._socket = _bind(self._settings)

    def start(self) -> None:
        """Listen on the address that was taken by `bind`."""
        if self._socket is None:
            raise RuntimeError("there is no address yet")
        self._config.load()
        self._renew_date()
        self._acceptor = Acceptor(
            self._socket, self._queue, self._room, self._protocol, self._connect
        )
        self._acceptor.start()

    async def stop(self, seconds: float) -> None:
        """Accept nothing more, close what there is, within `seconds`."""
        if self._acceptor is not None:
            await self._acceptor.stop()
        elif self._socket is not None:
            self._socket.close()
        if self._date is not None:
            self._date.cancel()
        if self._settings.uds is not None and self._socket is not None:
            self._settings.uds.unlink(missing_ok=True)
        for connection in list(self._state.connections):
            connection.shutdown()
        deadline = asyncio.get_running_loop().time() + seconds
        await self._wait_for_ends(deadline)

    @property
    def port(self) -> int:
        """The port that it listens on; 0 on a Unix socket."""
        if self._socket is None or self._settings.uds is not None:
            return 0
        return int(self._socket.getsockname()[1])

    # --- helpers ---------------------------------------------------------------------------

    def _protocol(self) -> asyncio.Protocol:
        seconds = self._settings.limits.request_seconds
        return HttpProtocol(self._config, self._state, self._room, seconds)

    async def _connect(self, accepted: socket.socket, protocol: asyncio.Protocol) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: protocol,
            accepted,
            ssl=self._context,
            ssl_handshake_timeout=self._settings.limits.request_seconds if self._context else None,
        )

    async def _wait_for_ends(self, deadline: float) -> None:
        """Wait for connections and requests to end; at the deadline end them."""
        loop = asyncio.get_running_loop()
        while self._state.connections or self._state.tasks:
            if loop.time() >= deadline:
                break
            await asyncio.sleep(0.01)
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_FAREWELL_SECONDS)
        for connection in list(self._state.connections):
            connection.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _renew_date(self) -> None:
        date = formatdate(usegmt=True).encode()
        self._state.default_headers = [(b"date", date)]
        loop = asyncio.get_running_loop()
        self._date = loop.call_later(_DATE_SECONDS, self._renew_date)


def _tls(settings: ServerSettings) -> ssl.SSLContext | None:
    if settings.certfile is None or settings.keyfile is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for path in (settings.certfile, settings.keyfile):
        if not path.is_file():
            raise ListenError(f"there is no certificate or key {path}")
    try:
        context.load_cert_chain(settings.certfile, settings.keyfile)
    except (ssl.SSLError, OSError) as error:
        raise ListenError(
            f"{settings.certfile} and {settings.keyfile} are no certificate with its key: "
            f"{error.strerror or error}"
        ) from error
    return context


def _bind(settings: ServerSettings) -> socket.socket:
    return _bind_unix(settings.uds) if settings.uds is not None else _bind_tcp(settings)


def _bind_tcp(settings: ServerSettings) -> socket.socket:
    where = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"{settings.host} is no address of this machine") from error
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, OverflowError) as error:
        listening.close()
        raise ListenError(_reason(where, error)) from error
    listening.setblocking(False)
    return listening


def _bind_unix(path: Path) -> socket.socket:
    """Bind a socket that its owner alone can connect to; a dead one in its place is removed."""
    if _is_alive(path):
        raise ListenError(f"another server listens on {path} already")
    listening = socket.socket(socket.AF_UNIX)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_socket():
            path.unlink()
        former = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(former)
    except OSError as error:
        listening.close()
        raise ListenError(f"the socket {path} can't be made: {error.strerror or error}") from error
    listening.setblocking(False)
    return listening


def _is_alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _reason(where: str, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"{where} is in use already: choose another --port, or stop what listens there"
    if number == errno.EACCES:
        return f"listening on {where} is not permitted: choose a port above 1023"
    if number == errno.EADDRNOTAVAIL:
        return f"{where} is no address of this machine"
    return f"the server can't listen on {where}: {error}"
