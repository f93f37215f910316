"""The connection to the container engine: asked, listened to, lost and found again."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import msgspec

from vibebox_tui.server.errors import EngineError, RuntimeAwayError
from vibebox_tui.server.runtimes.docker.address import find_address, reach
from vibebox_tui.server.runtimes.docker.tunnel import SshTunnel
from vibebox_tui.server.runtimes.docker.wire import Event, Info, Version

if TYPE_CHECKING:  # they take a third of a second to import, and most servers need neither
    from aiodocker import Docker
    from aiohttp import BaseConnector, ClientResponse, ClientTimeout

_ANSWER: Final = 60.0
"""Seconds that the engine may take to answer; it is slow with many containers at once."""

_CONNECT: Final = 5.0
"""Seconds to reach it."""

_QUIET: Final = 15.0
"""Seconds without an event after which it is asked whether it is there."""

_PAUSES: Final = (0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts to reach it again; the last one from then on."""

_OVERLAP: Final = 2
"""Seconds of events from before the subscription: they cost little, one that is missed much."""

_LONGEST_LINE: Final = 1024 * 1024
"""Bytes of one event or one sample at most."""

_UNREACHABLE: Final = 900
"""The status that aiodocker gives to a connection that fails."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


class EngineListener(Protocol):
    """Who is told of the engine."""

    async def engine_found(self) -> None:
        """It answers, for the first time or again: anything may have changed meanwhile."""

    def engine_lost(self, reason: str) -> None:
        """It doesn't answer any more."""

    def happened(self, event: Event) -> None:
        """Something has happened to a container."""


