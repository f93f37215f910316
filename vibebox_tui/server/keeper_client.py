"""The connection to the keeper: finding it or having it started, and what passes between us."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, cast

from vibebox_tui.server.errors import KeeperError, StartFailedError
from vibebox_tui.server.keeper import wire
from vibebox_tui.server.keeper.launch import GROUPS_VERSION, STAGES, Launch
from vibebox_tui.server.keeper_process import keeper_socket, start_keeper
from vibebox_tui.server.kept_child import ChildListener, KeptChild, keeper_gone

_TIMEOUT: Final = 10.0
"""Seconds in which the keeper has to answer; generous, since a loaded machine starts it."""

_log = logging.getLogger(__name__)


class KeeperClient(asyncio.Protocol):
    """A connection to the keeper of a data directory, which is started where there is none.

    Raises:
        KeeperError: from whatever needs the keeper, when it has gone or doesn't answer.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._transport: asyncio.Transport | None = None
        self._reader = wire.FrameReader()
        self._welcome: asyncio.Future[Any] | None = None
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, tuple[str, ChildListener]] = {}
        self._next_request = 1
        self._children: dict[int, KeptChild] = {}
        self._connecting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.pid: int | None = None
        self.version = wire.VERSION
        """The keeper's version of the protocol; it may be older than we are."""

    @classmethod
    async def open(cls, directory: Path) -> Self:
        """Connect to the keeper of `directory`, or start one."""
        client = cls(directory)
        await client._connect()
        return client

    async def close(self) -> None:
        """Let go of the keeper, which keeps what it has; one that has nothing goes too."""
        if self._transport is None:
            await self._collect()
            return
        if not self._children:
            await self.quit()
            return
        self._disconnect()
        if self._process is not None:
            # It outlives us on purpose, which subprocess would warn of.
            self._process.returncode = 0

    async def quit(self) -> None:
        """End everything that the keeper has, and the keeper."""
        self.send(wire.frame(wire.QUIT))
        self._disconnect()
        await self._collect()

    async def _collect(self) -> None:
        """Take note of the end of a keeper that we have started."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _TIMEOUT)

    def _disconnect(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self._children.clear()

    @property
    def numbers_input(self) -> bool:
        """Whether this keeper remembers numbered input."""
        return self.version >= 2

    @property
    def joins_groups(self) -> bool:
        """Whether this keeper knows of control groups and of cores to run on."""
        return self.version >= GROUPS_VERSION

    # --- children

    @property
    def found(self) -> list[KeptChild]:
        """The children that were there when we connected and nobody has adopted yet."""
        return [child for child in self._children.values() if child.listener is None]

    def find(self, tag: str) -> KeptChild | None:
        """One of those, by the beginning of its tag."""
        return next((child for child in self.found if child.tag.startswith(tag)), None)

    def adopt(
        self, child: KeptChild, listener: ChildListener, positions: Mapping[int, int]
    ) -> None:
        """Take up a child that was found, its output from `positions` on, by stream."""
        child.listener = listener
        listener.started(child)
        content = {str(stream): position for stream, position in positions.items()}
        self.send(wire.json_frame(wire.ATTACH, child.number, content))

    async def spawn(self, launch: Launch, listener: ChildListener) -> KeptChild:
        """Start a command. Raises StartFailedError, with a sentence."""
        if self._transport is None:
            await self._connect()
        request = self._next_request
        self._next_request += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # The answer makes the child at once: its output may be in the same read.
        self._requests[request] = answer
        self._listeners[request] = (launch.tag, listener)
        self.send(wire.json_frame(wire.SPAWN, request, launch.for_version(self.version)))
        try:
            async with asyncio.timeout(_TIMEOUT):
                child = await answer
        except TimeoutError as error:
            raise KeeperError(
                f"the keeper has not started the command in {_TIMEOUT:g} s"
            ) from error
        finally:
            self._requests.pop(request, None)
            self._listeners.pop(request, None)
        if isinstance(child, KeptChild):
            return child
        raise _not_started(launch, child["stage"], child["errno"])

    def forget(self, child: KeptChild) -> None:
        """The child's end has been taken note of."""
        if self._children.pop(child.number, None) is not None and self._transport is not None:
            self.send(wire.frame(wire.FORGET, child.number))

    # --- the connection

    def require(self) -> None:
        """Raise KeeperError where the keeper has gone."""
        if self._transport is None:
            raise keeper_gone()

    def send(self, frame: bytes) -> None:
        """Send a frame; what is on its way is bounded by windows and by who waits for answers."""
        if self._transport is not None:
            self._transport.write(frame)

    async def _connect(self) -> None:
        async with self._connecting:
            if self._transport is not None:
                return
            path = keeper_socket(self._directory)
            try:
                async with asyncio.timeout(_TIMEOUT):
                    try:
                        welcome = await self._greet(path)
                    except KeeperError:  # it was about to go
                        welcome = await self._greet(path)
            except (OSError, TimeoutError) as error:
                self._disconnect()  # what it says later would be taken for an answer
                raise KeeperError(
                    f"the keeper at {path} can't be started or doesn't answer: {error}"
                ) from error
            self._take_over(welcome)

    async def _greet(self, path: Path) -> dict[str, Any]:
        """Connect, and return what the keeper says of itself."""
        self._reader = wire.FrameReader()
        self._welcome = asyncio.get_running_loop().create_future()
        await self._open_socket(path)
        self.send(wire.json_frame(wire.HELLO, 0, {"version": wire.VERSION}))
        welcome: dict[str, Any] = await self._welcome
        return welcome

    async def _open_socket(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: self, str(path))
        except OSError:
            await self._collect()
            self._process = await asyncio.to_thread(start_keeper, path, self._directory)
            await loop.create_unix_connection(lambda: self, str(path))

    def _take_over(self, welcome: dict[str, Any]) -> None:
        self.pid = welcome["pid"]
        self.version = welcome["version"]
        for found in welcome["children"]:
            child = KeptChild(self, found["child"], found["tag"], found["pid"], found["root"])
            child.remember(found)
            self._children[child.number] = child

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._receive(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:
            return
        _log.error("the keeper has gone, and with it everything that ran")
        self._transport = None
        for waiting in [self._welcome, *self._requests.values()]:
            if waiting is not None and not waiting.done():
                waiting.set_exception(keeper_gone())
        children, self._children = self._children, {}
        for child in children.values():
            child.lost()

    def _receive(self, frame: wire.Frame) -> None:
        child = self._children.get(frame.child)
        if frame.kind == wire.OUTPUT:
            if child is not None and child.listener is not None:
                child.listener.output(frame.stream, frame.payload, frame.position)
        elif frame.kind == wire.WRITTEN:
            if child is not None:
                child.typed(frame.position)
        elif frame.kind == wire.RECEIVED:
            if child is not None:
                child.received()
        elif frame.kind == wire.EXITED:
            if child is not None:
                child.exited(frame.json()["code"])
        elif frame.kind == wire.WELCOME:
            if self._welcome is not None and not self._welcome.done():
                self._welcome.set_result(frame.json())
        elif frame.kind in (wire.STARTED, wire.FAILED):
            self._answer(frame)

    def _answer(self, frame: wire.Frame) -> None:
        answer = self._requests.get(frame.child)
        content = frame.json()
        if frame.kind == wire.FAILED:
            if answer is not None and not answer.done():
                answer.set_result(content)
            return
        tag, listener = self._listeners.get(frame.child, ("", None))
        child = KeptChild(self, content["child"], tag, content["pid"], content["root"])
        child.started_at = content.get("startedAt")  # an older keeper doesn't say
        self._children[child.number] = child
        if listener is None or answer is None or answer.done():
            child.signal(signal.SIGKILL)  # whoever wanted it has given up
            return
        child.listener = listener
        listener.started(child)
        answer.set_result(child)


def _not_started(launch: Launch, stage: int, number: int) -> StartFailedError:
    reason = os.strerror(number) if number else "it was refused"
    if STAGES[stage] == "command":
        return StartFailedError(
            f"the command {launch.argv[0]!r} can't be started: {reason}", command=launch.argv[0]
        )
    if STAGES[stage] == "directory":
        return StartFailedError(
            f"the working directory {launch.directory} can't be entered: {reason}",
            workingDirectory=launch.directory,
        )
    if STAGES[stage] == "limits":
        return StartFailedError(f"the limits can't be set: {reason}")
    return StartFailedError(f"no process can be started: {reason}")
