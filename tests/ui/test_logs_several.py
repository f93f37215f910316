"""Several log panes have one bound on memory: over all of them, whoever of them makes it full."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from textual.app import ComposeResult

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.logs_support import LogApp
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.records import LogLine
from vibebox_tui.ui.panes.logs import LogsPane

pytestmark = pytest.mark.usefixtures("state_home")

NOON = 1_760_011_200_000
"""2025-10-09T12:00:00Z"""

BOUND = 1_000_000
"""Bytes that all panes may take: about 25,000 of these tests' lines."""

SLACK = 3 * 50_000 + 300_000
"""What three panes may have beyond it: what each takes in until it looks again, and a chunk."""

FLOOD = """
import pathlib, time
while not pathlib.Path({path!r}).exists(): time.sleep(0.01)
for n in range(1, {count} + 1): print("INFO line", n)
"""


class SeveralPanes(LogApp):
    """Log panes beside each other, one for each environment."""

    def __init__(self, client: Client, environments: list[Environment]) -> None:
        super().__init__(client, environments[0], log_memory=BOUND)
        others = [LogsPane(client, each, settings=self.pane.settings) for each in environments[1:]]
        self.panes = [self.pane, *others]

    def compose(self) -> ComposeResult:
        yield from self.panes


@asynccontextmanager
async def panes_on(
    server: RunningServer, *environments: Environment
) -> AsyncIterator[SeveralPanes]:
    address = ServerAddress.parse(server.address)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(address, StaticToken(server.token())))
        app = SeveralPanes(client, list(environments))
        app.pilot = await stack.enter_async_context(app.run_test(size=(100, 60)))
        await wait_for(lambda: all(pane._is_live for pane in app.panes))
        yield app


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)


async def flooding(server: RunningServer, go: Path, count: int, name: str) -> Environment:
    """An environment that logs so many lines as soon as a file is there."""
    program = FLOOD.format(path=str(go), count=count)
    return await server.create(sys.executable, "-c", program, name=name, start=True)


async def with_history(server: RunningServer, count: int, name: str) -> Environment:
    environment = await server.create("true", name=name)
    lines = [LogLine(NOON + 1000 * n, "stdout", f"INFO line {n}") for n in range(1, count + 1)]
    await server.server.backend.store.append_logs(environment.id, blocks_of(lines))
    return environment


def seqs(pane: LogsPane) -> list[int]:
    return [line.seq for line in pane.document.ring.lines() if not line.is_note]


def together(app: SeveralPanes) -> int:
    return sum(pane.document.ring.size for pane in app.panes)


async def test_the_bound_holds_over_all_and_each_log_loses_its_oldest_lines(
    server: RunningServer, tmp_path: Path
):
    go = tmp_path / "go"
    two = [await flooding(server, go, 30_000, name) for name in ("one", "other")]
    async with panes_on(server, *two, await with_history(server, 800, "quiet")) as app:
        go.touch()
        for pane in app.panes[:2]:
            await wait_for(lambda pane=pane: 30_000 in seqs(pane)[-1:], timeout=30.0)
            assert together(app) <= BOUND + SLACK
        for pane in app.panes[:2]:
            numbers = seqs(pane)
            assert numbers == list(range(numbers[0], 30_001))
            assert 5_000 < len(numbers) < 25_000
            await wait_for(lambda pane=pane: f"{len(seqs(pane)):,} kept" in pane.detail)
        assert seqs(app.panes[2]) == list(range(1, 801)), "the short one isn't to blame"


async def test_what_was_dropped_is_fetched_again_where_one_goes(
    server: RunningServer, tmp_path: Path
):
    go = tmp_path / "go"
    two = [await flooding(server, go, 30_000, name) for name in ("one", "other")]
    async with panes_on(server, *two) as app:
        go.touch()
        for pane in app.panes:
            await wait_for(lambda pane=pane: 30_000 in seqs(pane)[-1:], timeout=30.0)
        pane = app.panes[0]
        oldest = seqs(pane)[0]
        pane.log_view.action_page(-10_000.0)
        for _ in range(12):
            pane.log_view.action_page(-60.0)
            await app.pilot.pause()
            await wait_for(lambda: not pane._fetches)
            numbers = seqs(pane)
            assert numbers == list(range(numbers[0], numbers[-1] + 1))
            assert together(app) <= BOUND + SLACK
        assert numbers[0] <= oldest - 5_000
        await app.pilot.press("G")
        await wait_for(lambda: seqs(pane)[-1] == 30_000 and pane.log_view.following)


async def test_a_log_that_shrinks_for_another_one_says_so(server: RunningServer, tmp_path: Path):
    go = tmp_path / "go"
    flood = await flooding(server, go, 40_000, "flood")
    quiet = await with_history(server, 20_000, "quiet")
    async with panes_on(server, quiet, flood) as app:
        pane = app.panes[0]
        while seqs(pane)[0] > 1:
            pane.log_view.action_page(-60.0)
            await app.pilot.pause()
            await wait_for(lambda: not pane._fetches)
        before = app.screen_rows
        await wait_for(lambda: "20,000 kept" in pane.detail)
        go.touch()
        await wait_for(lambda: 40_000 in seqs(app.panes[1])[-1:], timeout=30.0)
        assert app.screen_rows == before, "what one reads stays"
        kept = len(seqs(pane))
        assert kept < 20_000
        assert seqs(pane) == list(range(1, kept + 1))
        await wait_for(lambda: f"{kept:,} kept" in pane.detail)
        assert "and more" in pane.detail
