"""REST calls: a method for each route, typed by the protocol's models."""

from types import TracebackType
from typing import Self

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import Credentials
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.protocol.messages import EnvironmentStatus, StreamFilter
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    CreateSessionRequest,
    CreateUserRequest,
    Environment,
    EnvironmentStats,
    Health,
    LogPage,
    Session,
    Tokens,
    UpdateEnvironmentRequest,
    UpdateUserRequest,
    User,
)


class RestClient:
    """The REST API of one server.

    Every call may raise `UnreachableError` (nobody answers; `TlsError` where TLS is at fault),
    `ApiError` (an answer that is no success), `UnexpectedAnswerError` (a success that is not
    what the route answers) and `CredentialsError` (no token); each is one sentence.
    """

    def __init__(
        self, address: ServerAddress, credentials: Credentials, settings: ClientSettings
    ) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def close(self) -> None:
        """Close the HTTP connections."""

    # --- the server and its users ----------------------------------------------------------

    async def health(self) -> Health:
        """Whether the server is up; needs no token."""

    async def login(self, email: str, password: str) -> Tokens: ...
    async def refresh(self, refresh_token: str) -> Tokens: ...
    async def logout(self, refresh_token: str) -> None: ...
    async def me(self) -> User: ...
    async def users(self) -> list[User]: ...
    async def create_user(self, request: CreateUserRequest) -> User: ...
    async def update_user(self, user_id: str, request: UpdateUserRequest) -> User: ...
    async def delete_user(self, user_id: str) -> None: ...

    # --- environments ----------------------------------------------------------------------

    async def environments(self, *, status: str | None = None) -> list[Environment]:
        """All environments that the user may see, every page of them."""

    async def environment(self, environment_id: str) -> Environment: ...
    async def create_environment(self, request: CreateEnvironmentRequest) -> Environment: ...
    async def update_environment(
        self, environment_id: str, request: UpdateEnvironmentRequest
    ) -> Environment: ...
    async def delete_environment(self, environment_id: str) -> None: ...
    async def start(self, environment_id: str) -> None: ...
    async def stop(self, environment_id: str) -> None: ...
    async def restart(self, environment_id: str) -> None: ...
    async def environment_status(self, environment_id: str) -> EnvironmentStatus: ...
    async def environment_stats(self, environment_id: str) -> EnvironmentStats: ...

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

    # --- terminal sessions -----------------------------------------------------------------

    async def sessions(self, environment_id: str) -> list[Session]: ...
    async def create_session(
        self, environment_id: str, request: CreateSessionRequest
    ) -> Session: ...
    async def session(self, session_id: str) -> Session: ...
    async def end_session(self, session_id: str) -> None: ...
