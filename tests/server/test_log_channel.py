"""When a reader of a log in a flood had better wait: while others come close behind it."""

from dataclasses import dataclass
from typing import Any

import pytest

from vibebox_tui.server.log_channel import (
    ABREAST_ENTRIES,
    CLOSE_ENTRIES,
    MANY_READERS,
    MOVING_SECONDS,
    LogChannel,
)

NOW = 1000.0
FRONT = 2 * CLOSE_ENTRIES


@dataclass(eq=False)
class Reader:
    position: int | None
    last_taken: float = NOW


def is_followed(*readers: Reader) -> bool:
    """Whether one at FRONT is, among as many as it takes of whom these are some."""
    source: Any = None
    channel = LogChannel("e", source)
    others = [Reader(FRONT) for _ in range(MANY_READERS - len(readers))]
    for reader in [*readers, *others]:
        cursor: Any = reader
        channel.add(cursor)
    return channel.is_followed(FRONT, NOW)


def test_one_close_behind_is_waited_for() -> None:
    assert is_followed(Reader(FRONT - ABREAST_ENTRIES - 1))


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(Reader(FRONT - ABREAST_ENTRIES), id="abreast"),
        pytest.param(Reader(FRONT + ABREAST_ENTRIES + 1), id="ahead"),
        pytest.param(Reader(FRONT - CLOSE_ENTRIES - 1), id="far behind"),
        pytest.param(Reader(FRONT // 2 + 1, NOW - MOVING_SECONDS), id="stalled"),
        pytest.param(Reader(None), id="not yet begun"),
    ],
)
def test_others_are_not(reader: Reader) -> None:
    assert not is_followed(reader)


def test_among_few_nobody_waits() -> None:
    source: Any = None
    channel = LogChannel("e", source)
    for position in range(FRONT - MANY_READERS, FRONT - 1):
        cursor: Any = Reader(position - ABREAST_ENTRIES)
        channel.add(cursor)
    assert not channel.is_followed(FRONT, NOW)
