"""How a connection is opened, and what it means where that fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, Final
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    ProxyError,
)
from websockets.http11 import Response
from websockets.typing import LoggerLike

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.clock import Clock
from vibebox_tui.client.connection import Connection, Listener
from vibebox_tui.client.credentials import Secret
from vibebox_tui.client.errors import RefusedError, TlsError, UnreachableError
from vibebox_tui.client.proxy import by_way_of_proxy
from vibebox_tui.client.reasons import reason_of
from vibebox_tui.client.retry_after import seconds_asked_for
from vibebox_tui.client.settings import SOCKS_MISSING, ClientSettings
from vibebox_tui.client.ssh import TUNNEL_FAILED
from vibebox_tui.client.telemetry import LinkTelemetry
from vibebox_tui.client.tls import tls_sentence
from vibebox_tui.client.websocket import Socket, quiet_logger
from vibebox_tui.protocol.codec import MAX_MESSAGE_BYTES
from vibebox_tui.protocol.codes import CloseCode

BUSY_RETRY_AFTER: Final = 10.0
"""Seconds to leave a server alone that says it is too busy, and not for how long."""

_HTTP_REFUSALS: Final = {
    401: (CloseCode.UNAUTHORIZED, "the server wants a valid token"),
    403: (CloseCode.FORBIDDEN, "the server doesn't allow it"),
    404: (404, "there is no VibeBox API at that address; check its path"),
}
"""What an HTTP status in place of the upgrade means, beside the close code that it stands for."""

_BUSY: Final = frozenset({429, 500, 502, 503, 504})
"""HTTP statuses that pass."""

_OVERLOADED: Final = frozenset({429, 503})
"""Those of them that ask for fewer attempts."""


@dataclass(frozen=True, slots=True)
class Dial:
    """What a connection is made to, and with what."""

    address: ServerAddress
    endpoint: str
    query: Mapping[str, str]
    token: Secret
    tls: SSLContext | None


async def open_connection(
    dial: Dial,
    listener: Listener,
    settings: ClientSettings,
    clock: Clock,
    telemetry: LinkTelemetry,
) -> Connection:
    """Open a WebSocket; call `start` on it to get messages.

    Raises:
        UnreachableError: worth another attempt.
        TlsError, RefusedError: not worth one before something has changed.
    """
    address = str(dial.address)
    try:
        socket = await _handshake(dial, settings)
    except InvalidStatus as error:
        raise _status_error(address, error.response, clock.now()) from error
    except InvalidProxy as error:  # its own words have the URL, and that may have a password
        raise RefusedError(f"the proxy can't be used: {error.msg}", 0) from error
    except ProxyError as error:
        raise UnreachableError(address, f"the proxy fails: {error}") from error
    except InvalidMessage as error:
        reason = "what answers there speaks no HTTP"
        if isinstance(error.__cause__, EOFError):
            reason = "the connection was closed before an answer came"
        raise UnreachableError(address, reason) from error
    except InvalidHandshake as error:
        raise RefusedError(f"{address} speaks no WebSocket: {error}", 0) from error
    except ImportError as error:
        raise RefusedError(SOCKS_MISSING, 0) from error
    except (OSError, TimeoutError) as error:
        if (sentence := tls_sentence(error)) is not None:
            raise TlsError(address, sentence) from error
        reason = by_way_of_proxy(reason_of(error), dial.address, settings)
        raise UnreachableError(address, reason) from error
    return Connection(socket, listener, settings, clock, telemetry)


async def _handshake(dial: Dial, settings: ClientSettings) -> Socket:
    url = dial.address.websocket_url(dial.endpoint)
    if dial.query:
        url = f"{url}?{urlencode(dial.query)}"
    place: dict[str, Any] = {} if dial.tls is None else {"ssl": dial.tls}
    if dial.address.socket is not None:
        place |= {"unix": True, "path": str(dial.address.socket)}
    headers = {"Authorization": f"Bearer {dial.token.reveal()}"} if dial.token else None
    logger: LoggerLike = quiet_logger
    socket = await connect(
        url,
        additional_headers=headers,
        compression=None,
        proxy=settings.proxy or True,
        open_timeout=settings.open_timeout,
        close_timeout=settings.close_timeout,
        ping_interval=None,
        max_size=MAX_MESSAGE_BYTES,
        logger=logger,
        create_connection=Socket,
        **place,
    )
    assert isinstance(socket, Socket)
    return socket


def _status_error(address: str, response: Response, now: float) -> UnreachableError | RefusedError:
    status = response.status_code
    if (reason := response.headers.get(TUNNEL_FAILED)) is not None:
        return UnreachableError(address, reason)
    if status in _HTTP_REFUSALS:
        code, words = _HTTP_REFUSALS[status]
        return RefusedError(f"{address}: {words}", code)
    words = f"it answers {status} {response.reason_phrase}".strip()
    if status in _BUSY:
        otherwise = BUSY_RETRY_AFTER if status in _OVERLOADED else 0.0
        wait = seconds_asked_for(response.headers, otherwise, now)
        return UnreachableError(address, words, wait)
    return RefusedError(f"{address}: {words} in place of a WebSocket", status)
