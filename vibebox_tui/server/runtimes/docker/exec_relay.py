"""A program for a terminal of the keeper's: the stream of an `exec` in a container.

Run as a script for each session, so that a session outlives the server as local ones do: standard
library only, nothing of ours imported. Arguments: where the engine is, as JSON (see
`address.relay_target`), and the id of an `exec` with a TTY that has been created.

A NUL, which no terminal shows, says that the stream has begun; where it can't begin, the reason
is printed instead. It ends with the exit code of the `exec`, or by SIGHUP where that can't be
known, having said in the terminal what happened.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

READY: Final = b"\0"

REFUSED: Final = 125
"""The exit code where the stream can't begin, as `docker exec` has it."""

_ROOM: Final = 64 * 1024
"""Bytes on their way in each direction; then who writes waits."""

_PIECE: Final = 16 * 1024

ANSWER: Final = 20.0
"""Seconds in which the engine answers, and `ssh` logs in."""

_CODE_KNOWN: Final = 2.0
"""Seconds after a stream's end in which the engine knows the exit code."""

_SIZE_TAKEN: Final = 1.0
"""Seconds after a stream's beginning in which the engine takes its size."""

_NO_COMMAND: Final = (126, 127)
"""Exit codes of what couldn't be run."""

_PAUSE: Final = 0.05

_SIZE: Final = struct.Struct("HHHH")


class RefusedError(Exception):
    """What the engine says instead."""


class LostError(Exception):
    """Why nobody knows how it has ended."""


class Engine:
    """The engine's API, as far as an `exec` needs it. May raise OSError."""

    def __init__(self, target: dict[str, Any], exec_id: str) -> None:
        self.waits: tuple[type[OSError], ...] = (BlockingIOError, InterruptedError)
        """What a read or a write raises where it would have to wait."""
        self._target = target
        self._path = f"/exec/{exec_id}"

    def begin(self) -> tuple[socket.socket, bytes]:
        """Start it: the connection that has become its stream, and what of that has come."""
        connection = self._connect()
        body = json.dumps({"Detach": False, "Tty": True})
        _send(
            connection, f"POST {self._path}/start HTTP/1.1", body,
            "Connection: Upgrade", "Upgrade: tcp",
        )  # fmt: skip
        head, rest = _head(connection)
        if _status(head) not in (101, 200):
            raise RefusedError(_reason(rest))
        connection.settimeout(None)
        return connection, rest

    def resize(self, rows: int, columns: int) -> bool:
        """Give it a size; whether it took it."""
        status, _ = self._ask(f"POST {self._path}/resize?h={rows}&w={columns}")
        return status < 300

    def state(self) -> dict[str, Any]:
        """What it is doing, or how it has ended; empty where that isn't known any more."""
        status, body = self._ask(f"GET {self._path}/json")
        found: dict[str, Any] = json.loads(body) if status == 200 else {}
        return found

    def _ask(self, request: str) -> tuple[int, bytes]:
        with self._connect() as connection:
            _send(connection, f"{request} HTTP/1.0", "")  # 1.0: the answer ends with the connection
            head, body = _head(connection)
            while data := connection.recv(_PIECE):
                body += data
        return _status(head), body

    def _connect(self) -> socket.socket:
        if "unix" in self._target:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(ANSWER)
            connection.connect(self._target["unix"])
            return connection
        connection = socket.create_connection(tuple(self._target["tcp"]), ANSWER)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return self._secured(connection) if "tls" in self._target else connection

    def _secured(self, connection: socket.socket) -> socket.socket:
        import ssl

        self.waits = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
        tls = self._target["tls"]
        context = ssl.create_default_context(cafile=tls["authority"])
        if tls["certificate"]:
            context.load_cert_chain(tls["certificate"], tls["key"])
        return context.wrap_socket(connection, server_hostname=self._target["tcp"][0])


class Flow:
    """One direction: read while there is room, written as fast as it is taken."""

    def __init__(
        self,
        read: Callable[[int], bytes],
        write: Callable[[bytes], int],
        waits: tuple[type[OSError], ...],
        waiting: bytes = b"",
    ) -> None:
        self.over = False
        self._read = read
        self._write = write
        self._waits = waits
        self._waiting = bytearray(waiting)

    @property
    def wants(self) -> bool:
        """Whether more may come."""
        return not self.over and len(self._waiting) < _ROOM

    @property
    def has(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._waiting)

    def move(self) -> None:
        """Read and write until neither goes on; where nobody takes it any more, it is over."""
        try:
            self._give()
            while self.wants and self._take():
                self._give()
        except OSError:
            self.over = True
            self._waiting.clear()

    def _take(self) -> bool:
        try:
            data = self._read(_PIECE)
        except self._waits:
            return False
        except OSError:  # reset, or the terminal is closed
            data = b""
        self.over = not data
        self._waiting += data
        return not self.over

    def _give(self) -> None:
        with contextlib.suppress(*self._waits):
            while self._waiting:
                written = self._write(bytes(self._waiting[:_PIECE]))
                del self._waiting[:written]


def main() -> int:
    """Relay until the end; the exit code of the `exec`."""
    tty.setraw(0)
    try:
        with reached(json.loads(sys.argv[1])) as target:
            return attend(Engine(target, sys.argv[2]))
    except RefusedError as error:
        print(error, end="", flush=True)
        return REFUSED
    except LostError as error:
        hang_up(str(error))


