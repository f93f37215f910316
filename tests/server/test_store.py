"""The store, on real files."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.support import wait_for
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import Environment, Session
from vibebox_tui.server import log_store
from vibebox_tui.server.errors import ConflictError, StoreError
from vibebox_tui.server.log_block import LogBlock, LogSpan
from vibebox_tui.server.log_query import LogQuery
from vibebox_tui.server.records import (
    CapturePosition,
    RefreshTokenRecord,
    Retention,
    UserRecord,
)
from vibebox_tui.server.schema import MIGRATIONS
from vibebox_tui.server.store import Store
from vibebox_tui.server.times import now_ms


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vibebox.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = await Store.open(path)
    await store.open_logs()
    yield store
    await store.close()


def lines(*messages: str, time: int = 0, stream: str = "stdout") -> list[LogBlock]:
    """Lines at a time, now if none is given; retention deletes what is old."""
    return [LogBlock.of(time or now_ms(), stream, messages)]  # type: ignore[arg-type]


def seqs(log: Sequence[LogEntry] | LogSpan) -> list[int | None]:
    entries = log.entries() if isinstance(log, LogSpan) else log
    return [entry.seq for entry in entries]


def user(user_id: str, email: str) -> UserRecord:
    return UserRecord(user_id, email, "developer", "hash", "2026-01-01T00:00:00.000Z")


async def test_is_for_its_owner_alone(store: Store, path: Path) -> None:
    await store.save_environment(Environment("e", "one"))
    for file in path.parent.glob("vibebox.db*"):
        assert file.stat().st_mode & 0o077 == 0, file


async def test_keeps_everything_over_a_restart(path: Path) -> None:
    store = await Store.open(path)
    await store.open_logs()
    environment = Environment("e", "one", command=["true"], environment_variables={"A": "ü"})
    session = Session("s", "e", session_name="shell-1")
    await store.save_environment(environment)
    await store.save_session(session)
    await store.save_user(user("u", "a@example.com"))
    await store.append_logs("e", lines("a", "b"), CapturePosition("run", "stdout", 4, cut=True))
    bounds = await store.log_bounds("e")
    await store.close()

    store = await Store.open(path)
    await store.open_logs()
    assert await store.environments() == [environment]
    assert await store.sessions() == [session]
    assert await store.users() == [user("u", "a@example.com")]
    assert await store.capture_positions("run") == [CapturePosition("run", "stdout", 4, True)]
    assert await store.log_bounds("e") == bounds
    assert seqs(await store.append_logs("e", lines("c"))) == [3]
    assert [entry.message for entry in await store.read_logs("e")] == ["a", "b", "c"]
    await store.close()


async def test_refuses_a_file_of_a_newer_version(path: Path) -> None:
    await (await Store.open(path)).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer VibeBox"):
        await Store.open(path)


@pytest.fixture
def text_file(path: Path) -> Path:
    path.write_text("not a database, and long enough to be seen as none " * 20)
    return path


async def test_refuses_what_is_no_database(text_file: Path) -> None:
    with pytest.raises(StoreError, match="not a database"):
        await Store.open(text_file)


async def test_numbers_without_gaps_however_many_write_at_once(store: Store) -> None:
    async def write(stream: str) -> list[int | None]:
        return [
            seq
            for n in range(50)
            for seq in seqs(await store.append_logs("e", lines(str(n), "x", stream=stream)))
        ]

    out, err, _ = await asyncio.gather(
        write("stdout"), write("stderr"), store.append_logs("other", lines("a"))
    )
    assert sorted(out + err) == list(range(1, 201))
    assert out == sorted(out)
    assert seqs(await store.read_logs("e", limit=1000)) == list(range(1, 201))


async def test_one_failing_operation_takes_nothing_of_the_others_with_it(store: Store) -> None:
    await store.save_user(user("u", "a@example.com"))
    results = await asyncio.gather(
        store.append_logs("e", lines("before")),
        store.save_user(user("v", "A@EXAMPLE.com")),
        store.append_logs("e", lines("after")),
        return_exceptions=True,
    )
    assert isinstance(results[1], ConflictError)
    assert [entry.message for entry in await store.read_logs("e")] == ["before", "after"]
    assert [known.id for known in await store.users()] == ["u"]


async def test_a_fault_in_an_operation_is_told_to_who_asked_and_ends_nothing(store: Store) -> None:
    with pytest.raises(AttributeError):
        await store.append_logs("e", [7])  # type: ignore[list-item]
    await store.append_logs("e", lines("written"))
    assert [entry.message for entry in await store.read_logs("e")] == ["written"]


async def test_reads_any_part_of_a_log(store: Store) -> None:
    start = now_ms() - 200_000
    for n in range(1, 101):
        stream = "stderr" if n % 10 == 0 else "stdout"
        await store.append_logs("e", lines(f"Line {n}", time=start + n * 1000, stream=stream))
    read = store.read_logs
    assert seqs(await read("e", limit=3)) == [98, 99, 100]
    assert seqs(await read("e", after_seq=7, limit=3)) == [8, 9, 10]
    assert seqs(await read("e", before_seq=8, limit=3)) == [5, 6, 7]
    assert seqs(await read("e", after_seq=7, before_seq=10)) == [8, 9]
    assert seqs(await read("e", since=start + 98_000)) == [98, 99, 100]
    assert seqs(await read("e", until=start + 4_000)) == [1, 2, 3]
    assert seqs(await read("e", since=start + 5_000, until=start + 7_000)) == [5, 6]
    assert seqs(await read("e", stream="stderr", limit=2)) == [90, 100]
    assert seqs(await read("e", search="LINE 10")) == [10, 100]
    assert seqs(await read("e", after_seq=100)) == []
    assert await read("unknown") == []


async def test_reads_from_the_middle_of_a_large_commit(store: Store) -> None:
    await store.append_logs("e", lines(*(str(n) for n in range(1, 5001))))
    assert seqs(await store.read_logs("e", after_seq=3000, limit=2)) == [3001, 3002]
    assert seqs(await store.read_logs("e", before_seq=3000, limit=2)) == [2998, 2999]


async def test_searches_text_beyond_ascii_whatever_its_case(store: Store) -> None:
    await store.append_logs("e", lines("STRASSE", "GRÜN", 'quoted "x"'))
    assert seqs(await store.read_logs("e", search="grün")) == [2]
    assert seqs(await store.read_logs("e", search='"X"')) == [3]
    assert seqs(await store.read_logs("e", search="%")) == []


async def test_deletes_the_oldest_beyond_the_size_of_an_environment(path: Path) -> None:
    store = await Store.open(path, Retention(max_environment_bytes=20_000))
    await store.open_logs()
    for n in range(100):
        await store.append_logs("e", lines(f"{n} " + "x" * 1000))
    first, following, _ = await store.log_bounds("e")
    assert first is not None
    assert 75 < first < 100
    assert following == 101
    assert seqs(await store.read_logs("e", after_seq=0)) == list(range(first, 101))
    await store.close()


async def test_deletes_what_is_too_old_or_too_much_in_all(path: Path) -> None:
    store = await Store.open(path, Retention(max_age=3600.0, max_total_bytes=3000))
    await store.append_logs("old", lines("long ago", time=now_ms() - 7_200_000))
    for n in range(5):
        await store.append_logs("big", lines(f"{n} " + "x" * 1000, time=now_ms()))
    await store.open_logs()

    async def trimmed() -> bool:
        return (await store.log_bounds("big")).first_seq == 4

    await wait_for(trimmed)
    assert (await store.log_bounds("old"))[:2] == (None, 2)
    await store.close()


async def test_lines_are_committed_in_between_while_much_is_deleted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await Store.open(path)
    long_ago = lines("long ago", time=now_ms() - 7_200_000)
    await asyncio.gather(*[old.append_logs(f"old {n % 10}", long_ago) for n in range(2000)])
    await old.close()
    happened: list[str] = []
    trim = log_store.trim

    def trimmed(db: sqlite3.Connection, retention: Retention, now: int) -> int:
        count = trim(db, retention, now)
        happened.append("deleted" if count else "done")
        return count

    monkeypatch.setattr(log_store, "trim", trimmed)
    store = await Store.open(path, Retention(max_age=3600.0))
    await store.open_logs()
    for n in range(10):
        await store.append_logs("new", lines(f"line {n}"))
        happened.append("committed")
    await wait_for(lambda: "done" in happened)
    before = happened[: happened.index("done")]
    assert before.count("deleted") > 10, "there was much to delete"
    assert before.count("committed") == 10, "and none of the lines waited for the end of it"
    assert len(seqs(await store.read_logs("new"))) == 10
    await store.close()


async def test_the_epoch_changes_only_when_the_machine_may_have_lost_commits(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def epoch_in(boot: str, *, crash: bool) -> str:
        monkeypatch.setattr(log_store, "boot_id", lambda: boot)
        store = await Store.open(path)
        await store.open_logs()
        epoch = (await store.log_bounds("e")).epoch
        if crash:  # nothing is said to the file, as when the process is killed
            monkeypatch.setattr(log_store, "finish", lambda db: None)
        await store.close()
        monkeypatch.undo()
        return epoch

    first = await epoch_in("one", crash=True)
    assert await epoch_in("one", crash=False) == first, "a crash of the server loses nothing"
    assert await epoch_in("two", crash=True) == first, "closed in order before the reboot"
    assert await epoch_in("three", crash=False) != first


async def test_deleting_an_environment_takes_its_sessions_and_log_along(store: Store) -> None:
    await store.save_environment(Environment("e", "one"))
    await store.save_session(Session("s", "e"))
    await store.append_logs("e", lines(*"abc"), CapturePosition("run", "stdout", 6))
    await store.delete_environment("e")
    assert await store.environments() == []
    assert await store.sessions() == []
    assert await store.read_logs("e") == []
    assert await store.capture_positions("run") == []


async def test_tokens_are_revoked_by_family_and_by_user(store: Store) -> None:
    await store.save_user(user("u", "a@example.com"))
    tokens = [RefreshTokenRecord(f"h{n}", f"f{n % 2}", "u", 0.0, 100.0 + n) for n in range(4)]
    for token in tokens:
        await store.save_refresh_token(token)
    await store.revoke_family("f0")

    async def revoked() -> list[bool]:
        found = [await store.refresh_token(token.token_hash) for token in tokens]
        return [token is not None and token.revoked for token in found]

    assert await revoked() == [True, False, True, False]
    await store.revoke_user_tokens("u")
    assert await revoked() == [True] * 4
    assert await store.delete_expired_tokens(102.0) == 2
    await store.delete_user("u")
    assert await store.refresh_token("h3") is None


async def test_a_closed_store_says_so(path: Path) -> None:
    store = await Store.open(path)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.environments()


async def test_a_page_ends_where_its_bounds_say(store: Store) -> None:
    await store.append_logs("e", lines("first"))

    async def write() -> None:
        for n in range(150):
            await store.append_logs("e", lines(str(n)))

    async with asyncio.TaskGroup() as group:
        writing = group.create_task(write())
        while not writing.done():
            entries, bounds = await store.log_page(LogQuery("e", after_seq=0))
            assert entries[-1].seq == bounds.next_seq - 1
