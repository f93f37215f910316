"""The corpus: real forms of log lines, each with the level and the record that it belongs to.

A line of a corpus file is `LEVEL|text`, or `+|text` where it continues the record before it.
"""

from pathlib import Path

import pytest

from vibebox_tui.logs.levels import recognise
from vibebox_tui.logs.ring import Ring
from vibebox_tui.protocol.messages import LogEntry

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.log"))
"""One file for each family of formats."""


def read(file: Path) -> list[tuple[str, str]]:
    """Each line's expectation and its text."""
    lines = file.read_text(encoding="utf-8").split("\n")[:-1]
    return [(line.partition("|")[0], line.partition("|")[2]) for line in lines]


def test_the_corpus_is_there():
    assert len(CORPUS) >= 9


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_levels_are_recognised(file: Path):
    expected = [(text, level) for level, text in read(file) if level != "+"]
    assert [(text, recognise(text).name) for text, _ in expected] == expected


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_continuations_belong_to_the_record_before_them(file: Path):
    lines = read(file)
    ring = Ring()
    ring.append([LogEntry("e", "stdout", text, seq=seq) for seq, (_, text) in enumerate(lines, 1)])
    got = [(line.text, line.is_continuation) for line in ring.lines()]
    assert got == [(text, level == "+") for level, text in lines]
