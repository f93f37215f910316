"""The screens in the store: what redraws each session's terminal after a restart."""

import sqlite3
import zlib

from vibebox_tui.server.records import TerminalSnapshot


def save(db: sqlite3.Connection, session_id: str, snapshot: TerminalSnapshot) -> None:
    """Keep the screen of a session in place of the one before; not of one that is forgotten."""
    db.execute(
        "INSERT OR REPLACE INTO screens (session_id, seq, rows, columns, redraw)"
        " SELECT id, ?, ?, ?, ? FROM sessions WHERE id = ?",
        (
            snapshot.seq,
            snapshot.rows,
            snapshot.columns,
            zlib.compress(snapshot.redraw, 1),
            session_id,
        ),
    )


def load(db: sqlite3.Connection, session_id: str) -> TerminalSnapshot | None:
    """The screen of a session as it was saved last; None where it never was."""
    row = db.execute(
        "SELECT redraw, seq, rows, columns FROM screens WHERE session_id = ?", (session_id,)
    ).fetchone()
    return None if row is None else TerminalSnapshot(zlib.decompress(row[0]), *row[1:])


def forget(db: sqlite3.Connection, session_id: str) -> None:
    """Delete the screen of a session; none is no error."""
    db.execute("DELETE FROM screens WHERE session_id = ?", (session_id,))
