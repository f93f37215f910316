"""The keeper's loop: children on one side, the server on the other."""

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

from vibebox_tui.server.keeper import wire
from vibebox_tui.server.keeper.child import TERMINAL, Child
from vibebox_tui.server.keeper.init import FAILED, STARTED, become_subreaper, descendants
from vibebox_tui.server.keeper.launch import Launch
from vibebox_tui.server.keeper.link import Link
from vibebox_tui.server.keeper.stream import KEPT, KEPT_BY_ALL, KEPT_BY_EACH, READ, Stream

_ALONE: Final = 30.0
"""Seconds without a server after which a keeper goes that has no children, or whose socket has
been deleted, so that no server will ever find it."""

_LOOK: Final = 5.0
"""Seconds between two looks at whether that is so."""

_LOOK_SOON: Final = 0.004
"""Seconds after which a pipe that has been emptied is looked at once more: the rest of a trace is
to be there before what is written next into another pipe."""

_LOOK_AGAIN: Final = 0.012
"""The same of pipes that go on having something, all of them at once: who writes line by line is
waited for once in that time, not at every line, and many who write wake us and the server once. It
is less than a tick of the server's writers. A terminal never rests: its output may be an echo."""

_TELL_EVERY: Final = 16 * 1024
"""Bytes typed into a terminal after which the server is told: a fourth of what it lets be on its
way, so that it is never kept waiting, and never woken for a key."""

_QUIT_GRACE: Final = 5.0
"""Seconds in which forced children have to be gone when the keeper is told to go."""


