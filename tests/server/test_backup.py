"""A backup of a running server, and the server that it makes."""

import asyncio
import io
import tarfile
from pathlib import Path

import psutil
import pytest

from tests.conftest import StartServer
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.errors import UsageError, VibeBoxError
from vibebox_tui.server.backup import back_up, restore
from vibebox_tui.server.data_directory import DataDirectory, DataDirectoryError
from vibebox_tui.server.errors import StoreError


async def test_a_backup_of_a_running_server_makes_another_one(
    start_server: StartServer, short_path: Path
) -> None:
    first = await start_server()
    busy = await first.create(
        "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; done", name="busy", start=True
    )
    await first.logged(busy.id, 1000)
    file = short_path / "vibebox.tar"
    await asyncio.to_thread(back_up, DataDirectory(first.settings.data_directory), file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = await first.server.backend.store.log_bounds(busy.id)
    assert before.next_seq > 1000
    await first.stop()

    await asyncio.to_thread(restore, DataDirectory(short_path / "restored"), file)
    second = await start_server(data_directory=short_path / "restored")
    store = second.server.backend.store
    entries = await store.read_logs(busy.id, after_seq=0, limit=1000)
    assert [entry.message for entry in entries] == [str(n) for n in range(1, 1001)]
    assert (await store.log_bounds(busy.id)).epoch != before.epoch
    assert {user.id for user in await store.users()} >= {"viewer", "developer", "admin"}


async def test_what_a_restored_store_doesnt_know_is_ended(
    start_server: StartServer, short_path: Path
) -> None:
    server = await start_server(stop_environments=False)
    back_up(DataDirectory(server.settings.data_directory), short_path / "box.tar")
    environment = await server.create("sleep", "1000", start=True)
    session = await server.open_session(environment.id)
    keeper = server.server.environments._runtimes["local"].keeper  # type: ignore[attr-defined]
    running = psutil.Process(keeper.pid).children(recursive=True)
    assert len(running) >= 3
    await server.stop()
    restore(DataDirectory(server.settings.data_directory), short_path / "box.tar")
    again = await start_server(stop_environments=False)
    await wait_for(lambda: not any(process.is_running() for process in running))
    async with again.http() as http:
        assert (await http.get("/environments")).json()["data"] == []
        assert (await http.get(f"/sessions/{session.id}")).status_code == 404


async def test_nothing_is_restored_under_a_running_server(
    server: RunningServer, short_path: Path
) -> None:
    directory = DataDirectory(server.settings.data_directory)
    back_up(directory, short_path / "vibebox.tar")
    with pytest.raises(DataDirectoryError, match="another server uses"):
        restore(directory, short_path / "vibebox.tar")


def test_without_a_store_there_is_nothing_to_back_up(short_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no store"):
        back_up(DataDirectory(short_path / "nowhere"), short_path / "vibebox.tar")
    assert list(short_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(None, UsageError, id="no tar"),
        pytest.param({"other": b"x"}, UsageError, id="no store in it"),
        pytest.param({"../vibebox.db": b"x"}, UsageError, id="a path out of it"),
        pytest.param({"vibebox.db": b"no database, at some length" * 99}, StoreError, id="damaged"),
    ],
)
def test_what_is_no_backup_changes_nothing(
    short_path: Path, content: dict[str, bytes] | None, error: type[VibeBoxError]
) -> None:
    file, data = short_path / "vibebox.tar", DataDirectory(short_path / "data")
    data.create()
    data.store.write_bytes(b"what was there")
    file.write_bytes(b"no tar")
    if content is not None:
        with tarfile.open(file, "w") as archive:
            for name, piece in content.items():
                member = tarfile.TarInfo(name)
                member.size = len(piece)
                archive.addfile(member, io.BytesIO(piece))
    with pytest.raises(error):
        restore(data, file)
    assert data.store.read_bytes() == b"what was there"
    assert not (short_path / "vibebox.db").exists()
