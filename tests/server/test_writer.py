"""When a writer writes: what had better wait for others does, but not for long."""

from collections.abc import Sequence

import pytest

from tests.server.test_ticker import Loop
from vibebox_tui.protocol.messages import Pong
from vibebox_tui.server.frames import Form
from vibebox_tui.server.ticker import Ticker
from vibebox_tui.server.writer import MOST_WAITS, Cursor, Writer


class Lines(Cursor):
    """Has one frame at a time; it may wait or not."""

    def __init__(self, *, may_wait: bool) -> None:
        self._may_wait = may_wait

    def pull(self, budget: int) -> list[bytes]:
        return [b"lines"]

    @property
    def has_more(self) -> bool:
        return False

    @property
    def may_wait(self) -> bool:
        return self._may_wait


class Peer:
    """Notes what is written to it."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.written: list[bytes] = []
        ticker = Ticker(self.loop)  # type: ignore[arg-type]
        self.writer = Writer(self._write, pytest.fail, Form.TEXT, ticker)

    def _write(self, frames: Sequence[bytes]) -> None:
        self.written += frames

    def ticks_until_written(self) -> int:
        count = 0
        while not self.written:
            self.loop.run_next()
            count += 1
        return count


def test_what_may_wait_does_for_a_few_ticks() -> None:
    peer = Peer()
    peer.writer.due(Lines(may_wait=True), at_once=True)
    assert peer.ticks_until_written() == MOST_WAITS + 1
    assert peer.written == [b"lines"]
    assert not peer.loop.calls


def test_what_may_not_wait_takes_the_rest_with_it() -> None:
    peer = Peer()
    peer.writer.due(Lines(may_wait=True), at_once=True)
    peer.writer.due(Lines(may_wait=False), at_once=True)
    assert peer.ticks_until_written() == 1
    assert peer.written == [b"lines", b"lines"]


def test_a_reply_never_waits() -> None:
    peer = Peer()
    peer.writer.due(Lines(may_wait=True), at_once=True)
    peer.writer.reply(Pong(timestamp=1))
    assert peer.ticks_until_written() == 1
    assert len(peer.written) == 2


def test_with_nothing_due_nothing_is_waited_for() -> None:
    peer = Peer()
    peer.writer.resume()
    assert not peer.loop.calls
