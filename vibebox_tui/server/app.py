"""One server: start, serve, stop."""

import asyncio
import gc
import logging
import resource
import signal
import time
from contextlib import AsyncExitStack
from typing import Final

from vibebox_tui.paths import credential_file
from vibebox_tui.server.accounts import Accounts
from vibebox_tui.server.audit import Audited
from vibebox_tui.server.backend import Backend
from vibebox_tui.server.data_directory import DataDirectory, write_private
from vibebox_tui.server.environments import Environments
from vibebox_tui.server.hub import Hub
from vibebox_tui.server.keeper_client import KeeperClient
from vibebox_tui.server.late_application import LateApplication
from vibebox_tui.server.limits import ConnectionCounts, Refusals
from vibebox_tui.server.listener import Listener
from vibebox_tui.server.reception import Reception
from vibebox_tui.server.runtimes.base import Runtime
from vibebox_tui.server.runtimes.docker import DockerRuntime, MountPolicy
from vibebox_tui.server.runtimes.local import LocalRuntime
from vibebox_tui.server.service import WebSocketService
from vibebox_tui.server.sessions import Sessions
from vibebox_tui.server.settings import DockerSettings, ServerSettings
from vibebox_tui.server.store import Store
from vibebox_tui.server.ticker import Ticker
from vibebox_tui.server.tokens import Tokens
from vibebox_tui.server.traffic import Traffic
from vibebox_tui.server.vitals import Vitals
from vibebox_tui.server.waiting_room import WaitingRoom
from vibebox_tui.server.wsprotocol import protocol_class

_log = logging.getLogger(__name__)

_TOKEN_SWEEP_SECONDS: Final = 3600.0
"""Time between two removals of refresh tokens that have expired."""

_UNHEARD: Final = 16_384
"""Connections that may wait to be heard, four times as many as the kernel has in its queue."""


