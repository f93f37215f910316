"""An index that was built step by step equals the filter run over everything."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.lines import entries, entry_lists, ring_of
from vibebox_tui.logs.batch import Batch
from vibebox_tui.logs.chunk import LEVELS
from vibebox_tui.logs.filters import Filter, Found, Selection
from vibebox_tui.logs.folds import Folded
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.logs.repeats import Collapsed
from vibebox_tui.logs.ring import Ring
from vibebox_tui.logs.view import Sieve, View
from vibebox_tui.protocol.messages import LogEntry

SELECTIONS = [
    Selection(),
    Selection(lowest=Level.WARN),
    Selection(stream="stderr"),
    Selection((Filter.parse("boom"),)),
    Selection((Filter.parse("!boom"),)),
    Selection((Filter.parse("status>=500"), Filter.parse("o+m"))),
    Selection((Filter.parse("Boom"),), lowest=Level.DEBUG, stream="stdout"),
    Collapsed(Selection()),
    Collapsed(Selection(lowest=Level.WARN)),
    Folded(Selection(), folds=True),
    Folded(Selection((Filter.parse("boom"),)), folds=True),
    Collapsed(Folded(Selection(), folds=True)),
]
FIRST_ONLY = 0.0
"""A budget of time that is used up by the first chunk."""


def over_everything(ring: Ring, selection: Sieve) -> list[int]:
    """The positions that pass, by one run over each chunk."""
    return [
        ring.start_of(index) + hit
        for index, chunk in enumerate(ring.chunks)
        for hit in selection.select(Batch(chunk))
    ]


def positions(view: View) -> list[int]:
    return view.positions(0, len(view))


@pytest.mark.parametrize("selection", SELECTIONS, ids=repr)
@given(given_entries=entry_lists, cuts=st.lists(st.integers(0, 60), max_size=4))
@settings(max_examples=40)
def test_incremental_index_equals_the_filter_over_everything(
    selection: Sieve, given_entries: list[LogEntry], cuts: list[int]
):
    ring = Ring()
    view = View(ring, selection)
    bounds = sorted({0, *(min(cut, len(given_entries)) for cut in cuts), len(given_entries)})
    for start, end in pairwise(bounds):
        ring.append(given_entries[start:end])
        while not view.scan(FIRST_ONLY):
            pass
    assert positions(view) == over_everything(ring, selection)


@given(st.integers(0, 20_000), st.booleans())
@settings(max_examples=20, deadline=None)
def test_scanning_outward_from_anywhere_finds_the_same(near: int, prepended: bool):
    ring = long_ring()
    if prepended:
        ring.prepend(entries(*(f"WARN old {n}" for n in range(3000))))
    selection = Selection((Filter.parse("7"),), lowest=Level.WARN)
    view = View(ring, selection)
    while not view.scan(FIRST_ONLY, near):
        pass
    assert positions(view) == over_everything(ring, selection)


def test_the_first_slice_shows_what_is_near():
    ring = long_ring()
    view = View(ring, Selection((Filter.parse("line"),)))
    middle = (ring.first + ring.end) // 2
    view.scan(FIRST_ONLY, middle)
    assert not view.is_complete
    assert 0.0 < view.progress < 1.0
    assert view.shows(middle)


def test_rows_and_positions_are_each_others_inverse():
    ring = long_ring()
    view = View(ring, Selection((Filter.parse("3"),)))
    while not view.scan(1.0):
        pass
    for row in range(0, len(view), 97):
        assert view.row(view.position(row)) == row
    assert view.row(ring.end + 5) == len(view)
    assert view.row(ring.first - 5) == 0
    with pytest.raises(IndexError):
        view.position(len(view))


def test_keeps_up_with_lines_that_are_dropped():
    ring = Ring(max_bytes=400_000)
    view = View(ring, Selection((Filter.parse("5"),)))
    for start in range(0, 12_000, 600):
        ring.append(entries(*(f"INFO line {n} {'x' * 80}" for n in range(start, start + 600))))
        while not view.scan(1.0):
            pass
    assert ring.dropped > 0
    assert positions(view) == over_everything(ring, view.sieve)


def test_a_continuation_that_comes_later_joins_its_record():
    ring = ring_of("ERROR boom", "INFO other", "ERROR again")
    view = View(ring, Selection((Filter.parse("deep"),)))
    view.scan(1.0)
    assert positions(view) == []
    ring.append(entries("  deep frame", first=4))
    view.scan(1.0)
    assert positions(view) == [2, 3]


def test_finds_the_next_line_by_its_flags_in_both_directions():
    ring = long_ring()
    view = View(ring, Selection((Filter.parse("!line 77 "),)))
    while not view.scan(1.0):
        pass
    errors = bytes(level == Level.ERROR for level in LEVELS)
    expected = [p for p in positions(view) if ring.line(p).level is Level.ERROR]
    forward = []
    at: int | None = -1
    while (at := view.find(at, errors, 1)) is not None:
        forward.append(at)
    backward = []
    at = ring.end
    while (at := view.find(at, errors, -1)) is not None:
        backward.append(at)
    assert forward == expected == backward[::-1]


def test_a_search_finds_single_lines_among_what_is_shown():
    ring = ring_of("ERROR boom", "  boom frame", "INFO boom", "ERROR quiet")
    found = View(ring, Found(Selection(lowest=Level.WARN), Pattern("boom")))
    found.scan(1.0)
    assert positions(found) == [0, 1]


def test_repeats_are_counted_whatever_time_they_begin_with():
    ring = ring_of(*(f"08:00:{n:02d} ERROR boom" for n in range(5)), "ERROR other", "ERROR boom")
    view = View(ring, Collapsed(Selection()))
    view.scan(1.0)
    assert [(view.position(row), view.count(row)) for row in range(len(view))] == [
        (0, 5),
        (5, 1),
        (6, 1),
    ]
    ring.append(entries("08:01:00 ERROR boom", first=8))
    view.scan(1.0)
    assert view.count(2) == 2


def test_repeated_stack_traces_are_one():
    ring = ring_of(*["ERROR boom", "  at a", "  at b"] * 3, "ERROR boom", "  at other")
    view = View(ring, Collapsed(Selection()))
    view.scan(1.0)
    assert positions(view) == [0, 1, 2, 9, 10]
    assert view.count(0) == 3


def test_a_snapshot_stays_as_it_was():
    ring = ring_of("a", "b")
    view = View(ring, Selection())
    view.scan(1.0)
    total, lines = view.snapshot(bytes(256))
    ring.append(entries("c", first=3))
    view.scan(1.0)
    assert (total, [line.text for line in lines]) == (2, ["a", "b"])


def long_ring() -> Ring:
    """Several chunks of lines of all levels, stack traces among them."""
    ring = Ring()
    levels = ["INFO", "WARN", "ERROR", "DEBUG"]
    for start in range(0, 12_000, 1000):
        ring.append(
            entries(
                *(
                    "  at frame" if n % 11 == 5 else f"{levels[n % 4]} line {n} of many"
                    for n in range(start, start + 1000)
                ),
                first=start + 1,
            )
        )
    return ring
