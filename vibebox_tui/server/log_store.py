"""The logs in the store: numbered without gaps, in chunks, within the bounds of retention."""

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import psutil

from vibebox_tui.server.log_block import LogBlock, LogSpan
from vibebox_tui.server.log_query import known_bounds
from vibebox_tui.server.records import CapturePosition, LogBounds, Retention

_CHUNK_LINES: Final = 4096
"""Lines in a chunk at most: what is read to have one line of it; a usual commit has fewer."""

_CHUNK_OVERHEAD: Final = 96
"""Bytes that a chunk takes in the file besides its lines, about."""

_TRIM_CHUNKS: Final = 64
"""Chunks deleted in one operation at most; a commit adds far fewer, so trimming keeps up."""

_encode = msgspec.msgpack.Encoder().encode


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
    blocks: Sequence[LogBlock],
    positions: Sequence[CapturePosition],
    retention: Retention,
) -> LogSpan:
    """Number the lines and keep them."""
    first = following = _next_seq(db, environment_id)
    added = 0
    for count, chunk in _chunks(blocks):
        added += _add_chunk(db, environment_id, following, count, chunk)
        following += count
    db.execute(
        "UPDATE logs SET next_seq = ?, bytes = bytes + ? WHERE environment_id = ?",
        (following, added, environment_id),
    )
    for position in positions:
        _keep_position(db, environment_id, position)
    _trim_environment(db, environment_id, retention.max_environment_bytes)
    return LogSpan(environment_id, first, blocks)


def positions(db: sqlite3.Connection, run: str) -> list[CapturePosition]:
    """How far the streams of a run have been captured."""
    rows = db.execute(
        "SELECT stream, position, cut, nth FROM capture_positions WHERE run = ?", (run,)
    )
    return [
        CapturePosition(run, stream, position, bool(cut), nth)
        for stream, position, cut, nth in rows
    ]


def bounds(db: sqlite3.Connection, environment_id: str) -> LogBounds:
    """What is kept of a log, giving it its epoch where it has none yet."""
    _next_seq(db, environment_id)
    known = known_bounds(db, environment_id)
    assert known is not None
    return known


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


def _chunks(blocks: Sequence[LogBlock]) -> Iterator[tuple[int, list[LogBlock]]]:
    """The blocks by chunks of bounded length, and how many lines each of these has."""
    chunk: list[LogBlock] = []
    lines = 0
    for count, block in _bounded(blocks):
        if lines + count > _CHUNK_LINES:
            yield lines, chunk
            chunk, lines = [], 0
        chunk.append(block)
        lines += count
    if chunk:
        yield lines, chunk


def _bounded(blocks: Sequence[LogBlock]) -> Iterator[tuple[int, LogBlock]]:
    """The blocks, those that are too long for a chunk in parts, and how many lines each has."""
    for block in blocks:
        count = block.count
        if count <= _CHUNK_LINES:
            yield count, block
            continue
        messages = block.encoded()
        for first in range(0, count, _CHUNK_LINES):
            some = messages[first : first + _CHUNK_LINES]
            yield len(some), block.part(some)


def _add_chunk(
    db: sqlite3.Connection,
    environment_id: str,
    first_seq: int,
    count: int,
    blocks: Sequence[LogBlock],
) -> int:
    blob = _encode(blocks)
    size = len(blob) + _CHUNK_OVERHEAD
    db.execute(
        "INSERT INTO log_chunks (environment_id, first_seq, last_seq, first_time, last_time,"
        " bytes, lines) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            environment_id,
            first_seq,
            first_seq + count - 1,
            blocks[0].time,
            blocks[-1].time,
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
