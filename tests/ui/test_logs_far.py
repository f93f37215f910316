"""Far from the end of a long log, on a real server: only what is there is fetched, and the rest as
one scrolls to it; nothing is lost, nothing comes twice, and at the end it is live again.
"""

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.logs_support import LogApp, cursor_text
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.records import LogLine, Retention
from vibebox_tui.ui.panes.logs_sources import Scope
from vibebox_tui.ui.servers import Neighbour, Server, Subject

pytestmark = pytest.mark.usefixtures("state_home")

NOON = 1_760_011_200_000
"""2025-10-09T12:00:00Z"""

WAITING = (
    "import pathlib, time\np = pathlib.Path({path!r})\nwhile not p.exists(): time.sleep(0.01)\n"
)
"""A program that prints when a file is there."""

LONG = 40_000
"""Lines of a history that one doesn't want to fetch all of."""


async def fill(server: RunningServer, environment_id: str, lines: Iterable[LogLine]) -> None:
    await server.server.backend.store.append_logs(environment_id, blocks_of(lines))


async def long_log(
    server: RunningServer, count: int, *program: str, name: str = "api", **timing: int
) -> Environment:
    """An environment with so many lines in its log, the last of them long ago."""
    environment = await server.create(*(program or ("true",)), name=name)
    step, start = timing.get("step", 1000), timing.get("start", NOON)
    await fill(server, environment.id, numbered(count, start, step))
    await server.logged(environment.id, count)
    return environment


def numbered(count: int, start: int = NOON, step: int = 1000) -> list[LogLine]:
    return [LogLine(start + step * n, "stdout", f"INFO line {n}") for n in range(1, count + 1)]


@asynccontextmanager
async def pane_on(
    server: RunningServer, *environments: Environment, **settings: Any
) -> AsyncIterator[LogApp]:
    """The log pane of environments of a real server; of several it shows all, by time."""
    address = ServerAddress.parse(server.address)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(address, StaticToken(server.token())))
        app = LogApp(client, environments[0], **settings)
        app.pilot = await stack.enter_async_context(app.run_test(size=(100, 20)))
        if len(environments) > 1:
            where = Server("here", client)
            app.pane.neighbours = tuple(Neighbour(Subject(where, each)) for each in environments)
            app.pane.scope = Scope.ALL
        await wait_for(lambda: app.pane._is_live and len(app.pane.document.view))
        yield app


