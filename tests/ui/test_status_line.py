from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.stage import NOW, ROWS, SETTINGS, Stage
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import ServerState
from vibebox_tui.ui.widgets.status_line import StatusLine

LINKS: dict[str, LinkState | None] = {
    "not tried yet": None,
    "connecting": LinkState(LinkPhase.CONNECTING, NOW),
    "connected": LinkState(LinkPhase.CONNECTED, NOW - 60, round_trip=0.0342),
    "stale": LinkState(LinkPhase.STALE, NOW - 17),
    "waiting": LinkState(
        LinkPhase.WAITING,
        NOW - 2,
        attempt=3,
        max_attempts=10,
        retry_at=NOW + 3.2,
        reason="nobody listens there",
    ),
    "refused": LinkState(
        LinkPhase.REFUSED, NOW, reason="the token has expired: log in again", login_required=True
    ),
    "closed": LinkState(LinkPhase.CLOSED, NOW),
}

TOLD = {
    "not tried yet": "connecting",
    "connecting": "connecting",
    "connected": "ok 34 ms",
    "stale": "no answer for 17s",
    "waiting": "reconnecting 3/10 in 4 s",
    "refused": "refused",
    "closed": "closed",
}


def line(link: LinkState | None, rows: tuple[EnvironmentRow, ...] = ROWS) -> StatusLine:
    widget = StatusLine(SETTINGS)
    widget.set_reactive(StatusLine.rows, rows)
    widget.set_reactive(StatusLine.servers, (ServerState("prod", "alice", link),))
    widget.set_reactive(StatusLine.now, NOW)
    widget.set_reactive(StatusLine.alerts, 1)
    return widget


async def told(link: LinkState | None, width: int) -> str:
    async with Stage(lambda: [line(link)]).run_test(size=(width, 3)) as pilot:
        return pilot.app.query_one(StatusLine).render().plain


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_the_link_and_the_clock_are_told_at_any_width(name: str, width: int) -> None:
    text = await told(LINKS[name], width)
    assert TOLD[name] in text
    assert text.endswith("22:13:20")
    assert len(text) <= width - 2


async def test_why_is_told_where_there_is_room() -> None:
    assert "the token has expired: log in again" in await told(LINKS["refused"], 120)


async def test_environments_are_counted_by_state() -> None:
    assert "●2 ◐1 ○1 ✗1" in await told(LINKS["connected"], 120)


async def test_the_least_telling_goes_first() -> None:
    wide, narrow = await told(LINKS["connected"], 80), await told(LINKS["connected"], 44)
    assert "vibebox prod alice" in wide
    assert "alice" not in narrow
    assert "●2" in narrow


def test_picture_of_all_links(snap_compare: Callable[..., Any]) -> None:
    stage = Stage(lambda: [line(link) for link in LINKS.values()])
    assert snap_compare(stage, terminal_size=(100, 8))
