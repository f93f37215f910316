"""REST calls: a method for each route, typed by the protocol's models."""

from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import msgspec

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.clock import Clock
from vibebox_tui.client.credentials import Credentials
from vibebox_tui.client.errors import ApiError, UnexpectedAnswerError
from vibebox_tui.client.http_exchange import HttpExchange, Query
from vibebox_tui.client.other_servers import environments_by_project
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.protocol.messages import EnvironmentStatus, StreamFilter
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    CreateSessionRequest,
    CreateUserRequest,
    Environment,
    EnvironmentStats,
    Health,
    LoginRequest,
    LogPage,
    Page,
    RefreshRequest,
    Session,
    Tokens,
    UpdateEnvironmentRequest,
    UpdateSessionRequest,
    UpdateUserRequest,
    User,
)

PAGE_LIMIT: Final = 100
"""Environments asked for at once: the most that a server gives."""

NOT_FOUND: Final = 404
"""What a server answers to a route that it doesn't have."""

T = TypeVar("T")


class RestClient:
    """The REST API of one server.

    Every call may raise `UnreachableError` (nobody answers; `TlsError` where TLS is at fault),
    `ApiError` (an answer that is no success), `UnexpectedAnswerError` (a success that is not
    what the route answers) and `CredentialsError` (no token); each is one sentence.
    """

    def __init__(
        self,
        address: ServerAddress,
        credentials: Credentials,
        settings: ClientSettings | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._http = HttpExchange(address, credentials, settings or ClientSettings(), clock=clock)
        self._lists_by_project = False

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
        """Close the HTTP connections."""
        await self._http.close()

    def use(self, credentials: Credentials) -> None:
        """Take tokens from elsewhere from now on."""
        self._http.use(credentials)

    # --- the server and its users ----------------------------------------------------------

    async def health(self) -> Health:
        """Whether the server is up; needs no token."""
        return _read(await self._http.fetch("GET", "/health", with_token=False), Health)

    async def login(self, email: str, password: str) -> Tokens:
        """Exchange a password for tokens."""
        body = LoginRequest(email, password)
        return _read(
            await self._http.fetch("POST", "/auth/login", body=body, with_token=False), Tokens
        )

    async def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for new ones; it is used up by that."""
        body = RefreshRequest(refresh_token)
        return _read(
            await self._http.fetch("POST", "/auth/refresh", body=body, with_token=False), Tokens
        )

    async def logout(self, refresh_token: str) -> None:
        """Give a refresh token up."""
        await self._http.fetch("POST", "/auth/logout", body=RefreshRequest(refresh_token))

    async def me(self) -> User:
        """The user that the token belongs to."""
        return await self._get("/auth/me", User)

    async def users(self) -> list[User]:
        """All users; for admins."""
        return _items(await self._http.fetch("GET", "/users"), User)

    async def create_user(self, request: CreateUserRequest) -> User:
        """Add a user; for admins."""
        return _read(await self._http.fetch("POST", "/users", body=request), User)

    async def update_user(self, user_id: str, request: UpdateUserRequest) -> User:
        """Change a user; for admins."""
        path = f"/users/{_segment(user_id)}"
        return _read(await self._http.fetch("PATCH", path, body=request), User)

    async def delete_user(self, user_id: str) -> None:
        """Remove a user; for admins."""
        await self._http.fetch("DELETE", f"/users/{_segment(user_id)}")

    # --- environments ----------------------------------------------------------------------

    async def environments(self, *, status: str | None = None) -> list[Environment]:
        """All environments that the user may see, every page of them.

        A server that has no list of environments is asked project by project.
        """
        if not self._lists_by_project:
            try:
                return await self._all_pages(status)
            except ApiError as error:
                if error.status != NOT_FOUND:
                    raise
        found = await environments_by_project(self._http)
        self._lists_by_project = True
        return [each for each in found if status is None or each.status == status]

    async def environment(self, environment_id: str) -> Environment:
        """One environment."""
        return await self._get(_environment(environment_id), Environment)

    async def create_environment(self, request: CreateEnvironmentRequest) -> Environment:
        """Add an environment, stopped."""
        return _read(await self._http.fetch("POST", "/environments", body=request), Environment)

    async def update_environment(
        self, environment_id: str, request: UpdateEnvironmentRequest
    ) -> Environment:
        """Change an environment."""
        path = _environment(environment_id)
        return _read(await self._http.fetch("PATCH", path, body=request), Environment)

    async def delete_environment(self, environment_id: str) -> None:
        """Delete an environment with its log; 409 while it runs."""
        await self._http.fetch("DELETE", _environment(environment_id))

    async def start(self, environment_id: str) -> None:
        """Start an environment; how that went is told by its status."""
        await self._http.fetch("POST", f"{_environment(environment_id)}/start")

    async def stop(self, environment_id: str) -> None:
        """Stop an environment; how that went is told by its status."""
        await self._http.fetch("POST", f"{_environment(environment_id)}/stop")

    async def restart(self, environment_id: str) -> None:
        """Stop and start an environment; how that went is told by its status."""
        await self._http.fetch("POST", f"{_environment(environment_id)}/restart")

    async def environment_status(self, environment_id: str) -> EnvironmentStatus:
        """The newest status."""
        return await self._get(f"{_environment(environment_id)}/status", EnvironmentStatus)

    async def environment_stats(self, environment_id: str) -> EnvironmentStats:
        """CPU and memory with their limits and their recent history."""
        return await self._get(f"{_environment(environment_id)}/stats", EnvironmentStats)

    async def logs(
        self,
        environment_id: str,
        *,
        tail: int | None = None,
        since: str | None = None,
        until: str | None = None,
        since_seq: int | None = None,
        before_seq: int | None = None,
        limit: int | None = None,
        stream: StreamFilter = "all",
        search: str | None = None,
    ) -> LogPage:
        """Entries of an environment's log, oldest first; `since`, `until` are RFC 3339."""
        wanted: dict[str, str | int | None] = {
            "tail": tail,
            "since": since,
            "until": until,
            "sinceSeq": since_seq,
            "beforeSeq": before_seq,
            "limit": limit,
            "stream": None if stream == "all" else stream,
            "search": search,
        }
        query: Query = {name: value for name, value in wanted.items() if value is not None}
        path = f"{_environment(environment_id)}/logs"
        return _read(await self._http.fetch("GET", path, query=query), LogPage)

    # --- terminal sessions -----------------------------------------------------------------

    async def sessions(self, environment_id: str) -> list[Session]:
        """The terminal sessions of an environment."""
        path = f"{_environment(environment_id)}/sessions"
        return _items(await self._http.fetch("GET", path), Session)

    async def create_session(self, environment_id: str, request: CreateSessionRequest) -> Session:
        """Open a terminal session."""
        path = f"{_environment(environment_id)}/sessions"
        return _read(await self._http.fetch("POST", path, body=request), Session)

    async def session(self, session_id: str) -> Session:
        """One terminal session."""
        return await self._get(f"/sessions/{_segment(session_id)}", Session)

    async def rename_session(self, session_id: str, name: str) -> Session:
        """Give a terminal session another name; 409 where that is taken in its environment."""
        path = f"/sessions/{_segment(session_id)}"
        request = UpdateSessionRequest(session_name=name)
        return _read(await self._http.fetch("PATCH", path, body=request), Session)

    async def end_session(self, session_id: str) -> None:
        """End a terminal session and what runs in it."""
        await self._http.fetch("DELETE", f"/sessions/{_segment(session_id)}")

    # ---------------------------------------------------------------------------------------

    async def _get(self, path: str, kind: type[T]) -> T:
        return _read(await self._http.fetch("GET", path), kind)

    async def _all_pages(self, status: str | None) -> list[Environment]:
        found: list[Environment] = []
        page = 1
        while True:
            query: Query = {"page": page, "limit": PAGE_LIMIT}
            if status is not None:
                query["status"] = status
            content = await self._http.fetch("GET", "/environments", query=query)
            part = _read(content, Page[Environment])
            found += part.data
            if page >= part.pagination.total_pages or not part.data:
                return found
            page += 1


class _Envelope(msgspec.Struct):
    """A list as some routes answer it."""

    data: list[Any]


def _read(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UnexpectedAnswerError(
            f"the server's answer is not what was asked: {error}"
        ) from error


def _items(content: bytes, kind: type[T]) -> list[T]:
    """A list, bare or in the `data` of an object."""
    if content.lstrip()[:1] == b"[":
        return _read(content, list[kind])  # type: ignore[valid-type]
    try:
        return msgspec.convert(_read(content, _Envelope).data, list[kind])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise UnexpectedAnswerError(
            f"the server's answer is not what was asked: {error}"
        ) from error


def _environment(environment_id: str) -> str:
    return f"/environments/{_segment(environment_id)}"


def _segment(name: str) -> str:
    """An id as one segment of a path, whatever it contains."""
    return quote(name, safe="")
