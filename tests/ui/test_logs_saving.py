"""Lines in a file, marked, shown or everything the server has: whole, or not there at all."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.logs_support import LogApp, entries, levelled, pane_with, says
from tests.ui.test_logs_live import NOON, pane_on
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.records import LogLine
from vibebox_tui.ui.panes.logs_sources import Scope
from vibebox_tui.ui.servers import Neighbour, Server, Subject

pytestmark = pytest.mark.usefixtures("state_home")


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


async def test_saves_what_is_shown_or_marked(tmp_path: Path):
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await pilot.press("v", "v", "v", "v")
        await says(app, "16 of 100 kept")
        for name in ("shown.log", "shown.jsonl", "shown.csv"):
            await save_to(app, pilot, tmp_path / name)
        assert (tmp_path / "shown.log").read_text().splitlines() == [
            levelled(n) for n in range(1, 101) if n % 6 == 5
        ]
        assert '"level":"error"' in (tmp_path / "shown.jsonl").read_text()
        assert (tmp_path / "shown.csv").read_text().count("\n") == 17
        await pilot.press("g", "m")
        await save_to(app, pilot, tmp_path / "marked.log")
        assert (tmp_path / "marked.log").read_text() == "ERROR line 5\n"


async def save_to(app: LogApp, pilot: Pilot[None], file: Path) -> None:
    await pilot.press("greater_than_sign")
    app.pane.prompt._input.value = str(file)
    await pilot.press("enter")
    await wait_for(file.exists)
    await wait_for(lambda: not app.pane._is_saving)


async def test_a_directory_that_is_not_there_is_a_sentence(tmp_path: Path):
    async with pane_with(entries(3, levelled)) as (app, pilot):
        await pilot.press("greater_than_sign")
        app.pane.prompt._input.value = str(tmp_path / "missing" / "x.log")
        await pilot.press("enter")
        await wait_for(lambda: any("No such file" in text for text in app.said))
