"""The logs in the store: numbered without gaps, in chunks, within the bounds of retention."""

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import psutil

from vibebox_tui.protocol.messages import LogEntry, StreamFilter
from vibebox_tui.server.records import CapturePosition, LogBounds, LogLine, Retention
from vibebox_tui.server.times import iso_time

_CHUNK_LINES: Final = 1024
"""Lines in a chunk at most: what is decoded to read one line of it."""

_CHUNK_OVERHEAD: Final = 96
"""Bytes that a chunk takes in the file besides its lines, about."""

_TRIM_CHUNKS: Final = 64
"""Chunks deleted in one operation at most; a commit adds far fewer, so trimming keeps up."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[LogLine]).decode


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


def begin(db: sqlite3.Connection, boot_id: str) -> None:
    """Open the logs: numbers that a crash of the machine may have taken give a new epoch.

    A crash of the server alone takes nothing that was committed; only after one of the machine,
    seen by another `boot_id`, may numbers that somebody has read be given again.
    """
    known = dict(db.execute("SELECT name, value FROM meta WHERE name IN ('boot', 'clean')"))
    if known.get("clean") == "no" and known.get("boot") != boot_id:
        renew_epochs(db)
    _remember(db, {"boot": boot_id, "clean": "no"})


def finish(db: sqlite3.Connection) -> None:
    """Note that the logs were closed in order."""
    _remember(db, {"clean": "yes"})


def append(
    db: sqlite3.Connection,
    environment_id: str,
    lines: Sequence[LogLine],
    positions: Sequence[CapturePosition],
    retention: Retention,
) -> list[LogEntry]:
    """Number the lines, keep them, and return them as entries."""
    first = _next_seq(db, environment_id)
    added = sum(
        _add_chunk(db, environment_id, first + start, lines[start : start + _CHUNK_LINES])
        for start in range(0, len(lines), _CHUNK_LINES)
    )
    db.execute(
        "UPDATE logs SET next_seq = ?, bytes = bytes + ? WHERE environment_id = ?",
        (first + len(lines), added, environment_id),
    )
    for position in positions:
        _keep_position(db, environment_id, position)
    _trim_environment(db, environment_id, retention.max_environment_bytes)
    return [_entry(environment_id, seq, line) for seq, line in enumerate(lines, first)]


def positions(db: sqlite3.Connection, run: str) -> list[CapturePosition]:
    """How far the streams of a run have been captured."""
    rows = db.execute(
        "SELECT stream, position, cut, nth FROM capture_positions WHERE run = ?", (run,)
    )
    return [
        CapturePosition(run, stream, position, bool(cut), nth)
        for stream, position, cut, nth in rows
    ]


def known_bounds(db: sqlite3.Connection, environment_id: str) -> LogBounds | None:
    """What is kept of a log; None where it has no record yet."""
    row = db.execute(
        "SELECT (SELECT min(first_seq) FROM log_chunks WHERE environment_id = logs.environment_id),"
        " next_seq, epoch FROM logs WHERE environment_id = ?",
        (environment_id,),
    ).fetchone()
    return LogBounds(*row) if row else None


def bounds(db: sqlite3.Connection, environment_id: str) -> LogBounds:
    """What is kept of a log, giving it its epoch where it has none yet."""
    _next_seq(db, environment_id)
    known = known_bounds(db, environment_id)
    assert known is not None
    return known


def read(db: sqlite3.Connection, query: LogQuery) -> list[LogEntry]:
    """The entries that match, oldest first."""
    chunks = _chunks_forward(db, query) if query.forward else _chunks_backward(db, query)
    found: list[LogEntry] = []
    for first_seq, blob in chunks:
        if query.search and not _may_contain(blob, query.search):
            continue
        matches = _matches(query, first_seq, _decode(blob))
        found.extend(matches if query.forward else reversed(list(matches)))
        if len(found) >= query.limit:
            break
    del found[query.limit :]
    return found if query.forward else found[::-1]


def trim(db: sqlite3.Connection, retention: Retention, now: int) -> int:
    """Delete some of what is too old or too much in all; how many chunks, 0 when done."""
    oldest = db.execute(
        "SELECT id, environment_id, bytes, last_time FROM log_chunks ORDER BY id LIMIT ?",
        (_TRIM_CHUNKS,),
    ).fetchall()
    (total,) = db.execute("SELECT coalesce(sum(bytes), 0) FROM logs").fetchone()
    horizon = now - int(retention.max_age * 1000)
    doomed = []
    for chunk_id, environment_id, size, last_time in oldest:
        if last_time >= horizon and total <= retention.max_total_bytes:
            break
        doomed.append((chunk_id, environment_id, size))
        total -= size
    _delete(db, doomed)
    return len(doomed)


def forget(db: sqlite3.Connection, environment_id: str) -> int:
    """Delete some of the log of an environment; how many chunks, 0 when all of it is gone."""
    doomed = db.execute(
        "SELECT id, environment_id, bytes FROM log_chunks WHERE environment_id = ? LIMIT ?",
        (environment_id, _TRIM_CHUNKS),
    ).fetchall()
    _delete(db, doomed)
    if not doomed:
        db.execute("DELETE FROM logs WHERE environment_id = ?", (environment_id,))
        db.execute("DELETE FROM capture_positions WHERE environment_id = ?", (environment_id,))
    return len(doomed)


def boot_id() -> str:
    """What tells one start of the machine from the next."""
    kernel = Path("/proc/sys/kernel/random/boot_id")
    if kernel.exists():
        return kernel.read_text().strip()
    return str(int(psutil.boot_time()))


# --- writing


def _next_seq(db: sqlite3.Connection, environment_id: str) -> int:
    row = db.execute(
        "SELECT next_seq FROM logs WHERE environment_id = ?", (environment_id,)
    ).fetchone()
    if row is not None:
        return int(row[0])
    db.execute("INSERT INTO logs VALUES (?, ?, 1, 0)", (environment_id, _new_epoch()))
    return 1


def _add_chunk(
    db: sqlite3.Connection, environment_id: str, first_seq: int, lines: Sequence[LogLine]
) -> int:
    blob = _encode(lines)
    size = len(blob) + _CHUNK_OVERHEAD
    db.execute(
        "INSERT INTO log_chunks (environment_id, first_seq, last_seq, first_time, last_time,"
        " bytes, lines) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            environment_id,
            first_seq,
            first_seq + len(lines) - 1,
            lines[0].time,
            lines[-1].time,
            size,
            blob,
        ),
    )
    return size


def _keep_position(db: sqlite3.Connection, environment_id: str, position: CapturePosition) -> None:
    updated = db.execute(
        "UPDATE capture_positions SET position = ?, cut = ?, nth = ? WHERE run = ? AND stream = ?",
        (position.position, position.cut, position.nth, position.run, position.stream),
    )
    if updated.rowcount:
        return
    # A new run: nobody will ask for those before it any more.
    db.execute(
        "DELETE FROM capture_positions WHERE environment_id = ? AND run <> ?",
        (environment_id, position.run),
    )
    db.execute(
        "INSERT INTO capture_positions (run, stream, environment_id, position, cut, nth)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (position.run, position.stream, environment_id, *position[2:]),
    )


def _trim_environment(db: sqlite3.Connection, environment_id: str, limit: int) -> None:
    (size,) = db.execute(
        "SELECT bytes FROM logs WHERE environment_id = ?", (environment_id,)
    ).fetchone()
    if size <= limit:
        return
    doomed = []
    for row in db.execute(
        "SELECT id, environment_id, bytes FROM log_chunks WHERE environment_id = ?"
        " ORDER BY first_seq LIMIT ?",
        (environment_id, _TRIM_CHUNKS),
    ):
        if size <= limit:
            break
        doomed.append(row)
        size -= row[2]
    _delete(db, doomed)


def _delete(db: sqlite3.Connection, chunks: Iterable[tuple[int, str, int]]) -> None:
    for chunk_id, environment_id, size in chunks:
        db.execute("DELETE FROM log_chunks WHERE id = ?", (chunk_id,))
        db.execute(
            "UPDATE logs SET bytes = bytes - ? WHERE environment_id = ?", (size, environment_id)
        )


def renew_epochs(db: sqlite3.Connection) -> None:
    """Say of every log that its numbers may be given, or have been given, to other lines."""
    for (environment_id,) in db.execute("SELECT environment_id FROM logs").fetchall():
        db.execute(
            "UPDATE logs SET epoch = ? WHERE environment_id = ?", (_new_epoch(), environment_id)
        )


def _new_epoch() -> str:
    return uuid.uuid4().hex[:16]


def _remember(db: sqlite3.Connection, values: dict[str, str]) -> None:
    db.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values.items(),
    )


# --- reading


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
    return not search.isascii() or search.lower().encode() in blob.lower()


def _matches(query: LogQuery, first_seq: int, lines: Sequence[LogLine]) -> Iterator[LogEntry]:
    after = query.after_seq or 0
    needle = query.search.lower() if query.search else None
    for seq, line in enumerate(lines, first_seq):
        if seq <= after or (query.before_seq is not None and seq >= query.before_seq):
            continue
        if query.since is not None and line.time < query.since:
            continue
        if query.until is not None and line.time >= query.until:
            continue
        if query.stream not in ("all", line.stream):
            continue
        if needle is not None and needle not in line.message.lower():
            continue
        yield _entry(query.environment_id, seq, line)


def _entry(environment_id: str, seq: int, line: LogLine) -> LogEntry:
    return LogEntry(environment_id, line.stream, line.message, iso_time(line.time), seq)