class Server:
    """REST and WebSockets over real environments, on one port or one Unix socket.

    `await start()` returns once it answers; `await serve()` starts it where it hasn't been, and
    returns after SIGTERM, SIGINT or `stop()`; `await stop()` ends it within
    `settings.stop_seconds`, and again is no error. Also an asynchronous context manager.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.started = False
        self._backend: Backend | None = None
        self._listener: Listener | None = None
        self._cleanup = AsyncExitStack()
        self._ended = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None

    # --- parts -----------------------------------------------------------------------------

    @property
    def backend(self) -> Backend:
        """The parts of the running server."""
        if self._backend is None:
            raise RuntimeError("the server has not been started")
        return self._backend

    @property
    def environments(self) -> Environments:
        """The environments of the running server."""
        return self.backend.environments

    @property
    def accounts(self) -> Accounts:
        """The accounts of the running server."""
        return self.backend.accounts

    @property
    def address(self) -> str:
        """Where clients find it: `http://127.0.0.1:3000/api/v1` or `unix:/…/server.sock`."""
        settings = self.settings
        if settings.uds is not None:
            return f"unix:{settings.uds}"
        scheme = "https" if settings.certfile is not None else "http"
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return f"{scheme}://{host}:{self.port}{settings.base_path}"

    @property
    def port(self) -> int:
        """The port that it listens on; 0 on a Unix socket."""
        return 0 if self._listener is None else self._listener.port

    # --- life ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the store, take up what still runs, and listen.

        Raises:
            ServerError: the port is in use, a certificate or the data directory is no good,
                or another server has the same data directory.
        """
        try:
            await self._start()
        except BaseException:
            await self._cleanup.aclose()
            raise
        self.started = True
        _log.info("listening on %s", self.address)

    async def serve(self) -> None:
        """Run until SIGTERM, SIGINT or `stop()`."""
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked.set)
        try:
            if not self.started:
                await self.start()
            gc.freeze()  # what a start has made stays; it need not be looked through again
            waits = [asyncio.create_task(event.wait()) for event in (asked, self._ended)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            await self.stop()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def stop(self) -> None:
        """Close every connection with 1012, finish what is under way, release everything."""
        if not self.started:
            return
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def __aenter__(self) -> "Server":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- helpers ---------------------------------------------------------------------------

    async def _start(self) -> None:
        settings, cleanup = self.settings, self._cleanup
        rest = LateApplication()
        cleanup.push_async_callback(rest.close)
        directory = DataDirectory(settings.data_directory)
        directory.take()
        cleanup.callback(directory.release)
        store = await Store.open(directory.store, settings.retention)
        cleanup.push_async_callback(store.close)
        self._backend = backend = await self._assemble(directory, store)
        rest.make_for(backend)
        self._listener = listener = Listener(
            settings,
            Audited(rest),
            protocol_class(Reception(backend), backend.waiting_room),
            backend.queue,
            backend.waiting_room,
        )
        listener.bind()
        if settings.uds is not None:
            cleanup.callback(credential_file(settings.uds).unlink, missing_ok=True)
        cleanup.push_async_callback(listener.stop, settings.stop_seconds / 2)
        if settings.uds is not None:  # who can connect finds it
            write_private(credential_file(settings.uds), await self.accounts.local_credential())
        listener.start()
        for work in (self._keep_up(), backend.vitals.watch()):
            cleanup.callback(asyncio.create_task(work).cancel)

    async def _assemble(self, directory: DataDirectory, store: Store) -> Backend:
        settings, cleanup = self.settings, self._cleanup
        hub = Hub(store)
        cleanup.callback(hub.close)
        service = WebSocketService(hub)
        leave_running = not settings.stop_environments
        local = await LocalRuntime.open(directory.path)
        cleanup.push_async_callback(local.close, end_all=not leave_running)
        docker = _docker(settings.docker, local.keeper)
        cleanup.push_async_callback(docker.close)
        every: dict[str, Runtime] = {"local": local, "docker": docker}
        runtimes = {name: every[name] for name in settings.runtimes}
        environments = Environments(store, runtimes, service)
        service.directory = environments
        sessions = Sessions(store, environments, service)
        hub.host = sessions
        cleanup.push_async_callback(environments.close, leave_running=leave_running)
        await environments.open()
        cleanup.push_async_callback(sessions.close, leave_running=leave_running)
        await sessions.open()
        local.end_unclaimed()
        tokens = Tokens(settings.secret or directory.secret(), settings.jwt)
        limits = settings.limits
        unheard, unknown = _places(limits.unauthenticated_connections)
        return Backend(
            settings=settings,
            store=store,
            accounts=Accounts(store, tokens, settings.jwt, limits, service.revoke_user),
            environments=environments,
            sessions=sessions,
            service=service,
            user_connections=ConnectionCounts(
                limits.connections_per_user, limits.replacement_seconds
            ),
            log_connections=ConnectionCounts(
                limits.log_connections_per_environment, limits.replacement_seconds
            ),
            queue=WaitingRoom(unheard),
            waiting_room=WaitingRoom(unknown),
            refusals=Refusals(),
            ticker=Ticker(asyncio.get_running_loop()),
            traffic=Traffic(),
            vitals=Vitals(),
            started_at=time.time(),
        )

    async def _stop(self) -> None:
        _log.info("stopping")
        self.backend.vitals.is_stopping = True
        try:
            async with asyncio.timeout(self.settings.stop_seconds):
                await self._cleanup.aclose()
        except TimeoutError:
            _log.warning("not everything ended within %s s", self.settings.stop_seconds)
        finally:
            self._ended.set()

    # --- upkeep ----------------------------------------------------------------------------

    async def _keep_up(self) -> None:
        """Ping every client, and look whether its user is still one; tidy up now and then."""
        swept = 0.0
        while True:
            await asyncio.sleep(self.settings.ping_seconds)
            try:
                self.backend.service.ping_all()
                await self._check_users()
                if time.monotonic() - swept > _TOKEN_SWEEP_SECONDS:
                    swept = time.monotonic()
                    await self.backend.store.delete_expired_tokens(time.time())
            except Exception:
                _log.exception("upkeep failed, and goes on")

    async def _check_users(self) -> None:
        """End the connections of users who were deleted behind our back, by the command line."""
        for user_id in self.backend.service.user_ids:
            if not await self.accounts.is_still(user_id):
                self.backend.service.revoke_user(user_id)


def _docker(settings: DockerSettings, keeper: KeeperClient) -> DockerRuntime:
    return DockerRuntime(
        keeper,
        settings.show,
        may_change_adopted=settings.may_change,
        mounts=MountPolicy(settings.mount_paths, by_anyone=settings.mounts_by == "developers"),
        address=settings.host,
    )


def _places(unknown: int) -> tuple[int, int]:
    """Connections that may wait to be heard, and to be known: together half of all open files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return _UNHEARD, unknown
    unknown = min(unknown, files // 4)
    return min(_UNHEARD, files // 2 - unknown), unknown
