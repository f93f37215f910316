"""One life of a container, from its start to its end or until the engine goes."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any, Final

from vibebox_tui.server.errors import EngineError, RuntimeAwayError, ServerError
from vibebox_tui.server.runtimes.base import Exit, LogSink, Usage
from vibebox_tui.server.runtimes.docker.ending import ending
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.logs import ContainerLog
from vibebox_tui.server.runtimes.docker.moments import nanoseconds
from vibebox_tui.server.runtimes.docker.stats import ContainerStats
from vibebox_tui.server.runtimes.docker.wire import Container, Event
from vibebox_tui.server.times import iso_now, iso_time

_NOT_FOUND: Final = 404

_LOG_ENDS: Final = 2.0
"""Seconds in which the engine ends the log of an ended container by itself."""

_FOLLOW_AGAIN: Final = 0.5
"""Seconds until a log that the engine has ended too early is followed again."""

_FORCED: Final = 10.0
"""Seconds in which an end is to be seen that the engine has reported."""

_ENDING_SIGNALS: Final = frozenset({"2", "3", "9", "15"})
"""Signals by which somebody wants it to end: SIGINT, SIGQUIT, SIGKILL, SIGTERM."""

_log = logging.getLogger(__name__)


class DockerRun:
    """A container that runs: its log, its samples, its end."""

    def __init__(
        self,
        engine: Engine,
        container_id: str,
        sink: LogSink,
        *,
        stop_timeout: int | None = None,
        tail: int | None = None,
    ) -> None:
        self.started_at = iso_now()
        self._engine = engine
        self._id = container_id
        self._sink = sink
        self._stop_timeout = stop_timeout
        self._tail = tail
        self._stats = ContainerStats(engine, container_id)
        self._told = False
        self._is_over = False
        self._news = asyncio.Event()
        self._end: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def container_id(self) -> str:
        """The container's full id."""
        return self._id

    async def begin(self) -> None:
        """Take it up as it is now, running or ended. Raises EngineError, RuntimeAwayError."""
        container = await self._inspect()
        started = nanoseconds(container.state.started_at)
        if started is not None:
            self.started_at = iso_time(started // 1_000_000)
        known = await self._sink.positions(self._id)
        log = ContainerLog(
            self._engine, self._id, self._sink, known, tty=container.config.tty, tail=self._tail
        )
        self._news.set()
        self._spawn(self._attend(log), "a container's life")
        if container.state.running and self._engine.has_samples:
            self._spawn(self._stats.follow(), "a container's samples")

    def on_end(self, callback: Callable[[bool], None]) -> None:
        """Call back when it has ended, with whether it was only lost from sight."""
        self._end.add_done_callback(
            lambda end: callback(not end.cancelled() and end.exception() is not None)
        )

    # --- Run

    async def wait(self) -> Exit:
        """Wait for its end, and for all of its output. Raises RuntimeAwayError."""
        return await asyncio.shield(self._end)

    async def stop(self, grace: float) -> None:
        """Have the engine stop it, and kill it after `grace` seconds or its own stop time-out."""
        patience = math.ceil(grace) if self._stop_timeout is None else self._stop_timeout
        await self._engine.post(f"containers/{self._id}/stop", t=patience)
        self._news.set()
        async with asyncio.timeout(_FORCED):
            await self.wait()

    async def leave(self) -> None:
        """Let go of it; the container goes on."""
        self._end.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def usage(self) -> Usage:
        """The newest sample of its one stream."""
        return Usage(None, None) if self._end.done() else self._stats.usage

    # --- what is heard of it

    def happened(self, event: Event) -> None:
        """Something has happened to it: look what."""
        if event.action == "kill" and event.actor.attributes.get("signal") in _ENDING_SIGNALS:
            self._told = True
        self.look()

    def look(self) -> None:
        """Something may have happened to it."""
        self._news.set()

    def lose(self, reason: str) -> None:
        """The engine has gone: nothing more can be known."""
        for task in self._tasks:
            task.cancel()
        if not self._end.done():
            self._end.set_exception(RuntimeAwayError(reason))

    # --- its course

    async def _attend(self, log: ContainerLog) -> None:
        following = asyncio.create_task(self._follow(log), name="a container's log")
        try:
            end = await self._until_end()
            await self._last_lines(log, following)
            if not self._end.done():
                self._end.set_result(end)
        except RuntimeAwayError as error:
            self.lose(str(error))
        except Exception as error:
            _log.exception("container %s", self._id)
            self.lose(f"its container can't be followed any more: {error}")
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _until_end(self) -> Exit:
        """Look at it whenever something has happened, until it runs no more."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                container = await self._inspect()
            except EngineError as error:
                if error.code == _NOT_FOUND:
                    return Exit(None, "its container was removed", asked=True)
                raise
            if not container.state.running:
                return ending(
                    container, told=self._told, may_infer=not self._engine.tells_why_killed
                )
            self._sink.note(_condition(container))

    async def _follow(self, log: ContainerLog) -> None:
        """Follow the log; an engine that ends it early, as at a restart, is asked again."""
        while not self._is_over:
            try:
                await log.follow()
            except EngineError as error:
                _log.warning("the log of container %s: %s", self._id, error)
            except RuntimeAwayError:
                return  # the engine's own watch says so too
            await log.halted(_FOLLOW_AGAIN)

    async def _last_lines(self, log: ContainerLog, following: asyncio.Task[None]) -> None:
        """Take the rest of the log; the engine ends it soon after the container, as a rule."""
        self._is_over = True
        await asyncio.wait([following], timeout=_LOG_ENDS)
        log.halt()
        await asyncio.wait([following])
        with contextlib.suppress(EngineError):  # a container that is gone has no log
            await log.finish()

    async def _inspect(self) -> Container:
        return await self._engine.get(f"containers/{self._id}/json", Container)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(_quietly(work), name=name)
        self._tasks.append(task)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """What goes wrong beside its life is in the log; what ends its life is its end."""
    try:
        await work
    except ServerError as error:
        _log.debug("%s", error)
    except Exception:
        _log.exception("a container is followed no more")


def _condition(container: Container) -> str | None:
    """What there is to say of a container that runs."""
    if container.state.paused:
        return "paused"
    health = container.state.health.status if container.state.health else ""
    words = {
        "healthy": "healthy",
        "unhealthy": "unhealthy: its health check fails",
        "starting": "its health check has not succeeded yet",
    }
    return words.get(health)
