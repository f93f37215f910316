"""A merge of logs is sorted and loses nothing, whatever comes late."""

from collections.abc import Iterator
from itertools import accumulate, count, groupby

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.logs.lines import ring_of
from vibebox_tui.logs.backlog import Backlog
from vibebox_tui.logs.chunk import CHUNK_LINES
from vibebox_tui.logs.hold_back import HoldBack
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.merge import Merge, Shift
from vibebox_tui.logs.onward import Onward
from vibebox_tui.logs.ring import Ring, note_line
from vibebox_tui.logs.times import to_iso, to_milliseconds
from vibebox_tui.protocol.messages import LogEntry

START = 1_760_000_000_000
"""The time of the first line, milliseconds since the epoch."""

TRACE = "Traceback (most recent call last):"
TRACES = [TRACE, "  File", "ValueError: x", "INFO ok", "ERROR boom", "", "panic: y", "main.f()"]
TEXTS = ["INFO ok", "ERROR boom", "  at frame", "\tat other", "Caused by: x", "one\n  two\nthree"]


Batch = tuple[int, list[LogEntry], float]
"""What arrives at once: from which log, its entries, and when, in seconds."""

_lines = st.tuples(st.integers(-3, 40), st.sampled_from(TEXTS), st.integers(0, 9))
_batches = st.tuples(
    st.integers(0, 3), st.sampled_from([0.0, 0.02, 0.2]), st.lists(_lines, min_size=1, max_size=4)
)


def _as_batches(drawn: list[tuple[int, float, list[tuple[int, str, int]]]]) -> list[Batch]:
    clocks, seqs, now = [0] * 4, [0] * 4, 0.0
    batches: list[Batch] = []
    for source, pause, lines in drawn:
        now += pause
        entries = []
        for step, text, stamped in lines:
            clocks[source] = max(0, clocks[source] + step)
            seqs[source] += 1
            stamp = to_iso(START + clocks[source]) if stamped else None
            entries.append(LogEntry(f"e{source}", "stdout", text, stamp, seqs[source]))
        batches.append((source, entries, now))
    return batches


arrivals = st.lists(_batches, max_size=20).map(_as_batches)
"""Batches of four logs as they arrive, the times of each mostly ascending, some unknown."""


def texts_of(entries: list[LogEntry]) -> list[tuple[int, str]]:
    return [(each.seq or 0, text) for each in entries for text in each.message.split("\n")]


def is_whole_and_sorted(ring: Ring, expected: dict[int, list[LogEntry]]) -> None:
    """Check that the ring has just these entries, each log's in its order, and all by time."""
    lines = list(ring.lines())
    for source, entries in expected.items():
        mine = [(line.seq, line.text) for line in lines if line.source == source]
        assert mine == texts_of(entries)
    assert len(lines) == sum(len(texts_of(entries)) for entries in expected.values())
    times = [line.time for line in lines]
    assert times == sorted(times)


def sources_of_records(ring: Ring) -> list[set[int]]:
    """For each record of a ring, which logs its lines are from."""
    records = groupby(ring.lines(), key=lambda line: ring.record(line.position).start)
    return [{line.source for line in lines} for _, lines in records]


@given(arrivals)
@example(  # what a late line goes on with comes at once with another log's line of its time
    _as_batches(
        [
            (0, 0.0, [(1, "INFO ok", 1)]),
            (1, 0.2, [(0, "INFO ok", 1)]),
            (2, 0.0, [(0, "INFO ok", 1)]),
            (1, 0.0, [(0, "  at frame", 0)]),
        ]
    )
)
@settings(max_examples=100, deadline=None)
def test_a_merge_is_sorted_and_loses_nothing(batches: list[Batch]):
    ring = Ring()
    merge = Merge(ring)
    expected: dict[int, list[LogEntry]] = {}
    for source, entries, now in batches:
        merge.take(source, entries, now)
        expected.setdefault(source, []).extend(entries)
        merge.settle(now)
    merge.settle(1e9)
    assert not merge.waits
    is_whole_and_sorted(ring, expected)
    assert all(len(sources) == 1 for sources in sources_of_records(ring))


@given(arrivals)
@settings(max_examples=50, deadline=None)
def test_a_shift_tells_where_every_line_went(batches: list[Batch]):
    ring = Ring()
    merge = Merge(ring)
    for source, entries, now in batches:
        merge.take(source, entries, now)
        before = {line.position: line._replace(position=0) for line in ring.lines()}
        shift = merge.settle(now)
        for position, line in before.items():
            assert ring.line(shift(position))._replace(position=0) == line


