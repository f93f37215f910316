"""Everything that a server has of a log, in a file: whole, or not there at all."""

from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.logs_support import LogApp
from tests.ui.test_logs_live import NOON, pane_on
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.records import LogLine
from vibebox_tui.ui.panes.logs_sources import Scope
from vibebox_tui.ui.servers import Neighbour, Server, Subject


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def environment_with(server: RunningServer, texts: list[str], step: int = 1) -> Environment:
    """An environment that has logged these lines, so many milliseconds apart."""
    environment = await server.create("true")
    lines = [LogLine(NOON + n * step, "stdout", text) for n, text in enumerate(texts, 1)]
    await server.server.backend.store.append_logs(environment.id, blocks_of(lines))
    return environment


async def save_everything(app: LogApp, file: Path) -> None:
    await app.pilot.press("greater_than_sign", "tab")
    await wait_for(lambda: "everything" in str(app.pane.prompt._label.content))
    app.pane.prompt._input.value = str(file)
    await app.pilot.press("enter")


async def test_everything_is_saved_whatever_is_in_memory_or_shown(
    server: RunningServer, tmp_path: Path
):
    texts = [f"line {n}" for n in range(1, 3501)]
    environment = await environment_with(server, texts)
    async with pane_on(server, environment.id) as app:
        await wait_for(lambda: "1,000 kept" in app.pane.detail)
        await app.pilot.press("ampersand", *"nothing", "enter")
        await save_everything(app, tmp_path / "all.log")
        await wait_for(lambda: any("Saved 3,500 lines" in said for said in app.said))
        assert (tmp_path / "all.log").read_text().splitlines() == texts


async def test_everything_of_several_logs_is_by_time_and_records_stay_whole(
    server: RunningServer, tmp_path: Path
):
    one = await environment_with(server, ["INFO a", "ERROR b", "  at c", "INFO d"], 10)
    other = await environment_with(server, ["INFO w", "INFO x", "INFO y", "INFO z"], 12)
    async with pane_on(server, one.id) as app:
        this = Server("this", app.pane.client)
        app.pane.neighbours = tuple(
            Neighbour(Subject(this, each), is_marked=False) for each in (one, other)
        )
        await app.pilot.press("a")
        await wait_for(lambda: app.pane.scope is Scope.ALL and "8 kept" in app.pane.detail)
        await save_everything(app, tmp_path / "all.log")
        await wait_for((tmp_path / "all.log").exists)
        saved = (tmp_path / "all.log").read_text().splitlines()
        assert [row.split(" ", 1)[1].strip() for row in saved] == [
            "INFO a", "INFO w", "ERROR b", "at c", "INFO x", "INFO y", "INFO d", "INFO z",
        ]  # fmt: skip


async def test_cancelled_there_is_no_file(server: RunningServer, tmp_path: Path):
    environment = await environment_with(server, [f"line {n}" for n in range(60_000)])
    async with pane_on(server, environment.id) as app:
        await wait_for(lambda: "1,000 kept" in app.pane.detail)
        await save_everything(app, tmp_path / "all.log")
        await wait_for(lambda: "saving" in app.pane.detail)
        await app.pilot.press("escape")
        await wait_for(lambda: "Not saved." in app.said)
        assert list(tmp_path.glob("*all*")) == []  # noqa: ASYNC240
