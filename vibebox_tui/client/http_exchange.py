"""One HTTP exchange with a server: token, time-out, TLS, and each failure as one sentence."""

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.clock import Clock, SystemClock
from vibebox_tui.client.credentials import Credentials, Secret
from vibebox_tui.client.errors import ApiError, TlsError, UnreachableError
from vibebox_tui.client.proxy import by_way_of_proxy
from vibebox_tui.client.reasons import reason_of
from vibebox_tui.client.retry_after import seconds_asked_for
from vibebox_tui.client.settings import SOCKS_MISSING, ClientSettings
from vibebox_tui.client.ssh import TUNNEL_FAILED
from vibebox_tui.client.tls import no_tls, tls_context, tls_sentence
from vibebox_tui.errors import UsageError

if TYPE_CHECKING:
    import httpx

UNAUTHORIZED: Final = 401
TOO_MANY_REQUESTS: Final = 429
"""HTTP statuses that we act on by ourselves."""

PATIENCE: Final = 5.0
"""Seconds that a request waits by itself when the server asks for less traffic; else it fails."""

DEFAULT_RETRY_AFTER: Final = 2.0
"""Seconds to hold back after a 429 without a `Retry-After` that we understand."""

Query = dict[str, str | int]


class HttpExchange:
    """Requests to one server, over TCP or its Unix socket, on connections that are kept.

    httpx is imported at the first request: whoever makes none doesn't pay for it.
    """

    def __init__(
        self,
        address: ServerAddress,
        credentials: Credentials,
        settings: ClientSettings,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._settings = settings
        self._clock = clock or SystemClock()
        self._client: httpx.AsyncClient | None = None
        self._not_before = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the kept connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def use(self, credentials: Credentials) -> None:
        """Take tokens from elsewhere from now on."""
        self._credentials = credentials

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: msgspec.Struct | None = None,
        with_token: bool = True,
    ) -> bytes:
        """The body of a successful answer; a token refused is renewed once, a short 429 waited for.

        Raises:
            UnreachableError, TlsError, ApiError, CredentialsError: as `RestClient` says.
        """
        content = None if body is None else msgspec.json.encode(body)
        token = await self._credentials.token() if with_token else None
        response = await self._attempt(method, path, query, content, token)
        if response.status_code == UNAUTHORIZED and token:
            token = await self._credentials.refresh()
            response = await self._attempt(method, path, query, content, token)
        if not response.is_success:
            raise _api_error(response, f"{method} {path}", self._clock.now())
        return response.content

    async def _attempt(
        self,
        method: str,
        path: str,
        query: Query | None,
        content: bytes | None,
        token: Secret | None,
    ) -> "httpx.Response":
        await self._hold_back()
        response = await self._send(method, path, query, content, token)
        if response.status_code != TOO_MANY_REQUESTS:
            return response
        wait = seconds_asked_for(response.headers, DEFAULT_RETRY_AFTER, self._clock.now())
        self._not_before = self._clock.monotonic() + wait
        if wait > PATIENCE:
            return response
        await self._clock.sleep(wait)
        return await self._send(method, path, query, content, token)

    async def _hold_back(self) -> None:
        """Don't add to what the server has already called too much."""
        wait = self._not_before - self._clock.monotonic()
        if wait > PATIENCE:
            raise ApiError(
                TOO_MANY_REQUESTS,
                "TooManyRequests",
                f"{self._address} wants no more requests for {wait:.0f} s",
                retry_after=wait,
            )
        if wait > 0:
            await self._clock.sleep(wait)

    async def _send(
        self,
        method: str,
        path: str,
        query: Query | None,
        content: bytes | None,
        token: Secret | None,
    ) -> "httpx.Response":
        import httpx

        client = self._opened()
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        if content is not None:
            headers["Content-Type"] = "application/json"
        url = self._address.rest_url(path)
        try:
            async with asyncio.timeout(self._settings.request_timeout):
                response = await client.request(
                    method, url, params=query, content=content, headers=headers
                )
        except (TimeoutError, httpx.TimeoutException) as error:
            waited = f"no answer in {self._settings.request_timeout:g} s"
            raise UnreachableError(str(self._address), waited) from error
        except httpx.ProxyError as error:
            raise UnreachableError(str(self._address), f"the proxy fails: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if (sentence := tls_sentence(error)) is not None:
                raise TlsError(str(self._address), sentence) from error
            reason = by_way_of_proxy(reason_of(error), self._address, self._settings)
            raise UnreachableError(str(self._address), reason) from error
        if (reason := response.headers.get(TUNNEL_FAILED)) is not None:
            raise UnreachableError(str(self._address), reason)
        return response

    def _opened(self) -> "httpx.AsyncClient":
        if self._client is None:
            self._client = self._open()
        return self._client

    def _open(self) -> "httpx.AsyncClient":
        import httpx

        verify = tls_context(self._settings) if self._address.secure else no_tls()
        timeout = httpx.Timeout(self._settings.request_timeout, connect=self._settings.open_timeout)
        if self._address.socket is not None:
            transport = httpx.AsyncHTTPTransport(verify, uds=str(self._address.socket))
            return httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False)
        try:
            return httpx.AsyncClient(
                verify=verify, timeout=timeout, proxy=self._settings.proxy, http2=False
            )
        except ImportError as error:
            raise UsageError(SOCKS_MISSING) from error
        except ValueError as error:
            raise UsageError(f"the proxy can't be used: {error}") from error


class _Nested(msgspec.Struct):
    """An error as some other servers have it: code and message one level down."""

    message: str = ""
    code: str | int | None = None


class _Problem(msgspec.Struct):
    """The union of what servers say when they say no; anything may be missing."""

    error: str | _Nested | None = None
    message: str | list[str] = ""
    details: dict[str, Any] | None = None


def _api_error(response: "httpx.Response", what: str, now: float) -> ApiError:
    kind, message, details = _problem(response.content)
    kind = kind or response.reason_phrase or "Error"
    message = message or f"{what} failed: {response.status_code} {response.reason_phrase}".strip()
    wait = None
    if response.status_code == TOO_MANY_REQUESTS:
        wait = seconds_asked_for(response.headers, DEFAULT_RETRY_AFTER, now)
    return ApiError(response.status_code, kind, message, details, wait)


def _problem(content: bytes) -> tuple[str, str, dict[str, Any] | None]:
    """The kind, the sentence and the details of an error's body, each empty where it has none."""
    try:
        problem = msgspec.json.decode(content, type=_Problem)
    except (msgspec.DecodeError, UnicodeError):
        return "", "", None
    message = problem.message if isinstance(problem.message, str) else "; ".join(problem.message)
    if isinstance(problem.error, _Nested):
        return str(problem.error.code or ""), problem.error.message or message, problem.details
    return problem.error or "", message or problem.error or "", problem.details