class Keeper:
    """Owns children, pipes and PTYs for one server at a time, and outlives it."""

    def __init__(self, listener: socket.socket, path: str, alone: float = _ALONE) -> None:
        self._listener = listener
        self._path = path
        self._alone = alone
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, Child] = {}
        self._link: Link | None = None
        self._left_at = time.monotonic()
        self._next = 1
        self._resting: list[tuple[Child, Stream]] = []
        self._look_again = 0.0
        self._quitting = float("inf")
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def run(self) -> None:
        """Keep, until there is nothing to keep and nobody to keep it for."""
        self._prepare_process()
        self._listener.setblocking(False)
        self._watch(self._listener.fileno(), selectors.EVENT_READ, self._accept)
        self._watch(self._woken, selectors.EVENT_READ, self._collect)
        while not self._done():
            for key, mask in self._selector.select(self._timeout()):
                key.data(mask)
            self._end_rests()
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108  # pathlib would double what we weigh

    def _prepare_process(self) -> None:
        become_subreaper()
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._quit())

    def _timeout(self) -> float | None:
        """Seconds until there is something to do whatever happens."""
        if self._resting:
            return max(0.0, self._look_again - time.monotonic())
        if self._quitting != float("inf"):
            return 0.05
        return None if self._link else _LOOK

    def _done(self) -> bool:
        if self._quitting != float("inf"):
            return not self._left() or time.monotonic() > self._quitting
        if self._link is not None or time.monotonic() - self._left_at < self._alone:
            return False
        if not self._reachable():
            self._quit()
            return False
        return not self._children

    def _left(self) -> bool:
        """Whether a child is left, or what one's terminal has left behind; that is ended."""
        if any(not child.gone for child in self._children.values()):
            return True
        orphans = descendants(os.getpid())
        for pid in orphans:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return bool(orphans)

    def _reachable(self) -> bool:
        return os.path.exists(self._path)  # noqa: PTH110

    def _quit(self) -> None:
        if self._quitting == float("inf"):
            self._quitting = time.monotonic() + _QUIT_GRACE
            for child in self._children.values():
                child.signal(signal.SIGKILL)

    # --- the server

    def _accept(self, _mask: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if self._link is not None:  # the newest server is the one that lives
            self._leave()
        self._link = Link(connection, self._selector, self._obey, self._leave, self._pump_all)

    def _leave(self) -> None:
        """The server has gone: read on, as far as there is room."""
        if self._link is not None:
            self._link.close()
            self._link = None
        self._left_at = time.monotonic()
        for child in self._children.values():
            child.paused = False
            for stream in child.streams.values():
                stream.attached = False
                self._listen(child, stream)

    def _obey(self, frame: wire.Frame) -> None:
        if frame.kind == wire.HELLO:
            self._welcome()
        elif frame.kind == wire.SPAWN:
            self._spawn(frame)
        elif frame.kind == wire.QUIT:
            self._quit()
        elif (child := self._children.get(frame.child)) is not None:
            self._obey_for(child, frame)

    def _obey_for(self, child: Child, frame: wire.Frame) -> None:
        kind = frame.kind
        if kind == wire.INPUT:
            self._type(child, frame.payload)
        elif kind == wire.NUMBERED_INPUT:
            self._type(child, child.memory.take(frame.position, frame.payload))
            self._send(wire.frame(wire.RECEIVED, child.number, position=frame.position))
        elif kind == wire.ACKNOWLEDGE:
            stream = child.streams[frame.stream]
            child.acknowledge(stream, frame.position)
            self._listen(child, stream)
        elif kind == wire.ATTACH:
            self._attach(child, frame.json())
        elif kind == wire.RESIZE:
            child.resize(*divmod(frame.position, 65536))
        elif kind == wire.SIGNAL:
            child.signal(frame.position)
        elif kind == wire.PAUSE:
            child.paused = bool(frame.position)
            for stream in child.streams.values():
                self._listen(child, stream)
        elif kind == wire.FORGET and child.ended:
            del self._children[child.number]

    def _welcome(self) -> None:
        found = [child.describe() for child in self._children.values() if child.request == 0]
        self._send(
            wire.json_frame(
                wire.WELCOME, 0, {"version": wire.VERSION, "pid": os.getpid(), "children": found}
            )
        )

    def _attach(self, child: Child, positions: dict[str, int]) -> None:
        child.told = False
        for number, stream in child.streams.items():
            stream.attach(positions.get(str(number), stream.start))
            child.sizes.forget_before(stream.start)
            self._listen(child, stream)
        self._pump(child)

    # --- children

    def _spawn(self, frame: wire.Frame) -> None:
        launch = Launch(**frame.json())
        child = Child(self._next, launch, request=frame.child)
        self._next += 1
        try:
            start = child.start_in_terminal if launch.rows else child.start_with_pipes
            start(launch)
        except OSError as error:
            self._fail(child, 0, error.errno or 0)
            return
        self._children[child.number] = child
        self._watch(child.reports, selectors.EVENT_READ, lambda _: self._hear(child))
        for stream in child.streams.values():
            self._listen(child, stream)

    def _hear(self, child: Child) -> None:
        """The child's start has worked or failed, or the command under init has ended."""
        fd = child.reports
        news = child.news()
        if child.reports < 0:
            self._selector.unregister(fd)
        if news is None:
            return
        kind, first, second = news
        if kind == STARTED:
            self._send(wire.json_frame(wire.STARTED, child.request, child.identity()))
            child.request = 0
            if self._link is not None:
                self._attach(child, {})
        elif kind == FAILED:
            self._fail(child, first, second)
            self._drop(child)

    def _fail(self, child: Child, stage: int, number: int) -> None:
        self._send(wire.json_frame(wire.FAILED, child.request, {"stage": stage, "errno": number}))

    def _drop(self, child: Child) -> None:
        for stream in child.streams.values():
            self._unlisten(stream)
        if child.reports >= 0:
            self._selector.unregister(child.reports)
        child.close()
        self._children.pop(child.number, None)

    def _collect(self, _mask: int) -> None:
        """Reap what has ended; what we don't know is an orphan of a session that we adopted."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 512)
        roots = {child.root: child for child in self._children.values() if not child.gone}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if (child := roots.get(pid)) is not None:
                self._gone(child, status)

    def _gone(self, child: Child, status: int) -> None:
        while child.reports >= 0:
            self._hear(child)  # its last words
        child.reaped(status)
        for stream in child.streams.values():
            self._listen(child, stream)
            if not (stream.full or child.paused):
                self._read(child, stream)
        self._tell_end(child)

    # --- output and input

    def _listen(self, child: Child, stream: Stream) -> None:
        """Watch the stream for output where there is room for it, for input where some waits."""
        if stream.fd < 0:
            return
        waits = stream.full or child.paused or stream.resting
        wanted = 0 if waits else selectors.EVENT_READ
        if stream.fd == child.terminal and child.is_typing:
            wanted |= selectors.EVENT_WRITE
        key = self._selector.get_map().get(stream.fd)
        if key is None and wanted:
            self._watch(stream.fd, wanted, lambda mask: self._ready(child, stream, mask))
        elif key is not None and not wanted:
            self._selector.unregister(stream.fd)
        elif key is not None and key.events != wanted:
            self._selector.modify(stream.fd, wanted, key.data)

    def _unlisten(self, stream: Stream) -> None:
        if stream.fd >= 0 and stream.fd in self._selector.get_map():
            self._selector.unregister(stream.fd)

    def _ready(self, child: Child, stream: Stream, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            self._read(child, stream)
        if mask & selectors.EVENT_WRITE:
            self._type(child, b"")

    def _rest(self, child: Child, stream: Stream, seconds: float) -> None:
        """Look at the stream after so long, or with others that rest."""
        until = time.monotonic() + seconds
        self._look_again = min(until, self._look_again) if self._resting else until
        if not stream.resting:
            stream.resting = True
            self._resting.append((child, stream))
            self._listen(child, stream)

    def _end_rests(self) -> None:
        """Read what has come meanwhile; a stream with nothing is watched again."""
        if not self._resting or time.monotonic() < self._look_again:
            return
        rested, self._resting = self._resting, []
        for child, stream in rested:
            stream.resting = False
            if stream.fd >= 0 and not (stream.full or child.paused):
                self._read(child, stream, _LOOK_AGAIN)
            else:
                self._listen(child, stream)

    def _read(self, child: Child, stream: Stream, rest: float = _LOOK_SOON) -> None:
        size = self._take(child, stream)
        while child.gone and not (stream.finished or stream.full):
            self._take(child, stream)
        if stream.finished:
            self._unlisten(stream)
            stream.close()
            self._tell_end(child)
        elif 0 < size < READ and not stream.full and stream.number != TERMINAL:
            self._rest(child, stream, rest)
        else:
            self._listen(child, stream)

    def _take(self, child: Child, stream: Stream) -> int:
        """Read what is there and send it on; how many bytes it was."""
        if self._link is None or stream.number != TERMINAL:
            stream.limit = self._limit()
        data = stream.read(child.gone)
        link = self._link
        if not data or link is None or not stream.attached:
            return len(data)
        start = stream.end - len(data)
        if link.idle and stream.sent == start:
            stream.sends(len(data))
            link.send_output(child.number, stream.number, start, data)
        else:
            self._pump(child)
        return len(data)

    def _limit(self) -> int:
        """What a stream may keep, so that all of them together cost little.

        A terminal of which a server saves the screen now and then has all of its room meanwhile.
        """
        streams = (stream for child in self._children.values() for stream in child.streams.values())
        kept = sum(stream.end - stream.start for stream in streams)
        return KEPT if kept < KEPT_BY_ALL else KEPT_BY_EACH

    def _pump_all(self) -> None:
        for child in list(self._children.values()):
            self._pump(child)

    def _pump(self, child: Child) -> None:
        """Send what is kept and not sent, as long as the socket takes it."""
        link = self._link
        for stream in child.streams.values():
            while link is not None and link.idle and stream.attached and stream.sent < stream.end:
                data = stream.unsent()
                position = stream.sends(len(data))
                link.send_output(child.number, stream.number, position, data)
            self._listen(child, stream)
        self._tell_end(child)

    def _tell_end(self, child: Child) -> None:
        if child.ended and child.sent and not child.told and self._link is not None:
            child.told = True
            self._send(wire.json_frame(wire.EXITED, child.number, {"code": child.code}))

    def _type(self, child: Child, data: bytes) -> None:
        was_typing = child.is_typing
        child.type(data)
        if child.is_typing != was_typing and child.terminal >= 0:
            self._listen(child, child.streams[TERMINAL])
        if child.typed - child.typed_told >= _TELL_EVERY:
            child.typed_told = child.typed
            self._send(wire.frame(wire.WRITTEN, child.number, position=child.typed))

    def _send(self, frame: bytes) -> None:
        if self._link is not None:
            self._link.send(frame)

    def _watch(self, fd: int, events: int, callback: Callable[[int], None]) -> None:
        self._selector.register(fd, events, callback)