class Requests:
    """Counts what a client asks for of logs."""

    def __init__(self, app: LogApp, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        rest = app.pane.client.rest
        ask = rest.logs

        async def logs(*args: Any, **options: Any) -> Any:
            self.count += 1
            return await ask(*args, **options)

        monkeypatch.setattr(rest, "logs", logs)


def seqs(app: LogApp, source: int = 0) -> list[int]:
    ring = app.pane.document.ring
    return [line.seq for line in ring.lines() if line.source == source and not line.is_note]


def is_seamless(numbers: list[int]) -> bool:
    return numbers == list(range(numbers[0], numbers[-1] + 1))


async def scroll(app: LogApp, pages: float) -> None:
    """Go so many pages down, or up, and let what that asks for come."""
    app.pane.log_view.action_page(pages)
    await app.pilot.pause()
    await wait_for(lambda: not app.pane._fetches, what="what one scrolls to")
    assert is_seamless(seqs(app))


async def scroll_to_end(app: LogApp) -> None:
    for _ in range(400):
        if not app.pane._is_detached:
            return
        await scroll(app, 20.0)
    raise AssertionError("the end was never reached")


async def test_the_start_of_a_long_log_is_gone_to_at_once(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    async with pane_on(server, await long_log(server, LONG)) as app:
        requests = Requests(app, monkeypatch)
        await app.pilot.press("g")
        await wait_for(lambda: cursor_text(app) == "INFO line 1")
        assert "the log begins here" in app.screen_rows[0]
        assert requests.count <= 4
        assert "PAUSED" in app.pane.detail
        assert "+0 new and more" in app.pane.detail
        await app.pilot.press("G")
        await wait_for(lambda: cursor_text(app) == f"INFO line {LONG}")
        await wait_for(lambda: "FOLLOW" in app.pane.detail)


async def test_what_retention_has_deleted_is_no_hole_behind_the_start(start_server: StartServer):
    server = await start_server(retention=Retention(max_environment_bytes=1_500_000))
    environment = await server.create("true", name="api")
    lines = [LogLine(NOON + n, "stdout", f"INFO line {n} {'x' * 40}") for n in range(LONG)]
    for first in range(0, LONG, 2000):
        await fill(server, environment.id, lines[first : first + 2000])
    async with pane_on(server, environment) as app:
        await app.pilot.press("g")
        await wait_for(lambda: "older lines deleted" in app.screen_rows[0])
        begin = seqs(app)[0]
        assert 1 < begin < LONG - 10_000
        for _ in range(60):
            await scroll(app, 2.0)
        assert seqs(app)[-1] > begin + 1500
        assert "missing" not in app.pane.detail


async def test_what_lies_between_comes_as_one_scrolls_until_it_is_live(
    server: RunningServer, tmp_path: Path
):
    program = WAITING.format(path=str(tmp_path / "go")) + "print('INFO live')"
    environment = await long_log(server, 7000, sys.executable, "-c", program)
    await server.server.backend.environments.start(environment.id)
    async with pane_on(server, environment) as app:
        await app.pilot.press("g")
        await wait_for(lambda: cursor_text(app) == "INFO line 1")
        await scroll_to_end(app)
        assert seqs(app) == list(range(1, 7001))
        assert not app.pane.log_view.following
        await scroll(app, 400.0)
        (tmp_path / "go").touch()
        await wait_for(lambda: seqs(app) == list(range(1, 7002)))
        for _ in range(2):  # to the last line, and on from there
            await scroll(app, 1.0)
        await wait_for(lambda: cursor_text(app) == "INFO live")
        await wait_for(lambda: "FOLLOW" in app.pane.detail)


async def test_a_time_long_ago_is_gone_to_at_once_and_left_in_either_direction(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    async with pane_on(server, await long_log(server, LONG)) as app:
        requests = Requests(app, monkeypatch)
        await app.pilot.press("at", *"2025-10-09T17:33:20Z", "enter")
        await wait_for(lambda: cursor_text(app) == "INFO line 20000")
        assert requests.count <= 5
        around = seqs(app)
        assert around[0] < 20_000 < around[-1]
        await scroll(app, -50.0)
        await scroll(app, -1.0)
        assert seqs(app)[0] < around[0]
        await scroll(app, 100.0)
        await scroll(app, 1.0)
        assert seqs(app)[-1] > around[-1]
        requests.count = 0
        await app.pilot.press("at", *"2025-10-09T22:00:00Z", "enter")
        await wait_for(lambda: cursor_text(app) == "INFO line 36000")
        assert requests.count <= 5
        assert is_seamless(seqs(app))


async def test_a_mark_far_away_is_gone_to_at_once(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    async with pane_on(server, await long_log(server, LONG)) as app:
        requests = Requests(app, monkeypatch)
        await wait_for(lambda: cursor_text(app) == f"INFO line {LONG}")
        await app.pilot.press("k", "m", "g")
        await wait_for(lambda: cursor_text(app) == "INFO line 1")
        await app.pilot.press("m", "u")
        await wait_for(lambda: cursor_text(app) == f"INFO line {LONG - 1}")
        assert seqs(app)[-1] == LONG
        await app.pilot.press("U")
        await wait_for(lambda: cursor_text(app) == "INFO line 1")
        assert requests.count <= 16


async def test_a_mark_of_a_log_that_is_shown_no_longer_is_told_of(server: RunningServer):
    first = await long_log(server, 5000, name="first", step=1)
    second = await long_log(server, LONG, name="second", start=NOON + 20_000)
    async with pane_on(server, first, second) as app:
        await app.pilot.press("g")
        await wait_for(lambda: cursor_text(app) == "INFO line 1")
        await app.pilot.press("m", "G")
        await wait_for(lambda: cursor_text(app) == f"INFO line {LONG}")
        app.pane.neighbours = app.pane.neighbours[1:]
        await app.pilot.press("U")
        await wait_for(lambda: bool(app.said))
        assert "isn't shown now" in app.said[-1]


async def test_a_place_near_what_is_in_memory_leaves_that_there(server: RunningServer):
    async with pane_on(server, await long_log(server, LONG)) as app:
        time = f"2025-10-09T{12 + (LONG - 2500) // 3600}:{(LONG - 2500) % 3600 // 60}:00Z"
        await app.pilot.press("at", *time, "enter")
        await wait_for(lambda: cursor_text(app) == "INFO line 37500")
        assert seqs(app)[-1] == LONG
        assert "and more" not in app.pane.detail


async def test_the_memory_stays_bounded_on_the_way_from_the_start_to_the_end(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    environment = await long_log(server, 25_000)
    async with pane_on(server, environment, log_memory=400_000) as app:
        await app.pilot.press("g")
        await wait_for(lambda: cursor_text(app) == "INFO line 1")
        await scroll_to_end(app)
        assert seqs(app)[-1] == 25_000
        ring = app.pane.document.ring
        assert ring.dropped
        assert ring.size < 600_000


async def test_what_was_dropped_behind_the_screen_is_read_on_to_without_a_seam(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    program = WAITING.format(path=str(tmp_path / "go"))
    program += "for n in range(1, 20_001): print('INFO flood', n)"
    environment = await long_log(server, 800, sys.executable, "-c", program)
    await server.server.backend.environments.start(environment.id)
    async with pane_on(server, environment, log_memory=400_000) as app:
        await app.pilot.press("g", "j")
        before = app.screen_rows
        (tmp_path / "go").touch()
        await wait_for(lambda: app.pane._is_detached)
        assert app.screen_rows == before
        await server.logged(environment.id, 20_800)
        await scroll_to_end(app)
        assert seqs(app)[-1] == 20_800
        await scroll(app, 800.0)
        assert app.screen_rows[-1].endswith("INFO flood 20000")
        assert not app.pane._is_detached


async def test_several_logs_are_gone_to_far_away_and_read_on_in_order(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    dense = await long_log(server, 9000, name="dense", step=100)
    sparse = await long_log(server, 90, name="sparse", step=10_000, start=NOON + 5)
    quiet = await server.create("true", name="quiet")
    async with pane_on(server, dense, sparse, quiet) as app:
        await wait_for(lambda: app.pane.document.ring.kept > 1000)
        requests = Requests(app, monkeypatch)
        await app.pilot.press("g")
        await wait_for(lambda: "the log begins here" in app.screen_rows[0])
        assert requests.count <= 6
        assert seqs(app)[0] == 1
        await scroll_to_end(app)
        assert seqs(app, 0) == list(range(1, 9001))
        assert seqs(app, 1) == list(range(1, 91))
        times = [line.time for line in app.pane.document.ring.lines() if not line.is_note]
        assert times == sorted(times)
        assert app.pane.source_names == ["dense", "sparse", "quiet"]
        await app.pilot.press("at", *"2025-10-09T12:10:00Z", "enter")
        await wait_for(lambda: "PAUSED" in app.pane.detail)
