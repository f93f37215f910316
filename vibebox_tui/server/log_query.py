"""Reading logs from the store: a page of blocks as they are kept, or the entries that match."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.server.log_block import LogBlock, LogSpan, blocks_of
from vibebox_tui.server.records import LogBounds, LogLine
from vibebox_tui.server.times import iso_time

_decode = msgspec.msgpack.Decoder(list[tuple[int, Any, Any]]).decode
_encode = msgspec.json.Encoder().encode


class LogQuery(NamedTuple):
    """Which entries to read; see `Store.read_logs`."""

    environment_id: str
    after_seq: int | None = None
    before_seq: int | None = None
    since: int | None = None
    until: int | None = None
    stream: StreamFilter = "all"
    search: str | None = None
    limit: int = 1000

    @property
    def forward(self) -> bool:
        """Whether the first matches are wanted, not the last."""
        return self.after_seq is not None or self.since is not None


def known_bounds(db: sqlite3.Connection, environment_id: str) -> LogBounds | None:
    """What is kept of a log; None where it has no record yet."""
    row = db.execute(
        "SELECT (SELECT min(first_seq) FROM log_chunks WHERE environment_id = logs.environment_id),"
        " next_seq, epoch FROM logs WHERE environment_id = ?",
        (environment_id,),
    ).fetchone()
    return LogBounds(*row) if row else None


def read(db: sqlite3.Connection, query: LogQuery) -> list[LogEntry]:
    """The entries that match, oldest first."""
    chunks = _chunks_forward(db, query) if query.forward else _chunks_backward(db, query)
    found: list[LogEntry] = []
    for first_seq, blob in chunks:
        if query.search and not _may_contain(blob, query.search):
            continue
        matches = _matches(query, first_seq, _blocks(blob))
        found.extend(matches if query.forward else reversed(list(matches)))
        if len(found) >= query.limit:
            break
    del found[query.limit :]
    return found if query.forward else found[::-1]


def read_span(db: sqlite3.Connection, environment_id: str, start: int, end: int) -> LogSpan:
    """The lines from `start` up to `end`; see `Store.read_span`."""
    blocks: list[LogBlock] = []
    rows = _chunks_forward(db, LogQuery(environment_id, after_seq=start - 1, before_seq=end))
    for seq, blob in rows:
        for block in _blocks(blob):
            messages = block.encoded()
            wanted = messages[max(start - seq, 0) : max(end - seq, 0)]
            if wanted:
                start = start if blocks else max(start, seq)
                blocks.append(block if len(wanted) == len(messages) else block.part(wanted))
            seq += len(messages)
    if not blocks:
        known = known_bounds(db, environment_id)
        start = min(end, known.next_seq if known else 1)
    return LogSpan(environment_id, start, blocks)


# --- helpers


def _blocks(blob: bytes) -> Sequence[LogBlock]:
    """The lines of a chunk; before the fifth schema each was a text with its time and stream."""
    blocks = _decode(blob)
    if isinstance(blocks[0][2], bytes):
        return [LogBlock(*block) for block in blocks]
    return blocks_of(LogLine(*line) for line in blocks)


def _chunks_forward(db: sqlite3.Connection, query: LogQuery) -> Iterator[tuple[int, bytes]]:
    """Chunks from the one that has `after_seq + 1`, or the first that ends at `since` or later."""
    start = _chunk_of(db, query.environment_id, (query.after_seq or 0) + 1)
    if query.since is not None:
        start = max(start, _chunk_since(db, query.environment_id, query.since))
    yield from db.execute(
        "SELECT first_seq, lines FROM log_chunks WHERE environment_id = ? AND first_seq >= ?"
        " AND first_seq < ? ORDER BY first_seq",
        (query.environment_id, start, _end(query)),
    )


def _chunks_backward(db: sqlite3.Connection, query: LogQuery) -> Iterator[tuple[int, bytes]]:
    yield from db.execute(
        "SELECT first_seq, lines FROM log_chunks WHERE environment_id = ? AND first_seq < ?"
        " AND first_time < ? ORDER BY first_seq DESC",
        (query.environment_id, _end(query), query.until if query.until is not None else 1 << 62),
    )


def _end(query: LogQuery) -> int:
    return query.before_seq if query.before_seq is not None else 1 << 62


def _chunk_of(db: sqlite3.Connection, environment_id: str, seq: int) -> int:
    (first_seq,) = db.execute(
        "SELECT max(first_seq) FROM log_chunks WHERE environment_id = ? AND first_seq <= ?",
        (environment_id, seq),
    ).fetchone()
    return int(first_seq or 0)


def _chunk_since(db: sqlite3.Connection, environment_id: str, since: int) -> int:
    row = db.execute(
        "SELECT first_seq FROM log_chunks WHERE environment_id = ? AND last_time >= ?"
        " ORDER BY last_time, first_seq LIMIT 1",
        (environment_id, since),
    ).fetchone()
    return int(row[0]) if row else 1 << 62


def _may_contain(blob: bytes, search: str) -> bool:
    """Whether a chunk is worth decoding: ASCII is searched in its bytes, other text isn't."""
    if not search.isascii():
        return True
    lowered = blob.lower()
    return _encode(search)[1:-1].lower() in lowered or search.lower().encode() in lowered


def _matches(query: LogQuery, seq: int, blocks: Sequence[LogBlock]) -> Iterator[LogEntry]:
    first = (query.after_seq or 0) + 1
    needle = query.search.lower() if query.search else None
    for block in blocks:
        following = seq + block.count
        if first < following and seq < _end(query) and _fits(query, block):
            timestamp = iso_time(block.time)
            for number, message in enumerate(block.decoded(), seq):
                if first <= number < _end(query) and (not needle or needle in message.lower()):
                    yield LogEntry(query.environment_id, block.stream, message, timestamp, number)
        seq = following


def _fits(query: LogQuery, block: LogBlock) -> bool:
    """Whether the block is of a stream and of a time that are wanted."""
    return (
        query.stream in ("all", block.stream)
        and (query.since is None or block.time >= query.since)
        and (query.until is None or block.time < query.until)
    )
