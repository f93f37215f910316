"""WebSocket clients that cost next to nothing: sockets that are read, and what came is counted."""

import base64
import json
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_RECEIVE: Final = 1024 * 1024
"""Bytes taken from a socket at once."""

TIMEOUT: Final = 120.0
"""Seconds that anything may take."""


class WebSocketClient:
    """One connection, blocking, to a server on a Unix socket or on a port of this machine."""

    def __init__(self, at: Path | int, target: str = "/", token: str | None = None) -> None:
        if isinstance(at, int):
            self.socket = socket.create_connection(("127.0.0.1", at))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(str(at))
        self.socket.settimeout(TIMEOUT)
        self._rest = bytearray()
        self._open(target, token)

    def _open(self, target: str, token: str | None) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall(
            f"GET {target} HTTP/1.1\r\nHost: local\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n{authorization}"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _, rest = bytes(self._rest).partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode(errors="replace"))
        self._rest = bytearray(rest)

    def send(self, kind: str, **payload: Any) -> None:
        """Send a message, masked as a client has to."""
        self.send_bytes(json.dumps({"type": kind, "payload": payload}).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send a text frame; the mask is zero, which leaves it as it is."""
        size = len(data)
        if size < 126:
            head = struct.pack(">BB", 0x81, 0x80 | size)
        elif size < 65536:
            head = struct.pack(">BBH", 0x81, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", 0x81, 0x80 | 127, size)
        self.socket.sendall(head + bytes(4) + data)

    def messages(self) -> Iterator[bytes]:
        """What comes, message by message."""
        while True:
            yield self.next()

    def next(self) -> bytes:
        """The next text or binary message."""
        while True:
            opcode, data = self._frame()
            if opcode in (1, 2):
                return data
            if opcode == 8:
                raise ConnectionError(f"closed: {data!r}")
            if opcode == 9:
                self.socket.sendall(struct.pack(">BB", 0x8A, 0x80) + bytes(4))

    def wait_for(self, text: bytes) -> bytes:
        """The next message that contains `text`."""
        for message in self.messages():
            if text in message:
                return message
        raise AssertionError

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _frame(self) -> tuple[int, bytes]:
        self._fill(2)
        length, start = self._rest[1] & 127, 2
        if length == 126:
            self._fill(4)
            length, start = int.from_bytes(self._rest[2:4], "big"), 4
        elif length == 127:
            self._fill(10)
            length, start = int.from_bytes(self._rest[2:10], "big"), 10
        self._fill(start + length)
        opcode, data = self._rest[0] & 15, bytes(self._rest[start : start + length])
        del self._rest[: start + length]
        return opcode, data

    def _fill(self, size: int) -> None:
        while len(self._rest) < size:
            self._receive()

    def _receive(self) -> None:
        data = self.socket.recv(_RECEIVE)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._rest += data


class Counters:
    """Clients of which only that is wanted how often each was sent `marker`."""

    def __init__(self, clients: list[WebSocketClient], marker: bytes) -> None:
        self.clients = clients
        self.counts = [0] * len(clients)
        self._marker = marker
        self._tails = [b""] * len(clients)
        self._selector = selectors.DefaultSelector()
        for number, client in enumerate(clients):
            client.socket.setblocking(False)
            self._selector.register(client.socket, selectors.EVENT_READ, number)
            self._count(number, bytes(client._rest))

    def read_until(self, count: int, patience: float = TIMEOUT) -> float:
        """Read until every client has `count` of them; the seconds that it took."""
        began = time.monotonic()
        while min(self.counts) < count:
            if time.monotonic() - began > patience:
                raise TimeoutError(f"{min(self.counts)} of {count} came in {patience:g} s")
            self.read(1.0)
        return time.monotonic() - began

    def read(self, seconds: float) -> None:
        """Read what has come, or wait for it for so long."""
        for key, _ in self._selector.select(seconds):
            data = key.fileobj.recv(_RECEIVE)  # type: ignore[union-attr]
            if not data:
                raise ConnectionError("the server closed a connection")
            self._count(key.data, data)

    def close(self) -> None:
        """Close all of them."""
        self._selector.close()
        for client in self.clients:
            client.close()

    def _count(self, number: int, data: bytes) -> None:
        keep = len(self._marker) - 1
        seen = self._tails[number] + data
        self.counts[number] += seen.count(self._marker)
        self._tails[number] = seen[-keep:]
