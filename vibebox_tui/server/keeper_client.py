"""The server's side of the keeper: starting it, finding it again, speaking with it."""

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, Self, cast

import vibebox_tui.server.keeper as keeper_package
from vibebox_tui.paths import private_directory, runtime_directory
from vibebox_tui.server.errors import KeeperError, StartFailedError
from vibebox_tui.server.keeper import wire
from vibebox_tui.server.keeper.launch import GROUPS_VERSION, STAGES, Launch
from vibebox_tui.server.runtimes.base import InputNumber

_TIMEOUT: Final = 10.0
"""Seconds in which the keeper has to answer; generous, since a loaded machine starts it."""

INPUT_WINDOW: Final = 64 * 1024
"""Bytes of input on their way to a terminal that doesn't read; then who types waits."""

_SOCKET_PATH: Final = 100
"""Bytes that a Unix socket's path may have everywhere (Linux 107, macOS 103)."""

_SMALL: Final = {"MALLOC_MMAP_THRESHOLD_": "32768", "MALLOC_TRIM_THRESHOLD_": "32768"}
"""Has glibc give back at once what a flood took (bytes; the keeper is to stay below 15 MiB)."""

_log = logging.getLogger(__name__)


class ChildListener(Protocol):
    """Who is told about a child; called on the event loop, in order."""

    def started(self, child: "KeptChild") -> None:
        """It runs; said before anything else."""

    def output(self, stream: int, data: bytes, position: int) -> None:
        """Output whose first byte is number `position`; to be acknowledged when it is safe."""

    def exited(self, code: int | None) -> None:
        """It has ended, and all of its output has been given; negative: killed by a signal."""

    def lost(self) -> None:
        """The keeper has gone, and the child with it."""


