"""Counts over time: nothing is lost in them, whatever the number of slots."""

from hypothesis import given, settings
from hypothesis import strategies as st

from vibebox_tui.logs.filters import Filter, Selection
from vibebox_tui.logs.ring import Ring
from vibebox_tui.logs.tally import Slot, Tally
from vibebox_tui.logs.times import to_iso
from vibebox_tui.logs.view import View
from vibebox_tui.protocol.messages import LogEntry

START = 1_760_000_000_000
WORDS = ("INFO", "WARN", "ERROR", "plain")


def ring_at(*seconds: float) -> Ring:
    """A log with a line at each of these seconds after the start, levels by turns."""
    ring = Ring()
    ring.append(
        [
            LogEntry("e", "stdout", f"{WORDS[n % 4]} line", to_iso(START + round(1000 * at)), n + 1)
            for n, at in enumerate(sorted(seconds))
        ]
    )
    return ring


def tally_of(ring: Ring, selection: Selection | None = None) -> Tally:
    view = View(ring, selection or Selection())
    while not view.scan(1.0):
        pass
    tally = Tally(view)
    while not tally.scan(0.0):
        pass
    return tally


def test_counts_by_severity():
    slots = tally_of(ring_at(0, 0.1, 0.2, 0.3, 5)).slots(10)
    assert slots is not None
    assert (slots.start, slots.length) == (START, 1000)
    assert slots.slots == [Slot(2, 1, 1), Slot(), Slot(), Slot(), Slot(), Slot(1)]
    assert slots.index(START + 5300) == 5
    assert slots.index(START - 10**6) == 0
    assert slots.time(5) == START + 5000


@given(st.lists(st.floats(0, 10**6), min_size=1, max_size=60), st.integers(1, 200))
@settings(deadline=None)
def test_every_line_is_in_one_slot(seconds: list[float], most: int):
    slots = tally_of(ring_at(*seconds)).slots(most)
    assert slots is not None
    assert sum(slot.total for slot in slots.slots) == len(seconds)
    assert len(slots.slots) <= most + 1
    assert slots.slots[0].total
    assert slots.slots[-1].total


def test_counts_only_what_is_shown_and_no_notes():
    ring = ring_at(0, 1, 2, 3)
    ring.append_note("link lost", START)
    slots = tally_of(ring, Selection((Filter.parse("WARN"),))).slots(10)
    assert slots is not None
    assert [slot.total for slot in slots.slots] == [1]
    assert tally_of(Ring()).slots(10) is None


def test_keeps_up_with_what_arrives():
    ring = ring_at(0)
    tally = tally_of(ring)
    ring.append([LogEntry("e", "stdout", "ERROR x", to_iso(START), 2)])
    tally.view.scan(1.0)
    assert tally.scan(1.0)
    slots = tally.slots(10)
    assert slots is not None
    assert slots.slots == [Slot(1, 0, 1)]