@contextlib.contextmanager
def reached(target: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The engine as it is reached from here: that of another host by an `ssh` of our own.

    Raises:
        RefusedError: SSH fails; the reason is its own.
    """
    if "ssh" not in target:
        yield target
        return
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="vibebox-") as directory:
        here, log = Path(directory, "engine.sock"), Path(directory, "log")
        null, pipe = subprocess.DEVNULL, subprocess.PIPE
        command = forwarding(target["ssh"], here)
        with (
            log.open("wb") as said,
            subprocess.Popen(command, stdin=pipe, stdout=null, stderr=said) as ssh,
        ):
            try:
                deadline = time.monotonic() + ANSWER
                while not here.exists():
                    if ssh.poll() is not None or time.monotonic() > deadline:
                        raise RefusedError(complaint(log))
                    time.sleep(_PAUSE)
                yield {"unix": str(here)}
            finally:
                ssh.terminate()


def forwarding(place: Mapping[str, str], here: Path) -> list[str]:
    """The `ssh` that has a socket of another host at the path `here`, until its input ends.

    It asks nothing, and a link that has died is noticed within half a minute.
    """
    options = (
        "BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=10", "ServerAliveCountMax=3",
        "ExitOnForwardFailure=yes", "ControlPath=none",
    )  # fmt: skip
    words = ["ssh", "-T", *(word for option in options for word in ("-o", option))]
    port = ["-p", place["port"]] if place["port"] else []
    return [*words, *port, "-L", f"{here}:{place['socket']}", "--", place["host"], "cat"]


def complaint(log: Path) -> str:
    """What an `ssh` said last."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    last = lines[-1] if lines else "no answer by SSH"
    return "".join(each for each in last if each.isprintable())


def attend(engine: Engine) -> int:
    """Begin, relay and end. Raises RefusedError, LostError."""
    try:
        stream, rest = engine.begin()
        wait_for_start(engine, stream, rest)
    except OSError as error:
        raise RefusedError(error) from error
    os.write(1, READY)
    follow_size(engine)
    relay(stream, rest, engine.waits)
    return ending(engine)


def wait_for_start(engine: Engine, stream: socket.socket, rest: bytes) -> None:
    """Return once it runs, or has run. Raises RefusedError: there is nothing to run."""
    deadline = time.monotonic() + ANSWER
    while time.monotonic() < deadline:
        state = engine.state()
        if not state.get("Running"):
            if state.get("ExitCode") in _NO_COMMAND:
                raise RefusedError(_last_words(stream, rest))
            return
        if state.get("Pid"):
            return
        time.sleep(_PAUSE)


def _last_words(stream: socket.socket, rest: bytes) -> str:
    with contextlib.suppress(OSError):
        while data := stream.recv(_PIECE):
            rest += data
    return rest.decode("utf-8", "replace").strip()


def follow_size(engine: Engine) -> None:
    """Give the `exec` this terminal's size, now and whenever that changes."""

    def resize(*_: object) -> bool:
        rows, columns, _, _ = _SIZE.unpack(fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(_SIZE.size)))
        try:
            return engine.resize(rows, columns)
        except OSError:
            return False  # its stream will say so

    signal.signal(signal.SIGWINCH, resize)
    deadline = time.monotonic() + _SIZE_TAKEN
    while not resize() and time.monotonic() < deadline:  # it is only being started
        time.sleep(_PAUSE)


def relay(stream: socket.socket, rest: bytes, waits: tuple[type[OSError], ...]) -> None:
    """Pass on what is typed and what comes, until the stream has ended."""
    for descriptor in (0, 1):
        os.set_blocking(descriptor, False)
    stream.setblocking(False)
    typed = Flow(lambda size: os.read(0, size), stream.send, waits)
    shown = Flow(stream.recv, lambda data: os.write(1, data), waits, rest)
    while True:
        shown.move()
        typed.move()
        if shown.over and not shown.has:
            return
        readers = [stream] * shown.wants + [0] * typed.wants
        writers = [1] * shown.has + [stream] * typed.has
        select.select(readers, writers, [])


def ending(engine: Engine) -> int:
    """The exit code, once the engine knows it. Raises LostError."""
    deadline = time.monotonic() + _CODE_KNOWN
    try:
        while (state := engine.state()).get("Running") and time.monotonic() < deadline:
            time.sleep(_PAUSE)
    except (OSError, ValueError) as error:
        raise LostError(
            "the container engine has gone; a shell in a container can't be attached to again"
        ) from error
    code = None if state.get("Running") else state.get("ExitCode")
    if code is None:
        raise LostError("the container has ended, or the connection to it broke")
    return int(code)


def hang_up(reason: str) -> NoReturn:
    """Say why, and end by SIGHUP."""
    os.set_blocking(1, True)
    os.write(1, f"\r\n[{reason}]\r\n".encode())
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGHUP)
    raise SystemExit(REFUSED)


# --- HTTP, of which it takes this much ------------------------------------------------------


def _send(connection: socket.socket, request: str, body: str, *headers: str) -> None:
    lines = [
        request, "Host: engine", *headers,
        "Content-Type: application/json", f"Content-Length: {len(body)}", "", body,
    ]  # fmt: skip
    connection.sendall("\r\n".join(lines).encode())


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    """The status line with the headers, and what has come behind them."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(_PIECE)
        if not piece:
            raise ConnectionError("the container engine closed the connection")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _status(head: bytes) -> int:
    words = head.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _reason(body: bytes) -> str:
    """What a refusal says; its body may come in one chunk with a length before it."""
    start = body.find(b"{")
    try:
        said = json.JSONDecoder().raw_decode(body[max(start, 0) :].decode())[0]
        return f"the container engine says: {said['message']}"
    except (ValueError, KeyError, TypeError):
        return "the container engine refused to start a shell"


if __name__ == "__main__":
    raise SystemExit(main())
