"""A log as somebody reads it: folded records, and what is copied and saved of them."""

from tests.logs.lines import entries
from vibebox_tui.logs.document import Document

TRACES = ["INFO ok", "ERROR boom", "  at a", "  at b", "INFO then", "ERROR again", "  at c"]


def document_of(*messages: str) -> Document:
    document = Document()
    document.append(entries(*messages))
    scan(document)
    return document


def scan(document: Document) -> None:
    while not document.scan(1.0, None):
        pass


def shown(document: Document) -> list[str]:
    scan(document)
    view = document.view
    return [document.ring.line(view.position(row)).text for row in range(len(view))]


def test_one_record_is_folded_to_its_first_line_and_opened_again():
    document = document_of(*TRACES)
    document.turn(2)
    assert shown(document) == ["INFO ok", "ERROR boom", "INFO then", "ERROR again", "  at c"]
    assert document.folded_lines(1) == 2
    assert document.is_hidden(3)
    document.turn(1)
    assert shown(document) == TRACES


def test_all_records_are_folded_but_those_that_were_turned():
    document = document_of(*TRACES)
    document.fold(True)
    assert shown(document) == ["INFO ok", "ERROR boom", "INFO then", "ERROR again"]
    document.turn(5)
    assert shown(document)[-2:] == ["ERROR again", "  at c"]
    document.fold(False)
    assert shown(document) == TRACES


def test_a_line_that_comes_later_is_folded_with_its_record():
    document = document_of(*TRACES)
    document.turn(5)
    document.append(entries("  at d", "INFO new", first=8))
    assert shown(document)[-2:] == ["ERROR again", "INFO new"]
    assert document.folded_lines(5) == 2


def test_folded_lines_are_saved_with_the_line_that_they_follow():
    document = document_of(*TRACES)
    document.fold(True)
    scan(document)
    total, lines = document.snapshot()
    assert (total, [line.text for line in lines]) == (7, TRACES)
