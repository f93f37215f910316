"""What many are sent comes whole and in order to each, also to who reads late."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vibebox_tui.server import shared_bytes
from vibebox_tui.server.outlet import Outlet
from vibebox_tui.server.shared_bytes import MIN_BYTES, SharedBytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")

SECONDS = 10.0


class Sender(asyncio.Protocol):
    """One end of a pair of sockets; the other doesn't block and is read by the test."""

    def __init__(self) -> None:
        here, self.peer = socket.socketpair()
        here.setblocking(False)
        self.peer.setblocking(False)
        self.here = here
        self.is_lost = asyncio.Event()

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, sock=self.here)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.outlet = Outlet(transport)

    def resume_writing(self) -> None:
        self.outlet.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost.set()

    async def read(self, size: int) -> bytes:
        """`size` bytes, fewer where the connection ends before."""
        loop = asyncio.get_running_loop()
        received = bytearray()
        async with asyncio.timeout(SECONDS):
            while len(received) < size:
                piece = await loop.sock_recv(self.peer, size - len(received))
                if not piece:
                    break
                received += piece
        return bytes(received)


@pytest.fixture
async def senders() -> AsyncIterator[list[Sender]]:
    senders = [Sender() for _ in range(3)]
    for sender in senders:
        await sender.connect()
    yield senders
    for sender in senders:
        sender.transport.abort()
        await asyncio.wait_for(sender.is_lost.wait(), SECONDS)
        sender.peer.close()


def memory_files() -> int:
    """How many this process has open."""
    links = [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum("memfd:vibebox" in link for link in links)


def pieces(count: int, size: int) -> list[SharedBytes]:
    return [SharedBytes(os.urandom(size)) for _ in range(count)]


async def test_every_receiver_gets_shared_and_own_bytes_in_order(senders: list[Sender]) -> None:
    shared = pieces(20, 100_000)  # more than sockets hold, so that each has to wait for room
    for sender in senders:
        for number, piece in enumerate(shared):
            sender.outlet.write(piece)
            sender.outlet.write(b"own %d" % number)
    expected = b"".join(b"%bown %d" % (piece, number) for number, piece in enumerate(shared))
    assert memory_files() > 0
    for sender in reversed(senders):
        assert await sender.read(len(expected)) == expected


async def test_what_was_passed_on_outlives_the_bytes(senders: list[Sender]) -> None:
    shared = pieces(1, 64 * 1024)
    expected = bytes(shared[0])
    for sender in senders:
        sender.outlet.write(shared[0])
    assert memory_files() == 1
    del shared
    assert memory_files() == 0
    for piece in pieces(3, 64 * 1024):  # what might get the same memory
        senders[0].outlet.write(piece)
        senders[1].outlet.write(piece)
        del piece
    for sender in senders:
        assert await sender.read(len(expected)) == expected


@pytest.mark.parametrize("size", [1, MIN_BYTES - 1])
async def test_few_bytes_need_no_file(senders: list[Sender], size: int) -> None:
    (piece,) = pieces(1, size)
    for sender in senders:
        sender.outlet.write(piece)
        assert await sender.read(size) == piece
    assert memory_files() == 0


async def test_no_more_files_are_opened_than_there_may_be(
    senders: list[Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_bytes, "MAX_FILES", 2)
    shared = pieces(5, MIN_BYTES)
    for sender in senders:
        for piece in shared:
            sender.outlet.write(piece)
    assert memory_files() == 2
    for sender in senders:
        assert await sender.read(5 * MIN_BYTES) == b"".join(shared)


async def test_where_memory_files_fail_bytes_are_copied(
    senders: list[Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> int:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(os, "memfd_create", refuse)
    (piece,) = pieces(1, 400_000)
    for sender in senders:
        sender.outlet.write(piece)
    for sender in senders:
        assert await sender.read(len(piece)) == piece


async def test_closing_waits_until_everything_was_taken(senders: list[Sender]) -> None:
    shared = pieces(10, 100_000)
    for sender in senders:
        for piece in shared:
            sender.outlet.write(piece)
        sender.outlet.write(b"the end")
        sender.outlet.close()
    for sender in senders:
        assert await sender.read(2_000_000) == b"".join(shared) + b"the end"
        await asyncio.wait_for(sender.is_lost.wait(), SECONDS)


async def test_who_has_gone_is_written_to_no_longer(senders: list[Sender]) -> None:
    """The descriptor of its socket may be another connection's by then."""
    shared = pieces(10, 100_000)
    for sender in senders:
        for piece in shared:
            sender.outlet.write(piece)
    gone = senders[1]
    gone.transport.abort()
    await asyncio.wait_for(gone.is_lost.wait(), SECONDS)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        gone.outlet.write(shared[0])
        gone.outlet.resume()
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
    assert await senders[2].read(1_000_000) == b"".join(shared)


async def test_a_rest_of_one_byte_holds_up_nothing(senders: list[Sender]) -> None:
    """So little waits in a transport as well, and what follows waits for it."""
    (long,) = pieces(1, 2_000_000)
    senders[0].outlet.write(long)
    senders[1].outlet.write(long)  # the second one is passed pages
    room = senders[1].outlet._sent - min(4096, len(long))
    assert 0 < room < len(long), "what a socket takes of pages"
    (piece,) = pieces(1, room + 1)
    senders[0].transport.abort()
    other, last = Sender(), Sender()
    for sender in (other, last):
        await sender.connect()
        sender.outlet.write(piece)
        sender.outlet.write(SharedBytes(b"x" * MIN_BYTES))
    assert await last.read(room + 1 + MIN_BYTES) == piece + b"x" * MIN_BYTES
    for sender in (other, last):
        sender.transport.abort()
        await asyncio.wait_for(sender.is_lost.wait(), SECONDS)
        sender.peer.close()
