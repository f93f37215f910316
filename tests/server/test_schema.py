"""A store that an earlier release wrote is taken up as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from vibebox_tui.protocol.models import Environment, Session
from vibebox_tui.server.log_block import LogBlock
from vibebox_tui.server.records import CapturePosition, RefreshTokenRecord, UserRecord
from vibebox_tui.server.schema import MIGRATIONS
from vibebox_tui.server.store import Store

FIRST_RELEASE = Path(__file__).with_name("stores") / "first_release.sql"
"""All of a store that the first release wrote, by SQLite's own dump."""

CREATED = "2026-01-01T00:00:00.000Z"
TIME = 4_070_908_800_000
"""When its lines came, in milliseconds: so late that retention never deletes them."""


@pytest.fixture(params=range(1, len(MIGRATIONS) + 1))
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A store of each release from the first one on, with what that one wrote."""
    path = tmp_path / "vibebox.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FIRST_RELEASE.read_text())
        for statements in MIGRATIONS[1 : request.param]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {request.param}")
        db.commit()
    return path


async def test_what_the_first_release_wrote_is_there_and_goes_on(path: Path) -> None:
    store = await Store.open(path)
    await store.open_logs()
    variables = {"A": "ü"}
    assert await store.environments() == [
        Environment(
            "e",
            "one",
            slug="one",
            owner_id="u",
            command=["true"],
            environment_variables=variables,
            created_at=CREATED,
        )
    ]
    assert await store.sessions() == [Session("s", "e", session_name="shell-1")]
    user = UserRecord("u", "a@example.com", "developer", "hash", CREATED)
    assert await store.users() == [user]
    token = RefreshTokenRecord("token", "family", "u", 1.0, 4e9)
    assert await store.refresh_token("token") == token
    assert await store.capture_positions("run") == [CapturePosition("run", "stdout", 4, cut=True)]

    await store.append_logs("e", [LogBlock.of(TIME + 3, "stdout", ["from now on"])])
    entries = await store.read_logs("e")
    assert [(entry.seq, entry.stream, entry.message) for entry in entries] == [
        (1, "stdout", 'a "quoted" line'),
        (2, "stdout", "ü and \\ \x1b[1m"),
        (3, "stderr", ""),
        (4, "system", "d"),
        (5, "stdout", "from now on"),
    ]
    await store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA user_version").fetchall() == [(len(MIGRATIONS),)]