@given(arrivals, st.integers(0, 5), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_nothing_moves_the_lines_apart_that_are_read(batches: list[Batch], top: int, height: int):
    ring = Ring()
    merge = Merge(ring)
    expected: dict[int, list[LogEntry]] = {}
    read = range(0)
    for source, entries, now in batches:
        merge.take(source, entries, now)
        expected.setdefault(source, []).extend(entries)
        before = [ring.line(position).text for position in read]
        shift = merge.settle(now, read)
        if read:
            read = range(shift(read.start), shift(read.start) + len(read))
        elif len(ring) > top:
            read = range(ring.first + top, min(ring.first + top + height, ring.end))
        assert [ring.line(position).text for position in read][: len(before)] == before
    merge.settle(1e9)
    assert not merge.parked
    is_whole_and_sorted(ring, expected)
    assert all(len(sources) == 1 for sources in sources_of_records(ring))


_histories = st.lists(st.lists(st.integers(0, 30), max_size=12), min_size=1, max_size=4)
"""For each log the milliseconds between its lines."""


@given(_histories, st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_older_pages_are_given_out_without_a_seam(histories: list[list[int]], page: int):
    logs = {
        source: [entry(at, "INFO ok", seq) for seq, at in enumerate(accumulate(steps), 1)]
        for source, steps in enumerate(histories)
    }
    rest = {source: list(entries) for source, entries in logs.items()}
    ring, backlog = Ring(), Backlog()
    merge = Merge(ring)
    for source in rest:
        backlog.put(source, [], has_begun=False)
    while not backlog.has_begun:
        for source in backlog.wanted():
            backlog.put(source, rest[source][-page:], has_begun=len(rest[source]) <= page)
            del rest[source][-page:]
        merge.put_older(backlog.take())
        if ring.times is not None:
            first = ring.times[0]
            newer = [e for each in logs.values() for e in each if time_of(e) > first]
            assert len(ring) >= len(newer), "nothing is missing behind the first line"
    is_whole_and_sorted(ring, logs)


_traces = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(TRACES)), max_size=14),
    min_size=1,
    max_size=3,
)
"""For each log its lines, many of which go on with the one before, with the time between them."""


def logs_of(histories: list[list[tuple[int, str]]]) -> dict[int, list[LogEntry]]:
    logs: dict[int, list[LogEntry]] = {}
    for source, lines in enumerate(histories):
        times = accumulate(step for step, _ in lines)
        texts = [text for _, text in lines]
        logs[source] = [entry(*each) for each in zip(times, texts, count(1), strict=False)]
    return logs


@given(_traces, st.integers(1, 4))
@example([[(1, "ERROR boom"), (1, TRACE), (1, "  File"), (1, "E: x"), (1, "INFO ok")]], 1)
@settings(max_examples=150, deadline=None)
def test_a_record_that_pages_divide_is_one(histories: list[list[tuple[int, str]]], page: int):
    logs = logs_of(histories)
    ring, backlog = Ring(), Backlog()
    merge = Merge(ring)
    rest = {source: list(entries) for source, entries in logs.items()}
    for source in rest:
        backlog.put(source, rest[source][-page:], has_begun=len(rest[source]) <= page)
        del rest[source][-page:]
        merge.put_older(backlog.take())
    while not backlog.has_begun:
        for source in backlog.wanted():
            backlog.put(source, rest[source][-page:], has_begun=len(rest[source]) <= page)
            del rest[source][-page:]
        merge.put_older(backlog.take())
    for source, entries in logs.items():
        alone = Ring()
        alone.append(entries)
        expected = [[alone.line(at).seq for at in alone.record(first)] for first in heads(alone)]
        records = [[ring.line(at) for at in ring.record(first)] for first in heads(ring)]
        mine = [[line.seq for line in lines] for lines in records if lines[0].source == source]
        assert mine == expected
    is_whole_and_sorted(ring, logs)


def heads(ring: Ring) -> list[int]:
    """The positions of the lines that begin records."""
    return [line.position for line in ring.lines() if not line.is_continuation]


