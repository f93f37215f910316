"""A server in this process, as tests use it: real sockets, real processes, a temporary store."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect, unix_connect

from tests.support import wait_for
from vibebox_tui.client.tls import no_tls
from vibebox_tui.protocol.models import CreateEnvironmentRequest, Environment, Role, Session
from vibebox_tui.server.app import Server
from vibebox_tui.server.records import UserRecord
from vibebox_tui.server.settings import ServerSettings
from vibebox_tui.server.tokens import Tokens

_NO_PASSWORD = "!"
"""A hash that no password has; tests that log in create users by REST."""

_CLOSE_SECONDS = 1.0
"""How long a client waits for the answer to its close; one that stopped reading never sees it."""


class RunningServer:
    """A started `Server` with a user of each role, whose ids are `viewer`, `developer`, `admin`."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.server = Server(settings)

    async def start(self) -> None:
        """Start it and add the users."""
        await self.server.start()
        for role in ("viewer", "developer", "admin"):
            await self.add_user(role, role)

    async def stop(self) -> None:
        """Stop it; again is no error."""
        await self.server.stop()

    # --- who -------------------------------------------------------------------------------

    async def add_user(self, user_id: str, role: Role) -> None:
        """Add a user without a password; one that is there already stays."""
        store = self.server.backend.store
        if await store.user(user_id) is None:
            email = f"{user_id}@example.com"
            created = "2026-01-01T00:00:00.000Z"
            await store.save_user(UserRecord(user_id, email, role, _NO_PASSWORD, created))

    def token(self, user_id: str = "admin", seconds: float | None = None) -> str:
        """An access token for a user: a role's name, or an id that `add_user` was given."""
        secret = self.settings.secret
        assert secret is not None
        return Tokens(secret, self.settings.jwt).issue(user_id, seconds)

    # --- where -----------------------------------------------------------------------------

    @property
    def uds(self) -> Path | None:
        """Its Unix socket, where it listens on one."""
        return self.settings.uds

    @property
    def port(self) -> int:
        """Its port."""
        return self.server.port

    @property
    def address(self) -> str:
        """What `ServerAddress.parse` takes."""
        return self.server.address

    @property
    def url(self) -> str:
        """The base of REST, good for httpx with `uds` as transport where there is a socket."""
        base = self.settings.base_path
        return f"http://local{base}" if self.uds else self.server.address

    # --- how -------------------------------------------------------------------------------

    def http(self, user_id: str | None = "admin") -> httpx.AsyncClient:
        """A REST client for a user, or for nobody."""
        headers = {} if user_id is None else {"Authorization": f"Bearer {self.token(user_id)}"}
        transport = httpx.AsyncHTTPTransport(no_tls(), uds=str(self.uds) if self.uds else None)
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, transport=transport, timeout=30, trust_env=False
        )

    def websocket(
        self, endpoint: str, user_id: str | None = "admin", query: str = "", **options: Any
    ) -> connect:
        """A WebSocket to `logs`, `terminal` or `status` for a user, or for nobody."""
        base = self.url.replace("http", "ws", 1)
        url = f"{base}/ws/{endpoint}{'?' if query else ''}{query}"
        if user_id is not None:
            options.setdefault("additional_headers", {})["Authorization"] = (
                f"Bearer {self.token(user_id)}"
            )
        options.setdefault("max_size", 2**20)
        options.setdefault("close_timeout", _CLOSE_SECONDS)
        if self.uds:
            return unix_connect(str(self.uds), url, **options)
        return connect(url, proxy=None, **options)

    # --- environments ----------------------------------------------------------------------

    async def create(
        self, *command: str, owner: str = "admin", start: bool = False, **fields: Any
    ) -> Environment:
        """Add an environment that runs `command`, with a name of its own, and start it if told."""
        request = CreateEnvironmentRequest(
            name=fields.pop("name", f"test-{uuid.uuid4().hex[:8]}"), command=list(command), **fields
        )
        environments = self.server.environments
        environment = await environments.create(request, owner, by_admin=True)
        if start:
            environment = await environments.start(environment.id)
        return environment

    async def open_session(self, environment_id: str, **fields: Any) -> Session:
        """Open a terminal session by REST."""
        async with self.http() as http:
            answer = await http.post(f"/environments/{environment_id}/sessions", json=fields)
        assert answer.status_code == 201, answer.text
        return msgspec.json.decode(answer.content, type=Session)

    async def logged(self, environment_id: str, count: int) -> None:
        """Wait until that many lines of an environment are committed."""
        store = self.server.backend.store

        async def enough() -> bool:
            return (await store.log_bounds(environment_id)).next_seq > count

        await wait_for(enough, what=f"{count} lines of {environment_id}")


async def receive(websocket: ClientConnection, kind: str, seconds: float = 10.0) -> dict[str, Any]:
    """The next message of a type, those before it skipped; its whole envelope."""
    while True:
        message = await receive_any(websocket, seconds)
        if message["type"] == kind:
            return message


async def receive_any(websocket: ClientConnection, seconds: float = 10.0) -> dict[str, Any]:
    """The next message, whatever it is."""

    frame = await asyncio.wait_for(websocket.recv(), seconds)
    message: dict[str, Any] = msgspec.json.decode(frame)
    return message


async def send(websocket: ClientConnection, kind: str, **payload: Any) -> None:
    """Send a message with a payload in the wire's names."""
    await websocket.send(msgspec.json.encode({"type": kind, "payload": payload}).decode())
