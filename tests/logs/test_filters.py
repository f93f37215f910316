"""What filters let pass, and what they say of a wrong expression."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.lines import entry_lists, ring_of
from vibebox_tui.logs.ansi import strip_sequences
from vibebox_tui.logs.batch import Batch
from vibebox_tui.logs.expressions import ExpressionError
from vibebox_tui.logs.filters import Filter, Selection
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern, PatternError
from vibebox_tui.logs.ring import Ring
from vibebox_tui.protocol.messages import LogEntry

LOG = (
    "INFO GET /api/users status=200 took=12",
    'ERROR POST /api/orders status=502 took=3000 error="bad gateway"',
    '{"level":"warn","msg":"slow","http":{"status":503,"path":"/api/x"},"ok":false}',
    "DEBUG healthcheck /health status=200",
    "ERROR crash",
    "  at Pool.acquire (db.js:41)",
    "nothing in particular",
)


def passed(source: str, *messages: str) -> list[int]:
    """Which of the lines pass a filter."""
    ring = ring_of(*(messages or LOG))
    return Selection((Filter.parse(source),)).select(Batch(ring.chunks[0]))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("status", [0, 1, 2, 3]),
        ("GET", [0]),
        ("get", [0]),
        ("level>=warn", [1, 2, 4, 5]),
        ("level=debug", [3]),
        ("level!=info", [1, 2, 3, 4, 5]),
        ("status>=500", [1]),
        ("http.status>=500", [2]),
        ("http.path~^/api", [2]),
        ("took>100", [1]),
        ('error="bad gateway"', [1]),
        ("error~gate", [1]),
        ("error!~gate", []),
        ("ok=false", [2]),
        ("!health", [0, 1, 2, 4, 5, 6]),
        ("level>=info !status", [4, 5, 6]),
        (r"/api/(users|orders)", [0, 1]),
        ('"Pool.acquire (db"', None),
        ("acquire", [4, 5]),
        ("stream=stderr", []),
        ("stream!=stderr", [0, 1, 2, 3, 4, 5, 6]),
        ("   ", [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_lets_pass(source: str, expected: list[int] | None):
    if expected is None:
        with pytest.raises(ExpressionError):
            Filter.parse(source)
    else:
        assert passed(source) == expected


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("(", 0),
        ("fine *bad", 5),
        ("level>=loud", 7),
        ("a status~[", 9),
        ("stream=both", 7),
        ("!", 0),
        ("status>=", 8),
        ("x" * 1001, 1000),
    ],
)
def test_says_where_an_expression_is_wrong(source: str, position: int):
    with pytest.raises(ExpressionError) as wrong:
        Filter.parse(source)
    assert wrong.value.position == position


@given(
    entry_lists, st.sampled_from(["boom", "BOOM", "o+m", "^ERR", r"\d{3}$", "a|b", "x", ".", ""])
)
def test_patterns_in_bulk_find_what_they_find_line_by_line(
    given_entries: list[LogEntry], source: str
):
    ring = Ring()
    ring.append(given_entries)
    regex = re.compile(source, 0 if source != source.lower() else re.IGNORECASE)
    for chunk in ring.chunks:
        batch = Batch(chunk)
        lines = [strip_sequences(chunk.raw(i).decode()) for i in range(len(chunk))]
        assert batch.lines == lines
        expected = [i for i, line in enumerate(lines) if regex.search(line)]
        # Lower case has no length of its own for a few letters: those lines may be found twice.
        if all(len(line) == len(line.lower()) for line in lines):
            assert Pattern(source).select(batch) == expected


def test_smart_case_heeds_capitals_but_not_those_of_escapes():
    assert Pattern("error").matches("ERROR")
    assert not Pattern("Error").matches("ERROR")
    assert not Pattern(r"\Derror").heeds_case


def test_hits_leave_out_empty_matches():
    assert Pattern("o*").hits("foo bar") == [(1, 3)]


def test_a_pattern_that_python_refuses_is_a_sentence():
    with pytest.raises(PatternError, match="unterminated"):
        Pattern("(a")


def test_colours_do_not_hide_what_is_searched_for():
    assert passed("GET 200", "GET \x1b[32m200\x1b[0m") == [0]


def test_filters_stack_and_can_be_switched():
    selection = Selection().with_filter(Filter.parse("status")).with_filter(Filter.parse("!health"))
    batch = Batch(ring_of(*LOG).chunks[0])
    assert selection.select(batch) == [0, 1, 2]
    assert selection.toggle(1).select(batch) == [0, 1, 2, 3]
    assert selection.without(0).select(batch) == [0, 1, 2, 4, 5, 6]
    assert selection.without_filters().passes_all


def test_a_line_without_a_level_counts_as_info():
    batch = Batch(ring_of(*LOG).chunks[0])
    assert 6 in Selection(lowest=Level.INFO).select(batch)
    assert 6 not in Selection(lowest=Level.WARN).select(batch)


def test_notes_pass_every_filter():
    ring = ring_of(*LOG)
    ring.append_note("link lost", 0)
    selection = Selection((Filter.parse("nowhere to be found"),), lowest=Level.FATAL)
    assert selection.select(Batch(ring.chunks[0])) == [len(LOG)]
