"""The log pane on a real server: a process prints, and its lines are on the screen."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.logs_support import LogApp
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.records import LogLine

pytestmark = pytest.mark.usefixtures("state_home")

PROGRAM = "print('INFO ready'); import sys; print('ERROR boom', file=sys.stderr)"
NOON = 1_760_011_200_000
"""2025-10-09T12:00:00Z"""


@asynccontextmanager
async def pane_on(server: RunningServer, environment_id: str) -> AsyncIterator[LogApp]:
    """The log pane of an environment of a real server."""
    address = ServerAddress.parse(server.address)
    async with Client(address, StaticToken(server.token())) as client:
        app = LogApp(client, await client.rest.environment(environment_id))
        async with app.run_test(size=(100, 20)) as pilot:
            app.pilot = pilot
            yield app


async def test_shows_what_a_process_prints(server: RunningServer):
    environment = await server.create(sys.executable, "-c", PROGRAM, start=True)
    async with pane_on(server, environment.id) as app:
        await wait_for(lambda: sorted(row[13:] for row in app.screen_rows if row) == [
            "E ERROR boom", "I INFO ready",
        ])  # fmt: skip
        await wait_for(lambda: app.pane.detail == "FOLLOW · +0 new · 2 kept · complete")


async def test_fetches_what_was_before_the_tail_and_says_where_it_begins(server: RunningServer):
    environment = await server.create("true")
    lines = [LogLine(NOON + n, "stdout", f"line {n}") for n in range(1, 2501)]
    await server.server.backend.store.append_logs(environment.id, blocks_of(lines))
    async with pane_on(server, environment.id) as app:
        await wait_for(lambda: "1,000 kept" in app.pane.detail)
        await app.pilot.press("g")
        await wait_for(lambda: "2,500 kept" in app.pane.detail)
        await wait_for(lambda: "the log begins here" in app.screen_rows[0])
        assert app.screen_rows[1].endswith("line 1")
        numbers = [line.seq for line in app.pane.document.ring.lines() if not line.is_note]
        assert numbers == list(range(1, 2501))