@given(_traces, st.integers(1, 4), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_newer_pages_are_given_out_without_a_seam(
    histories: list[list[tuple[int, str]]], page: int, start: int
):
    logs = logs_of(histories)
    at_once, ring = Ring(), Ring()
    both = Merge(at_once), Merge(ring)
    for source, entries in logs.items():
        both[0].take(source, entries, 0.0)
        both[1].take(source, entries[:start], 0.0)
        del entries[:start]
    for merge in both:
        merge.settle(1.0)
    onward = Onward()
    for _ in range(100):
        for source in onward.wanted(list(logs)):
            onward.put(source, logs[source][:page], has_ended=len(logs[source]) <= page)
            del logs[source][:page]
        for source, entries in onward.take():
            both[1].take(source, entries, 2.0)
        both[1].settle(3.0)
    assert onward.has_ended
    for source in logs:
        mine, expected = ([*_heads_of(each, source)] for each in (ring, at_once))
        assert mine == expected
    times = [line.time for line in ring.lines()]
    assert times == sorted(times)


def _heads_of(ring: Ring, source: int) -> Iterator[tuple[int, bool]]:
    return ((each.seq, each.is_continuation) for each in ring.lines() if each.source == source)


def test_what_comes_after_the_newest_were_dropped_goes_on_with_the_others():
    ring = Ring()
    merge = Merge(ring)
    lines = [entry(n, f"INFO {n} {'x' * 60}", n) for n in range(1, 3 * CHUNK_LINES)]
    for source in (0, 1):
        merge.take(source, lines, 0.0)
    merge.settle(1.0)
    assert ring.drop_newest()
    merge.go_on_from_end()
    assert ring.borders == {source: seq + 1 for source, seq in ring.newest_seqs().items()}
    for source, border in ring.borders.items():
        merge.take(source, lines[border - 1 :], 2.0)
    merge.settle(3.0)
    is_whole_and_sorted(ring, {0: lines, 1: lines})


@given(_histories)
@settings(max_examples=60, deadline=None)
def test_a_history_that_comes_later_than_others_leaves_no_hole(histories: list[list[int]]):
    logs = {
        source: [entry(at, "INFO ok", seq) for seq, at in enumerate(accumulate(steps), 1)]
        for source, steps in enumerate(histories)
    }
    ring, backlog = Ring(), Backlog()
    merge = Merge(ring)
    for source, entries in logs.items():
        backlog.put(source, entries[-5:], has_begun=len(entries) <= 5)
        merge.put_older(backlog.take())
    if ring.times is not None:
        first = ring.times[0]
        tails = [e for entries in logs.values() for e in entries[-5:] if time_of(e) > first]
        assert len(ring) >= len(tails)
    times = [line.time for line in ring.lines()]
    assert times == sorted(times)


@given(_histories, st.integers(0, 5), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_a_history_that_comes_late_moves_nothing_apart_that_is_read(
    histories: list[list[int]], top: int, height: int
):
    logs = {
        source: [
            entry(at, f"INFO {source}-{seq}", seq) for seq, at in enumerate(accumulate(steps), 1)
        ]
        for source, steps in enumerate(histories)
    }
    ring, backlog = Ring(), Backlog()
    merge = Merge(ring)
    read = range(0)
    for source, entries in logs.items():
        backlog.put(source, entries, has_begun=True)
        before = [ring.line(position).text for position in read]
        shift = merge.put_older(backlog.take(), read)
        if read:
            read = range(shift(read.start), shift(read.start) + len(read))
        elif len(ring) > top:
            read = range(ring.first + top, min(ring.first + top + height, ring.end))
        assert [ring.line(position).text for position in read][: len(before)] == before
    assert len(ring) + merge.parked == sum(map(len, logs.values()))
    merge.settle(1e9)
    is_whole_and_sorted(ring, logs)


def test_a_trace_that_comes_late_joins_the_line_it_explains():
    ring = Ring()
    merge = Merge(ring)
    merge.take(0, [entry(0, "ERROR boom", 1)], 0.0)
    merge.settle(1.0)
    merge.take(1, [entry(5, "INFO between", 1)], 1.0)
    merge.settle(2.0)
    merge.take(0, [entry(9, "  at frame", 2)], 2.0)
    merge.settle(3.0)
    assert [line.text for line in ring.lines()] == ["ERROR boom", "  at frame", "INFO between"]
    assert ring.record(ring.first) == range(2)


def test_a_trace_goes_on_from_the_history_to_what_is_live():
    ring = Ring()
    merge = Merge(ring)
    merge.put_older([(0, [entry(0, "ERROR boom", 1), entry(1, TRACE, 2)])])
    merge.put_older([(1, [entry(5, "INFO between", 1)])])
    merge.take(0, [entry(9, "  File", 3), entry(9, "ValueError: x", 4)], 1.0)
    merge.settle(2.0)
    assert len(ring.record(ring.first)) == 4
    assert [line.source for line in ring.lines()] == [0, 0, 0, 0, 1]


def test_a_trace_goes_on_from_a_history_that_waits_not_to_move_what_is_read():
    ring = Ring()
    merge = Merge(ring)
    merge.put_older([(1, [entry(n, f"INFO {n}", n) for n in range(1, 9)])])
    read = range(ring.first, ring.end)
    merge.put_older([(0, [entry(4, "ERROR boom", 1)])], read)
    assert merge.parked == 1
    merge.take(0, [entry(9, "  at frame", 2)], 1.0)
    merge.settle(2.0, read)
    assert merge.parked == 2
    merge.settle(3.0)
    trace = [line.position for line in ring.lines() if line.source == 0]
    assert ring.record(trace[0]) == range(trace[0], trace[0] + 2)


def test_a_note_stands_where_its_log_had_come_to():
    ring = Ring()
    merge = Merge(ring)
    merge.take(0, [entry(0, "a", 1)], 0.0)
    merge.take(1, [entry(50, "b", 1)], 0.0)
    merge.take_note(note_line("link lost", START + 20, Level.WARN, 0), 0.0)
    merge.settle(1.0)
    assert [line.text for line in ring.lines()] == ["a", "link lost", "b"]


def test_many_late_lines_keep_chunks_small():
    ring = Ring()
    merge = Merge(ring)
    merge.take(0, [entry(n, f"INFO {n}", n) for n in range(1, 3 * CHUNK_LINES, 2)], 0.0)
    merge.settle(1.0)
    merge.take(1, [entry(n, f"INFO {n}", n) for n in range(2, 3 * CHUNK_LINES, 2)], 1.0)
    merge.settle(2.0)
    assert [line.text for line in ring.lines()] == [f"INFO {n}" for n in range(1, 3 * CHUNK_LINES)]
    assert max(map(len, ring.chunks)) < 2 * CHUNK_LINES
    assert ring.size == sum(chunk.size for chunk in ring.chunks)


def test_what_is_late_finds_its_place_although_older_lines_were_dropped():
    ring = Ring(max_bytes=500_000)
    merge = Merge(ring)
    for start in range(0, 20_000, 1000):
        merge.take(0, [entry(n, f"INFO {n} {'x' * 60}", n) for n in range(start, start + 1000)], 0)
        merge.settle(1.0)
    merge.take(1, [entry(5, "late", 1)], 1.0)
    merge.settle(2.0)
    assert ring.dropped
    assert ring.line(ring.first).text == "late"


def test_lines_are_held_back_only_until_they_are_due():
    held: HoldBack[str] = HoldBack(seconds=0.1)
    held.take(0, 20, "late", 0.0, continues=False)
    held.take(1, 10, "early", 0.08, continues=False)
    held.take(1, 30, "later", 0.08, continues=False)
    assert held.release(0.05) == []
    assert [record.lines for record in held.release(0.1)] == [["early"], ["late"]]
    assert [record.lines for record in held.release(0.2)] == [["later"]]


def test_positions_shift_by_what_is_inserted_before_them():
    shift = Shift([(3, 2), (3, 1), (5, 4)])
    assert [shift(position) for position in (2, 3, 4, 5, 9)] == [2, 6, 7, 12, 16]
    assert not Shift()


def test_inserted_lines_stand_before_their_places():
    ring = ring_of("a", "b", "c")
    ring.insert([(0, [new("x")]), (2, [new("y"), new("z")])])
    assert [line.text for line in ring.lines()] == ["x", "a", "b", "y", "z", "c"]
    assert ring.end == 6


def new(text: str) -> tuple[bytes, int, int, int, int]:
    return text.encode(), 0, 0, 0, 0


def time_of(line: LogEntry) -> int:
    return to_milliseconds(line.timestamp)


def entry(offset: int, text: str, seq: int) -> LogEntry:
    return LogEntry("e", "stdout", text, to_iso(START + offset), seq)
