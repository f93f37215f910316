"""Environments: the list, one of them, its life, its status and its log."""

from datetime import datetime
from typing import Annotated, Final

from litestar import Controller, delete, get, patch, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from vibebox_tui.protocol.messages import MOST, EnvironmentStatus, StreamFilter
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    CreateSessionRequest,
    Environment,
    EnvironmentStats,
    LogPage,
    Page,
    Pagination,
    Session,
    UpdateEnvironmentRequest,
)
from vibebox_tui.server.auth import Action, require
from vibebox_tui.server.errors import InvalidRequestError
from vibebox_tui.server.log_query import LogQuery
from vibebox_tui.server.routes.arguments import Caller, Id, Server

PAGE_LIMIT: Final = 20
MAX_PAGE_LIMIT: Final = 100
"""Environments on a page (protocol.md)."""

LOG_LIMIT: Final = 1000
MAX_LOG_LIMIT: Final = 10_000
"""Entries in an answer: at 10,000 characters each, more would be no answer but a download."""

PageNumber = Annotated[int, QueryParameter(ge=1, le=MOST)]
PageLimit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_LIMIT)]
LogLimit = Annotated[int | None, QueryParameter(ge=0, le=MAX_LOG_LIMIT)]
SinceSeq = Annotated[int | None, QueryParameter(name="sinceSeq", ge=0, le=MOST)]
BeforeSeq = Annotated[int | None, QueryParameter(name="beforeSeq", ge=0, le=MOST)]


class EnvironmentsController(Controller):
    """`/environments`."""

    path = "/environments"
    tags = ("environments",)

    @get()
    async def list_environments(
        self,
        backend: Server,
        identity: Caller,
        status: FromQuery[str | None] = None,
        page: PageNumber = 1,
        limit: PageLimit = PAGE_LIMIT,
    ) -> Page[Environment]:
        """Those that one may see, oldest first, by pages."""
        user = None if identity.role == "admin" else identity.user_id
        found = backend.environments.list(visible_to=user, status=status)
        start = (page - 1) * limit
        pages = -(-len(found) // limit)
        return Page(found[start : start + limit], Pagination(page, limit, len(found), pages))

    @post()
    async def create(
        self, data: JSONBody[CreateEnvironmentRequest], backend: Server, identity: Caller
    ) -> Environment:
        """Add an environment of one's own, stopped."""
        require(identity, Action.CREATE)
        admin = identity.role == "admin"
        return await backend.environments.create(data, identity.user_id, by_admin=admin)

    @get("/{environment_id:str}")
    async def read(self, environment_id: Id, backend: Server, identity: Caller) -> Environment:
        """One environment."""
        return backend.environment(identity, Action.WATCH, environment_id)

    @patch("/{environment_id:str}")
    async def update(
        self,
        environment_id: Id,
        data: JSONBody[UpdateEnvironmentRequest],
        backend: Server,
        identity: Caller,
    ) -> Environment:
        """Change its definition, which holds from the next start."""
        backend.environment(identity, Action.CHANGE, environment_id)
        admin = identity.role == "admin"
        return await backend.environments.update(environment_id, data, by_admin=admin)

    @delete("/{environment_id:str}", status_code=204)
    async def remove(self, environment_id: Id, backend: Server, identity: Caller) -> None:
        """End what runs in it and forget it with its sessions and its log."""
        backend.environment(identity, Action.DELETE, environment_id)
        await backend.environments.delete(environment_id)

    @post("/{environment_id:str}/start", status_code=200)
    async def start(self, environment_id: Id, backend: Server, identity: Caller) -> Environment:
        """Start it."""
        backend.environment(identity, Action.CONTROL, environment_id)
        return await backend.environments.start(environment_id)

    @post("/{environment_id:str}/stop", status_code=200)
    async def stop(self, environment_id: Id, backend: Server, identity: Caller) -> Environment:
        """Begin to stop it."""
        backend.environment(identity, Action.CONTROL, environment_id)
        return await backend.environments.stop(environment_id)

    @post("/{environment_id:str}/restart", status_code=200)
    async def restart(self, environment_id: Id, backend: Server, identity: Caller) -> Environment:
        """Stop it where it runs, then start it."""
        backend.environment(identity, Action.CONTROL, environment_id)
        return await backend.environments.restart(environment_id)

    @get("/{environment_id:str}/status")
    async def status(
        self, environment_id: Id, backend: Server, identity: Caller
    ) -> EnvironmentStatus:
        """Its newest status."""
        backend.environment(identity, Action.WATCH, environment_id)
        return backend.environments.status(environment_id)

    @get("/{environment_id:str}/stats")
    async def stats(
        self, environment_id: Id, backend: Server, identity: Caller
    ) -> EnvironmentStats:
        """Its CPU and memory, now and over the last minutes."""
        backend.environment(identity, Action.WATCH, environment_id)
        return backend.environments.stats(environment_id)

    @get("/{environment_id:str}/logs")
    async def logs(
        self,
        environment_id: Id,
        backend: Server,
        identity: Caller,
        tail: LogLimit = None,
        since: FromQuery[str | None] = None,
        until: FromQuery[str | None] = None,
        since_seq: SinceSeq = None,
        before_seq: BeforeSeq = None,
        limit: LogLimit = None,
        stream: FromQuery[StreamFilter] = "all",
        search: FromQuery[str | None] = None,
    ) -> LogPage:
        """Entries of its log, oldest first: the last ones, or the first ones since a point."""
        backend.environment(identity, Action.WATCH, environment_id)
        asked = [count for count in (tail, limit) if count is not None]
        wanted = min(asked, default=LOG_LIMIT)
        query = LogQuery(
            environment_id,
            after_seq=since_seq,
            before_seq=before_seq,
            since=_milliseconds(since, "since"),
            until=_milliseconds(until, "until"),
            stream=stream,
            search=search,
            limit=wanted,
        )
        entries, bounds = await backend.store.log_page(query)
        return LogPage(entries, bounds.epoch, bounds.first_seq, bounds.next_seq)

    @get("/{environment_id:str}/sessions")
    async def list_sessions(
        self, environment_id: Id, backend: Server, identity: Caller
    ) -> list[Session]:
        """Its terminal sessions, oldest first."""
        backend.environment(identity, Action.WATCH, environment_id)
        return backend.sessions.list(environment_id)

    @post("/{environment_id:str}/sessions")
    async def create_session(
        self,
        environment_id: Id,
        backend: Server,
        identity: Caller,
        data: JSONBody[CreateSessionRequest | None] = None,
    ) -> Session:
        """Open a terminal session in it."""
        backend.environment(identity, Action.TYPE, environment_id)
        request = CreateSessionRequest() if data is None else data
        return await backend.sessions.create(environment_id, request)


def _milliseconds(moment: str | None, name: str) -> int | None:
    """A time as in RFC 3339, in milliseconds since the epoch."""
    if moment is None:
        return None
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidRequestError(f"{name} must be a time as in RFC 3339", field=name) from error
    if parsed.tzinfo is None:
        raise InvalidRequestError(f"{name} needs its offset from UTC", field=name)
    return round(parsed.timestamp() * 1000)
