"""Marked lines that have left the memory: kept whole, found again, never in two places."""

import pytest

from tests.logs.lines import entries
from vibebox_tui.logs.chunk import Chunk
from vibebox_tui.logs.document import Document
from vibebox_tui.logs.filters import Filter, Selection
from vibebox_tui.logs.lost_marks import MARK_BYTES, LostMarks

TRACE = ("ERROR boom", "  at a", "  at b")


def document_of(count: int, *first: str) -> Document:
    """A log of several chunks that begins with these lines."""
    document = Document()
    document.append(entries(*first, *(f"INFO line {n} {'x' * 60}" for n in range(count))))
    document.scan(10.0, None)
    return document


def drop_first_chunk(document: Document) -> None:
    document.ring.drop_oldest()
    document.scan(10.0, None)


def texts(document: Document) -> list[str]:
    return [line.text for line in document.marked_lines()]


def test_marked_lines_are_there_in_order_although_they_were_dropped():
    document = document_of(9000, "one", "two", "three")
    for position in (2, 0, document.ring.end - 1):
        document.ring.set_mark(position, marked=True)
    drop_first_chunk(document)
    document.ring.drop_newest()
    document.scan(10.0, None)
    assert [text[:5] for text in texts(document)] == ["one", "three", "INFO "]
    before, after = document.lost_marks()
    assert [line.seq for (line,) in before] == [1, 3]
    assert [line.seq for (line,) in after] == [9003]


def test_folded_lines_come_with_their_mark_as_they_do_in_memory():
    document = document_of(9000, *TRACE)
    document.ring.set_mark(0, marked=True)
    drop_first_chunk(document)
    assert texts(document) == ["ERROR boom"]
    document.fold(True)
    document.scan(10.0, None)
    assert texts(document) == [*TRACE]


def test_a_filter_hides_lost_marks_too():
    document = document_of(9000, *TRACE, "two")
    for position in (0, 3):
        document.ring.set_mark(position, marked=True)
    drop_first_chunk(document)
    document.select(Selection((Filter.parse("at b"),)))
    document.scan(10.0, None)
    assert texts(document) == ["ERROR boom"]


def test_a_line_that_comes_again_is_marked_again_and_not_twice():
    document = document_of(9000, "one", "two")
    document.ring.set_mark(0, marked=True)
    chunk = document.ring.chunks[0]
    came = [chunk.line(index, 0) for index in range(len(chunk))]
    drop_first_chunk(document)
    document.prepend([(0, entries(*(line.text for line in came)))])
    document.scan(10.0, None)
    assert document.ring.marked_line(0, 1) == document.ring.first
    assert not document.ring.lost_marks
    assert texts(document) == ["one"]


def test_what_they_take_is_bounded():
    document = document_of(9000)
    for position in range(document.ring.first, document.ring.end):
        document.ring.set_mark(position, marked=True)
    marks = LostMarks(max_bytes=100 * MARK_BYTES)
    for chunk in document.ring.chunks:
        marks.keep(chunk)
    assert 0 < len(marks) < 100
    assert len(marks) + marks.given_up == 9000


def test_the_marks_of_one_log_go_to_another_number_and_back():
    document = document_of(9000, *TRACE)
    for position in (0, 2):
        document.ring.set_mark(position, marked=True)
    drop_first_chunk(document)
    kept = document.ring.lost_marks
    (own,) = kept.by_source().values()
    other = LostMarks()
    other.join(own, 7)
    assert [line[4] for line in other.records()[0]] == [7, 7, 7]
    assert len(other.records()) == 1, "of one record still"
    back = LostMarks()
    back.join(other.by_source()[7], 0)
    assert back.records() == kept.records()
    assert back.take(kept.records()[0][0])


def test_marks_that_were_given_up_are_counted_by_their_logs():
    marks = LostMarks()
    full = LostMarks(max_bytes=0)
    document = document_of(9000, "one")
    document.ring.set_mark(0, marked=True)
    full.keep(document.ring.chunks[0])
    marks.join(full, 3)
    assert marks.given_up == 1
    assert marks.by_source()[3].given_up == 1


@pytest.mark.parametrize("is_lost", [False, True])
def test_whether_there_are_marks_is_known_without_gathering_them(
    is_lost: bool, monkeypatch: pytest.MonkeyPatch
):
    document = document_of(9000, *TRACE)
    assert not document.has_marks
    for position in range(4000):
        document.ring.set_mark(position, marked=True)
    if is_lost:
        drop_first_chunk(document)
        assert document.ring.lost_marks
    read: list[int] = []
    monkeypatch.setattr(Chunk, "line", lambda self, index, position: read.append(index))
    assert document.has_marks
    assert not read


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize(("shown", "expected"), [("at b", True), ("line 8999", False)])
def test_only_marks_that_are_shown_count(is_lost: bool, shown: str, expected: bool):
    document = document_of(9000, *TRACE)
    document.ring.set_mark(0, marked=True)
    if is_lost:
        drop_first_chunk(document)
    document.select(Selection((Filter.parse(shown),)))
    document.scan(10.0, None)
    assert document.has_marks == expected == bool(document.marked_lines())
