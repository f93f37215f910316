"""Servers that know only the guide, or less, or misbehave: small, real, and each its own way."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from vibebox_tui.client.connection import FEATURES_HEADER

Behaviour = Callable[["Peer"], Awaitable[None]]
"""What a server does with one connection; it is closed with 1000 when this returns."""


class Peer:
    """One connection as a server's author sees it."""

    def __init__(self, websocket: ServerConnection, number: int) -> None:
        self.websocket = websocket
        self.number = number
        """Which connection this is, from 1."""
        request = websocket.request
        assert request is not None
        parts = urlsplit(request.path)
        self.endpoint = parts.path.rsplit("/", 1)[-1]
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.token = request.headers.get("Authorization", "").removeprefix("Bearer ")

    async def send(self, kind: str, **payload: Any) -> None:
        """Send a message as the guide has it, without anything that it doesn't have."""
        await self.websocket.send(json.dumps({"type": kind, "payload": payload}))

    async def receive(self, kind: str) -> dict[str, Any]:
        """The payload of the next message of a type; others are ignored."""
        while True:
            message = json.loads(await self.websocket.recv())
            if message["type"] == kind:
                payload: dict[str, Any] = message["payload"]
                return payload

    async def close(self, code: int, reason: str = "") -> None:
        await self.websocket.close(code, reason)

    async def stay(self) -> None:
        """Ignore whatever comes until the client goes."""
        await self.websocket.wait_closed()


class OtherServer:
    """Runs a behaviour; `peers` are all connections that there were."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.peers: list[Peer] = []
        self.address = ""
        self._behaviour = behaviour

    async def serve(self, websocket: ServerConnection) -> None:
        peer = Peer(websocket, len(self.peers) + 1)
        self.peers.append(peer)
        await self._behaviour(peer)


@asynccontextmanager
async def other_server(
    behaviour: Behaviour,
    *,
    answer: Callable[[ServerConnection, Request], Response | None] | None = None,
    has_features: bool = False,
) -> AsyncIterator[OtherServer]:
    """A WebSocket server; `answer` may say something else than 101 to an upgrade.

    With `has_features` it says that it has our extensions.
    """
    server = OtherServer(behaviour)

    def respond(connection: ServerConnection, request: Request, response: Response) -> None:
        if has_features:
            response.headers[FEATURES_HEADER] = "1"

    async with serve(
        server.serve,
        "127.0.0.1",
        0,
        process_request=answer,
        process_response=respond,
        ping_interval=None,
        close_timeout=0.2,
    ) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        server.address = f"http://127.0.0.1:{port}"
        yield server


@asynccontextmanager
async def raw_server(
    behaviour: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A TCP server that does as told with each connection; its address."""
    tasks: set[asyncio.Task[Any]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Route = tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""Status, body (bytes as they are, else as JSON) and perhaps headers."""


@asynccontextmanager
async def http_server(routes: Callable[[str, str, str], Route]) -> AsyncIterator[str]:
    """An HTTP server; `routes` gets method, target and bearer token of each request."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n")[0].split(" ")
            fields = dict(
                line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
            )
            await reader.readexactly(int(fields.get("content-length", "0")))
            token = fields.get("authorization", "").removeprefix("bearer ")
            status, body, *more = routes(method, target, token)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers = {"Content-Length": str(len(data)), **(more[0] if more else {})}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode() + data)
            await writer.drain()

    async with raw_server(answer) as address:
        yield address
