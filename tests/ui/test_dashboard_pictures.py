"""Pictures of whole screens: a real dashboard on a real server, with what varies made to stand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.image import SVGImageSnapshotExtension
from textual.widgets import Input

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import LARGE, MIDDLE, SLEEPING, SMALL, Dashboard, dashboard
from tests.ui.stage import NOW, ROWS
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.logs.levels import Level
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.error_watch import Errors, SeenLine
from vibebox_tui.ui.glyphs import ASCII, UNICODE
from vibebox_tui.ui.notices import Events
from vibebox_tui.ui.panes.environments import EnvironmentsPane
from vibebox_tui.ui.panes.info import InfoPane
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import ServerState
from vibebox_tui.ui.widgets.status_line import StatusLine

CONNECTED = LinkState(LinkPhase.CONNECTED, NOW - 60, round_trip=0.0342)
WAITING = LinkState(
    LinkPhase.WAITING,
    NOW - 2,
    attempt=3,
    max_attempts=10,
    retry_at=NOW + 3.2,
    reason="connection refused",
)


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SVGImageSnapshotExtension)


@asynccontextmanager
async def standing(
    server: RunningServer, size: tuple[int, int], link: LinkState = CONNECTED, **settings: Any
) -> AsyncIterator[Dashboard]:
    """A dashboard whose environments are real, and whose numbers are those of `ROWS`."""
    for row in ROWS:
        await server.create(*SLEEPING, name=row.name)
    async with dashboard(server, size, clock=lambda: NOW, **settings) as shown:
        await shown.listed(*(row.name for row in ROWS))
        await wait_for(lambda: "ok " in shown.status_line)
        await wait_for(lambda: "Nothing has been logged yet." in shown.picture)
        await wait_for(lambda: size != LARGE or "No terminal here yet." in shown.picture)
        await wait_for(lambda: size != LARGE or "Info: api-dev" in shown.picture)
        await stand_still(shown, link)
        yield shown


async def stand_still(shown: Dashboard, link: LinkState) -> None:
    """End the workers of the list and the header, and show in their place what never changes."""
    pane = shown.screen.query_one(EnvironmentsPane)
    for node in (pane, shown.screen):
        shown.app.workers.cancel_node(node)
    shown.screen._events = Events(UNICODE)
    pane._publish_now = lambda: None  # type: ignore[method-assign]
    real = {row.name: row.environment for row in pane.rows}
    rows = tuple(fixed(row, real[row.name], link) for row in ROWS)
    await shown.pilot.pause()
    pane.table.rows = rows
    pane.show_link(link)
    pane.post_message(EnvironmentsPane.Changed(pane, rows))
    shown.screen.query_one(StatusLine).servers = (ServerState("test", "alice", link),)
    await shown.pilot.pause()
    stand_still_in_detail(shown)
    await shown.pilot.pause()


def stand_still_in_detail(shown: Dashboard) -> None:
    """The same for the details beside the list, where there are any: ids and times differ."""
    details = shown.screen.query_one("#side-details", InfoPane)
    if details.environment is not None:
        shown.app.workers.cancel_node(details)
        known = msgspec.structs.replace(
            details.environment,
            id="4f7c2d9e-6f0b-4f0c-9a57-3d1f3e6b8a21",
            created_at="2023-11-11T18:00:00.000Z",
        )
        details.set_reactive(InfoPane.environment, known)
        details.reset()


def fixed(row: EnvironmentRow, real: Environment, link: LinkState) -> EnvironmentRow:
    started = row.environment.started_at
    environment = msgspec.structs.replace(real, started_at=started, command=row.environment.command)
    is_stale = link.phase is not LinkPhase.CONNECTED
    state = "unknown" if is_stale else row.state
    return replace(
        row,
        environment=environment,
        state=state,
        is_stale=is_stale,
        link=link,
        server="test",
        errors=errors_of(row),
    )


def errors_of(row: EnvironmentRow) -> Errors:
    """What the log of an environment had lately: nothing where it doesn't run."""
    errors = Errors()
    if row.state == "running":
        lines = ["INFO GET /health 200 3ms", "WARN GET /report 200 812ms", f"ERROR {row.name} lost"]
        levels = [Level.INFO, Level.WARN, Level.ERROR]
        for back, (level, text) in enumerate(zip(levels * 5, lines * 5, strict=True)):
            seen = SeenLine(NOW - 90 + back * row.number, level, text)
            errors.tail.append(seen)
            if level is Level.ERROR:
                errors.recent.append(seen)
                errors.times.append(seen.at)
    return errors


async def svg_of(shown: Dashboard) -> str:
    for field in shown.app.screen.query(Input):
        field.cursor_blink = False
    await shown.pilot.pause()
    return shown.app.export_screenshot(title="vibebox")


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=["80x24", "120x40", "200x60"])
async def test_layouts(
    size: tuple[int, int], server: RunningServer, picture: SnapshotAssertion
) -> None:
    async with standing(server, size) as shown:
        await wait_for(lambda: "complete" in shown.picture)
        assert await svg_of(shown) == picture


@pytest.mark.parametrize("key", ["0", "question_mark", "exclamation_mark", "n"])
async def test_screens(key: str, server: RunningServer, picture: SnapshotAssertion) -> None:
    async with standing(server, MIDDLE) as shown:
        await wait_for(lambda: "complete" in shown.picture)
        await shown.press(key)
        if key == "exclamation_mark":
            await wait_for(lambda: "db  exited with code 1" in shown.picture)
        assert await svg_of(shown) == picture


async def test_a_lost_link(server: RunningServer, picture: SnapshotAssertion) -> None:
    async with standing(server, MIDDLE, WAITING) as shown:
        await wait_for(lambda: "complete" in shown.picture)
        assert await svg_of(shown) == picture


async def test_ascii(server: RunningServer, picture: SnapshotAssertion) -> None:
    async with standing(server, MIDDLE, glyphs=ASCII) as shown:
        await wait_for(lambda: "complete" in shown.picture)
        assert shown.picture.isascii()
        assert await svg_of(shown) == picture


async def test_light(server: RunningServer, picture: SnapshotAssertion) -> None:
    async with standing(server, MIDDLE, theme="vibebox-light") as shown:
        await wait_for(lambda: "complete" in shown.picture)
        assert await svg_of(shown) == picture
