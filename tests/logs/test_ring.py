"""The ring keeps what came, in order, within its bound, at positions that never change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.lines import entries, entry_lists, ring_of
from vibebox_tui.logs.chunk import CHUNK_BYTES
from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.ring import Ring
from vibebox_tui.logs.view import View
from vibebox_tui.protocol.messages import LogEntry


def stored(text: str) -> str:
    """A message as the ring has it: the ends of lines don't belong to it."""
    return text.rstrip("\r\n")


@given(entry_lists)
def test_keeps_every_entry_as_it_came(given_entries: list[LogEntry]):
    ring = Ring()
    ring.append(given_entries)
    assert [line.seq for line in ring.lines()] == [entry.seq for entry in given_entries]
    assert [line.stream for line in ring.lines()] == [entry.stream for entry in given_entries]
    assert [line.text for line in ring.lines()] == [stored(e.message) for e in given_entries]


@given(entry_lists, st.integers(0, 60))
def test_older_lines_come_before_and_nothing_else_moves(given_entries: list[LogEntry], cut: int):
    older, newer = given_entries[:cut], given_entries[cut:]
    ring = Ring()
    ring.append(newer)
    before = {line.position: line.text for line in ring.lines()}
    ring.prepend(older)
    assert [line.text for line in ring.lines()] == [stored(e.message) for e in given_entries]
    assert all(ring.line(position).text == text for position, text in before.items())


def test_the_oldest_are_dropped_to_stay_within_the_bound():
    ring = Ring(max_bytes=4 * CHUNK_BYTES)
    for start in range(1, 20_001, 500):
        ring.append(entries(*(f"line {n} " + "x" * 90 for n in range(start, start + 500))))
        assert ring.size <= ring.max_bytes
    assert ring.line(ring.end - 1).text.startswith("line 20000 ")
    assert ring.first == ring.dropped > 0
    assert ring.line(ring.first).text.startswith(f"line {ring.first + 1} ")


def test_an_entry_with_line_feeds_is_one_record_of_several_lines():
    ring = ring_of("ERROR one\ntwo\nthree\n", "INFO next")
    assert [(line.text, line.seq, line.level) for line in ring.lines()] == [
        ("ERROR one", 1, Level.ERROR),
        ("two", 1, Level.ERROR),
        ("three", 1, Level.ERROR),
        ("INFO next", 2, Level.INFO),
    ]
    assert ring.record(1) == range(3)


def test_a_record_that_never_ends_is_cut():
    ring = ring_of("ERROR head", *(f"  frame {n}" for n in range(20_000)))
    assert max(len(chunk) for chunk in ring.chunks) < 8000
    assert len(ring) == 20_001


def test_other_streams_do_not_continue_a_record():
    ring = Ring()
    ring.append([LogEntry("e", "stdout", "INFO head"), LogEntry("e", "stderr", "  indented")])
    assert not ring.line(1).is_continuation


def test_what_cannot_be_encoded_is_kept_visible():
    ring = ring_of("lone \ud800 surrogate")
    assert ring.line(0).text == "lone ? surrogate"


def test_finds_the_first_line_of_a_time():
    ring = ring_of(*(f"line {n}" for n in range(1, 40)))
    time = ring.line(20).time
    assert ring.at_time(time) == 20
    assert ring.at_time(time - 1) == 20
    assert ring.at_time(time + 1) == 21
    assert ring.at_time(0) == 0
    assert ring.at_time(time + 10**9) == ring.end


def test_a_line_without_a_time_has_that_of_the_line_before():
    ring = ring_of("first")
    ring.append([LogEntry("e", "stdout", "second")])
    assert ring.line(1).time == ring.line(0).time > 0


def test_marks_stay_with_their_line():
    ring = ring_of("a", "b")
    ring.set_mark(1, marked=True)
    ring.prepend(entries("older"))
    assert [line.is_marked for line in ring.lines()] == [False, False, True]
    ring.set_mark(1, marked=False)
    assert not ring.line(1).is_marked


def test_columns_cost_little_beside_the_text():
    ring = Ring()
    text = "2025-10-09T08:00:00.000Z INFO " + "x" * 70
    for start in range(0, 100_000, 1000):
        ring.append(entries(*[text] * 1000, first=start + 1))
    held = sum(
        len(chunk.text)
        + sum(column.buffer_info()[1] * column.itemsize for column in (chunk.ends, chunk.seqs))
        + chunk.times.buffer_info()[1] * chunk.times.itemsize
        + len(chunk.flags)
        + len(chunk.sources)
        for chunk in ring.chunks
    )
    assert held <= 100_000 * (len(text) + 1 + 64)
    assert abs(held - ring.size) < held / 10


def test_a_page_of_older_lines_leaves_no_seam_in_a_trace():
    ring = Ring()
    ring.append(entries("  at a", "  at b", "INFO x", first=3))
    ring.set_mark(1, marked=True)
    view = View(ring, Selection(lowest=Level.ERROR))
    view.scan(1.0)
    ring.prepend(entries("INFO w", "ERROR boom"))
    while not view.scan(1.0):
        pass
    texts = ["INFO w", "ERROR boom", "  at a", "  at b", "INFO x"]
    assert [line.text for line in ring.lines()] == texts
    assert ring.record(0) == range(-1, 2)
    assert view.positions(0, 9) == [-1, 0, 1]
    assert [line.is_marked for line in ring.lines()] == [False, False, False, True, False]
    assert ring.size == sum(chunk.size for chunk in ring.chunks)
    ring.prepend(entries("INFO v"))
    assert ring.record(-2) == range(-2, -1)


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_page_border_anywhere_in_a_trace_leaves_it_whole(cut: int):
    texts = [
        "ERROR failed", "Traceback (most recent call last):", '  File "a.py"', "ValueError: x", "",
        "During handling of the above exception, another one", "INFO x",
    ]  # fmt: skip
    ring = Ring()
    ring.append(entries(*texts[cut:], first=cut + 1))
    ring.prepend(entries(*texts[:cut]))
    assert ring.record(ring.first) == range(ring.first, ring.first + 6)
    assert [line.text for line in ring.lines()] == texts
    assert ring.size == sum(chunk.size for chunk in ring.chunks)