class Engine:
    """A container engine, Docker or Podman, that comes and goes.

    `address` is a Docker host (`unix:///run/docker.sock`, `tcp://…`, `ssh://…`); None looks for
    one.
    """

    def __init__(self, listener: EngineListener, address: str | None = None) -> None:
        self._listener = listener
        self._address = address
        self._found_at = ""
        self._docker: Docker | None = None
        self._connector: BaseConnector | None = None
        self._tunnel: SshTunnel | None = None
        self._watch: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self.tells_why_killed = True
        """Whether it says of a killed container if that was for its memory; Podman may not."""
        self.holds_limits = True
        """Whether containers are held to their limits, as far as is known."""
        self.has_samples = True
        """Whether what it says of a container's CPU and memory is that container's."""
        self.ends_containers = False
        """Whether containers end with it, as Docker's do unless it is told to let them live."""
        self._away: str | None = "the container engine hasn't been asked for yet"

    @property
    def address(self) -> str:
        """Where it was found."""
        return self._found_at

    @property
    def is_open(self) -> bool:
        """Whether it has been asked for."""
        return self._watch is not None

    @property
    def is_there(self) -> bool:
        """Whether it answers, as far as is known."""
        return self._away is None

    async def ready(self) -> None:
        """Return when it answers, having asked for it if nobody had.

        Raises:
            RuntimeAwayError: it doesn't.
        """
        if self._watch is None:
            self._watch = asyncio.create_task(self._attend(), name="container engine")
        await self._tried.wait()
        self._require()

    async def close(self) -> None:
        """Let go of it."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await self._disconnect()

    # --- asking

    async def get(self, path: str, kind: type[T], **parameters: Any) -> T:
        """What `path` says. Raises EngineError, RuntimeAwayError."""
        return msgspec.json.decode(await self._ask("GET", path, parameters), type=kind)

    async def post(self, path: str, body: Any = None, **parameters: Any) -> bytes:
        """Have something done. Raises EngineError, RuntimeAwayError."""
        return await self._ask("POST", path, parameters, body)

    async def delete(self, path: str, **parameters: Any) -> None:
        """Have something removed. Raises EngineError, RuntimeAwayError."""
        await self._ask("DELETE", path, parameters)

    @asynccontextmanager
    async def stream(
        self, path: str, method: str = "GET", *, silence: float | None = None, **parameters: Any
    ) -> "AsyncIterator[ClientResponse]":
        """An answer that goes on; `silence` is how many seconds nothing may come at most.

        Raises:
            EngineError
            RuntimeAwayError: also where the connection breaks while it is read.
        """
        from aiohttp import ClientTimeout

        limits = ClientTimeout(sock_connect=_CONNECT, sock_read=silence)
        with self._problems():
            response = await self._request(method, path, parameters, None, limits)
            try:
                yield response
            finally:
                response.close()

    async def lines(
        self, path: str, kind: type[T], method: str = "GET", **parameters: Any
    ) -> AsyncGenerator[T, None]:
        """The lines of an answer that goes on, each one JSON."""
        decoder = msgspec.json.Decoder(kind)
        rest = b""
        async with self.stream(path, method, **parameters) as response:
            async for data in response.content.iter_any():
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield decoder.decode(line)
                if len(rest) > _LONGEST_LINE:
                    raise EngineError(f"{path}: a line without end", 0)
            if rest.strip():
                yield decoder.decode(rest)

    # The library's public calls decode logs without saying which stream a line is from, and leave
    # out time limits; the one below them has all that is needed, and is used here only.

    async def _ask(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Any = None
    ) -> bytes:
        from aiohttp import ClientTimeout

        wait = parameters.get("t", 0) if path.endswith("/stop") else 0
        limits = ClientTimeout(total=_ANSWER + wait, sock_connect=_CONNECT)
        with self._problems():
            response = await self._request(method, path, parameters, body, limits)
            try:
                return await response.read()
            finally:
                response.close()

    async def _request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Any,
        limits: "ClientTimeout",
    ) -> "ClientResponse":
        try:
            return await self._connected()._do_query(
                path,
                method,
                params={name: value for name, value in parameters.items() if value is not None},
                data=None if body is None else json.dumps(body),
                timeout=limits,
            )
        except (ValueError, KeyError) as error:  # a refusal that isn't the JSON it claims to be
            raise EngineError(f"the container engine refused {path}: {error!r}", 0) from error

    @contextlib.contextmanager
    def _problems(self) -> Iterator[None]:
        """Turn the libraries' errors into ours."""
        from aiodocker import DockerError
        from aiohttp import ClientError

        try:
            yield
        except DockerError as error:
            if error.status == _UNREACHABLE:
                raise RuntimeAwayError(self._gone(f"{self._found_at} doesn't answer")) from error
            raise EngineError(
                f"the container engine says: {error.message}", error.status
            ) from error
        except TimeoutError as error:
            raise RuntimeAwayError(
                self._gone(f"{self._found_at} doesn't answer in time")
            ) from error
        except (ClientError, OSError) as error:
            raise RuntimeAwayError(self._gone("the connection broke")) from error
        except AssertionError as error:  # aiohttp's, where it is closed while it connects
            raise RuntimeAwayError(self._gone("the connection was closed")) from error
        except msgspec.MsgspecError as error:
            raise EngineError(f"the container engine makes no sense: {error}", 0) from error

    def _gone(self, why: str) -> str:
        return f"the container engine is away: {why}"

    def _connected(self) -> "Docker":
        if self._docker is None:
            self._require()
            raise RuntimeAwayError(self._gone("it is being looked for"))
        return self._docker

    def _require(self) -> None:
        if self._away is not None:
            raise RuntimeAwayError(self._away)

    # --- coming and going

    async def _attend(self) -> None:
        """Keep the connection: reach it, listen to it, and begin again when it has gone."""
        failures = 0
        while True:
            try:
                await self._connect()
                failures = 0
                await self._listen()
                self._lose(self._gone("it stopped"))
            except (RuntimeAwayError, EngineError) as error:
                self._lose(str(error))
            except Exception as error:
                _log.exception("the container engine")
                self._lose(self._gone(str(error)))
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    async def _connect(self) -> None:
        await self._disconnect()
        address = self._address or find_address()
        if address is None:
            raise RuntimeAwayError(
                "there is no container engine: DOCKER_HOST isn't set, and neither Docker nor"
                " Podman has a socket in the usual places"
            )
        await asyncio.to_thread(__import__, "aiodocker")
        self._found_at = address
        if address.startswith("ssh://"):
            self._tunnel = SshTunnel(address)
            address = await self._tunnel.open()
        self._docker, self._connector = reach(address)
        version = await self.get("version", Version)
        self.tells_why_killed = not version.is_podman
        info = await self.get("info", Info)
        self.holds_limits = info.holds_limits
        self.has_samples = info.has_groups
        self.ends_containers = not (version.is_podman or info.live_restore_enabled)
        self._away = None
        self._tried.set()
        _log.info("container engine %s at %s", version.version, self._found_at)

    async def _listen(self) -> None:
        """Follow what happens, from before we look at how things are, until it stops."""
        filters = json.dumps({"type": ["container"]})
        since = int(time.time()) - _OVERLAP
        events = self.lines("events", Event, filters=filters, since=since)
        found = asyncio.create_task(self._listener.engine_found(), name="engine found")
        try:
            async with contextlib.aclosing(events):
                coming = asyncio.ensure_future(anext(events))
                try:
                    while True:
                        done, _ = await asyncio.wait([coming], timeout=_QUIET)
                        if not done:
                            await self.get("version", Version)
                            continue
                        self._listener.happened(coming.result())
                        coming = asyncio.ensure_future(anext(events))
                except StopAsyncIteration:
                    return
                finally:
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)
        finally:
            found.cancel()
            await asyncio.gather(found, return_exceptions=True)

    def _lose(self, reason: str) -> None:
        if self._away is None:
            _log.warning("%s", reason)
        self._away = reason
        self._tried.set()
        self._listener.engine_lost(reason)

    async def _disconnect(self) -> None:
        docker, self._docker = self._docker, None
        if docker is not None:
            await docker.close()
        if self._connector is not None:
            await self._connector.close()
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            await tunnel.close()
