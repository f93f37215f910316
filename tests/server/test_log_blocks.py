"""Logs in blocks: as they are committed, cut, rendered and read."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.server.frames import Form
from vibebox_tui.server.log_block import LogBlock, LogSpan, blocks_of
from vibebox_tui.server.log_query import LogQuery
from vibebox_tui.server.log_stretch import CHUNK_ENTRIES, Stretch
from vibebox_tui.server.log_view import LogView
from vibebox_tui.server.records import LogLine
from vibebox_tui.server.store import Store

LINES = st.lists(
    st.builds(
        LogLine,
        st.integers(1_700_000_000_000, 1_700_000_000_002),
        st.sampled_from(["stdout", "stderr"]),
        st.text(max_size=8),
    )
)


def messages(frames: bytes) -> list[dict[str, Any]]:
    """What unmasked text frames carry."""
    found = []
    while frames:
        size, start = frames[1] & 127, 2
        if size == 126:
            size, start = int.from_bytes(frames[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(frames[2:10], "big"), 10
        found.append(json.loads(frames[start : start + size]))
        frames = frames[start + size :]
    return found


@given(LINES)
def test_lines_come_out_as_they_went_in(lines: list[LogLine]) -> None:
    entries = list(LogSpan("e", 7, blocks_of(lines)).entries())
    assert [(entry.stream, entry.message) for entry in entries] == [
        (line.stream, line.message) for line in lines
    ]
    assert [entry.seq for entry in entries] == list(range(7, 7 + len(lines)))


@given(LINES, st.integers(0, 30), st.sampled_from(["all", "stdout", "stderr"]), st.booleans())
def test_a_reader_gets_each_line_that_matches_once(
    lines: list[LogLine], first: int, stream: Any, batch: bool
) -> None:
    stretch = Stretch(1, blocks_of(lines))
    view = LogView("e", stream, Form.TEXT, batch, "r" if batch else None)
    position, got = first + 1, []
    while stretch.holds(position):
        position, frames = stretch.take(position, view, None)
        for message in messages(frames):
            payload = message["payload"]
            got += payload["entries"] if batch else [payload]
            assert not batch or payload["throughSeq"] == position - 1
    wanted = [
        (seq, line.stream, line.message)
        for seq, line in enumerate(lines, 1)
        if seq > first and stream in ("all", line.stream)
    ]
    assert [(entry["seq"], entry["stream"], entry["message"]) for entry in got] == wanted


def test_readers_who_begin_anywhere_soon_read_the_same_chunks() -> None:
    stretch = Stretch(1, [LogBlock.of(0, "stdout", ["x"] * 3 * CHUNK_ENTRIES)])
    view = LogView("e", "all", Form.TEXT)
    ends = {stretch.take(first, view, None)[0] for first in (1, 2, CHUNK_ENTRIES)}
    assert ends == {CHUNK_ENTRIES + 1}


def test_the_oldest_lines_go_where_there_are_too_many() -> None:
    stretch = Stretch(1)
    for number in range(100):
        stretch.extend([LogBlock.of(0, "stdout", [f"{number:02}"] * 10)])
    stretch.shorten(stretch.bytes // 2)
    assert (stretch.start, stretch.end) == (501, 1001)
    assert not stretch.holds(500)
    _, frames = stretch.take(501, LogView("e", "all", Form.TEXT), 511)
    assert {message["payload"]["message"] for message in messages(frames)} == {"50"}


async def test_chunks_of_the_first_releases_are_read_as_they_are(tmp_path: Path) -> None:
    """Before the fifth schema each line had its own time and stream."""
    path = tmp_path / "vibebox.db"
    store = await Store.open(path)
    await store.append_logs("e", [LogBlock.of(1000, "stdout", ["first"])])
    await store.close()
    former = [[2000, "stdout", "a"], [2000, "stderr", 'b "quoted"\n'], [3000, "stderr", "ü"]]
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO log_chunks (environment_id, first_seq, last_seq, first_time, last_time,"
            " bytes, lines) VALUES ('e', 2, 4, 2000, 3000, 100, ?)",
            (msgspec.msgpack.encode(former),),
        )
        db.execute("UPDATE logs SET next_seq = 5")
    db.close()
    store = await Store.open(path)
    await store.append_logs("e", [LogBlock.of(4000, "stdout", ["last"])])
    entries = await store.read_logs("e", after_seq=0)
    span = await store.read_span("e", 2, 5)
    found = await store.read_logs("e", search='"QUOTED"')
    await store.close()
    assert [entry.message for entry in entries] == ["first", "a", 'b "quoted"\n', "ü", "last"]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[3].timestamp == "1970-01-01T00:00:03.000Z"
    assert list(span.entries()) == entries[1:4]
    assert [entry.seq for entry in found] == [3]


@pytest.mark.parametrize(
    ("start", "end", "seqs"), [(1, 3, [1, 2]), (2, 9, [2, 3, 4, 5]), (5, 6, [5]), (6, 9, [])]
)
async def test_a_span_is_cut_out_of_blocks(
    tmp_path: Path, start: int, end: int, seqs: list[int]
) -> None:
    store = await Store.open(tmp_path / "vibebox.db")
    await store.append_logs("e", [LogBlock.of(0, "stdout", ["1", "2", "3"])])
    await store.append_logs("e", [LogBlock.of(0, "stdout", ["4"]), LogBlock.of(0, "stderr", ["5"])])
    span = await store.read_span("e", start, end)
    page, bounds = await store.log_page(LogQuery("e", after_seq=start - 1, before_seq=end))
    await store.close()
    assert [entry.seq for entry in span.entries()] == seqs
    assert page == list(span.entries())
    assert span.start == (seqs[0] if seqs else bounds.next_seq)