class KeptChild:
    """A child of the keeper. `pid` is the command's, `root` the process above all of it.

    `past` is what it has lived through before we connected.
    """

    def __init__(self, keeper: "KeeperClient", number: int, tag: str, pid: int, root: int) -> None:
        self.tag = tag
        self.number = number
        self.pid = pid
        self.root = root
        self.started_at: float | None = None
        self.listener: ChildListener | None = None
        self.past: dict[str, Any] = {}
        self._keeper = keeper
        self._given = 0
        self._typed = 0
        self._gone = False
        self._writers: deque[asyncio.Future[None]] = deque()
        self._receipts: deque[asyncio.Future[None]] = deque()

    def remember(self, past: dict[str, Any]) -> None:
        """Take up what the keeper says of a child that was found."""
        self.past = past
        self.started_at = past["startedAt"]
        self._given = past.get("taken", 0)
        self._typed = past.get("typed", 0)

    async def write(self, data: bytes, number: InputNumber | None = None) -> None:
        """Type `data`; returns when it has been typed all but what fits a window of 64 KiB.

        With a `number` it returns once the keeper has all of it and remembers that.

        Raises:
            KeeperError: the keeper has gone.
        """
        receipt: asyncio.Future[None] | None = None
        for start in range(0, len(data), INPUT_WINDOW):
            while not self.has_room and not self._gone:
                await self._room()
            piece = data[start : start + INPUT_WINDOW]
            receipt = self._send(piece, number, start, is_last=start + len(piece) == len(data))
        if receipt is not None:
            await receipt

    @property
    def has_room(self) -> bool:
        """Whether a window of input can be typed without waiting."""
        return self._given - self._typed < INPUT_WINDOW

    def write_now(
        self, data: bytes, number: InputNumber | None = None
    ) -> asyncio.Future[None] | None:
        """Type at most a window of `data`, for which there is room; as `write`, but that what it
        would wait for is returned, if there is anything. Raises KeeperError."""
        return self._send(data, number, 0, is_last=True)

    def received(self) -> None:
        """The oldest numbered input that we sent is the keeper's now."""
        if self._receipts and not (receipt := self._receipts.popleft()).done():
            receipt.set_result(None)

    def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size."""
        self._keeper.send(wire.frame(wire.RESIZE, self.number, position=rows << 16 | columns))

    def signal(self, number: int) -> None:
        """Signal everything that it has started."""
        self._keeper.send(wire.frame(wire.SIGNAL, self.number, position=number))

    def acknowledge(self, stream: int, position: int) -> None:
        """Say that everything of a stream before `position` is safe."""
        self._keeper.send(wire.frame(wire.ACKNOWLEDGE, self.number, stream, position))

    def pause(self, paused: bool) -> None:
        """Read none of its output for a while, so that it waits."""
        self._keeper.send(wire.frame(wire.PAUSE, self.number, position=int(paused)))

    def forget(self) -> None:
        """Its end has been taken note of."""
        self._keeper.forget(self)

    def typed(self, position: int) -> None:
        """So many bytes have been typed in all."""
        self._typed = position
        self._wake()

    def exited(self, code: int | None) -> None:
        """It has ended: who waits to type need not any more."""
        self._gone = True
        self._wake()
        while self._receipts:
            self.received()
        if self.listener is not None:
            self.listener.exited(code)

    def lost(self) -> None:
        """The keeper has gone."""
        self._gone = True
        self._wake()
        while self._receipts:
            if not (receipt := self._receipts.popleft()).done():
                receipt.set_exception(_gone())
                receipt.exception()  # only that of the last part is waited for
        if self.listener is not None:
            self.listener.lost()

    def _send(
        self, piece: bytes, number: InputNumber | None, start: int, *, is_last: bool
    ) -> asyncio.Future[None] | None:
        self._given += len(piece)
        if number is not None and self._keeper.numbers_input:
            return self._send_numbered(number, start, is_last, piece)
        self._keeper.send(wire.frame(wire.INPUT, self.number, payload=piece))
        return None

    def _send_numbered(
        self, number: InputNumber, start: int, is_last: bool, piece: bytes
    ) -> asyncio.Future[None]:
        client = number.client.encode()
        part = wire.PART.pack(number.offset + start, is_last, len(client))
        payload = part + client + piece
        frame = wire.frame(
            wire.NUMBERED_INPUT, self.number, position=number.number, payload=payload
        )
        self._keeper.require()
        self._keeper.send(frame)
        receipt = asyncio.get_running_loop().create_future()
        self._receipts.append(receipt)
        return receipt

    async def _room(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._writers.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._writers:
                self._writers.remove(waiter)
        self._keeper.require()

    def _wake(self) -> None:
        for waiter in self._writers:
            if not waiter.done():
                waiter.set_result(None)
        self._writers.clear()


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
            raise _gone()

    def send(self, frame: bytes) -> None:
        """Send a frame; what is on its way is bounded by windows and by who waits for answers."""
        if self._transport is not None:
            self._transport.write(frame)

    async def _connect(self) -> None:
        async with self._connecting:
            if self._transport is not None:
                return
            path = keeper_socket(self._directory)
            self._reader = wire.FrameReader()
            self._welcome = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(_TIMEOUT):
                    await self._open_socket(path)
                    self.send(wire.json_frame(wire.HELLO, 0, {"version": wire.VERSION}))
                    welcome = await self._welcome
            except (OSError, TimeoutError) as error:
                raise KeeperError(
                    f"the keeper at {path} can't be started or doesn't answer: {error}"
                ) from error
            self._take_over(welcome)

    async def _open_socket(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: self, str(path))
        except OSError:
            await self._collect()
            self._process = await asyncio.to_thread(_start, path, self._directory)
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
                waiting.set_exception(_gone())
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
        elif frame.kind == wire.WELCOME and self._welcome is not None:
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


def _gone() -> KeeperError:
    return KeeperError("the keeper, the process that owns what runs, has gone")


def keeper_socket(directory: Path) -> Path:
    """Where the keeper of a data directory listens: in it, or where the path is short enough."""
    path = directory / "keeper.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(directory.absolute())).hexdigest()[:16]
    return private_directory(runtime_directory()) / f"keeper-{digest}.sock"


def _start(path: Path, directory: Path) -> subprocess.Popen[bytes]:
    """Start a keeper that listens at `path`; one can connect at once, before it has come up."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        listener.listen(4)
        main = Path(keeper_package.__file__).with_name("__main__.py")
        with (directory / "keeper.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(main), str(listener.fileno()), str(path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), **_SMALL},
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )


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
