"""The log pane follows or is paused; where its keys go, and what it says of its log."""

import pytest

from tests.support import wait_for
from tests.ui.logs_support import (
    NOW,
    cursor_text,
    entries,
    levelled,
    pane_with,
    says,
    shows,
    texts,
)
from vibebox_tui.client.events import LinkPhase, LinkState, LogHole, LogResumed
from vibebox_tui.protocol.messages import LogEntry

pytestmark = pytest.mark.usefixtures("state_home")


async def test_follows_what_arrives():
    async with pane_with(entries(30, levelled)) as (app, _):
        assert texts(app)[-1] == "INFO line 30"
        app.feed.put(entries(5, levelled, first=31))
        await shows(app, "line 35")
        assert app.pane.detail == "FOLLOW · +0 new · 35 kept · complete"


async def test_scrolling_up_pauses_and_counts_what_is_new():
    async with pane_with(entries(50, levelled)) as (app, pilot):
        await pilot.press("k", "k")
        before = app.screen_rows
        app.feed.put(entries(7, levelled, first=51))
        await says(app, "PAUSED · +7 new · 57 kept")
        assert app.screen_rows == before
        await pilot.press("G")
        await shows(app, "line 57")
        await says(app, "FOLLOW · +0 new")


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["k"], 99),
        (["k", "k", "j"], 99),
        (["up", "up", "down"], 99),
        (["g"], 1),
        (["home"], 1),
        (["g", "j", "j"], 3),
        (["g", "G"], 100),
        (["g", "end"], 100),
        (["f", "k"], 99),
        (["g", "f"], 100),
        (["b"], 81),
        (["b", "b", "pagedown"], 62),
        (["ctrl+u"], 90),
        (["g", "space"], 20),
        (["g", "ctrl+d"], 11),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], cursor: int):
    async with pane_with(entries(100, "line {}".format)) as (app, pilot):
        await pilot.press(*keys)
        assert cursor_text(app) == f"line {cursor}"


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["E"], "ERROR line 95"),
        (["E", "E"], "ERROR line 89"),
        (["g", "e"], "ERROR line 5"),
        (["g", "e", "e", "E"], "ERROR line 5"),
        (["g", "w"], "WARN line 3"),
        (["g", "w", "w"], "ERROR line 5"),
        (["W", "W"], "ERROR line 95"),
    ],
)
async def test_errors_and_warnings_are_a_key_away(keys: list[str], cursor: str):
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await pilot.press(*keys)
        assert cursor_text(app) == cursor
        assert any(row.endswith(cursor) for row in app.screen_rows)


async def test_marks_ranges_and_going_from_mark_to_mark():
    async with pane_with(entries(30, levelled)) as (app, pilot):
        await pilot.press("g", "m", "j", "j", "j", "M", "G", "U")
        assert cursor_text(app) == levelled(4)
        await pilot.press("U", "U", "U", "u")
        assert cursor_text(app) == levelled(2)
        await pilot.press("m", "U", "u")
        assert cursor_text(app) == levelled(3)


async def test_jumps_to_a_time():
    lines = [
        LogEntry("env-1", "stdout", f"minute {n}", f"2025-10-09T08:{n:02d}:00.000Z", n)
        for n in range(1, 50)
    ]
    async with pane_with(lines) as (app, pilot):
        await pilot.press("at", "minus", *"30m", "enter")
        assert cursor_text(app) == "minute 24"
        await pilot.press("at", *"soon", "enter")
        assert app.pane.prompt.is_asking
        await pilot.press("escape")


async def test_an_interruption_stands_in_the_log_itself():
    async with pane_with(entries(3, levelled)) as (app, _):
        app.feed.put(LogResumed(NOW - 31, NOW - 10, 137, True))
        await shows(app, "137 lines caught up · complete ──")
        await says(app, "· complete")
        app.feed.put(LogResumed(NOW - 5, NOW - 3, 1, None))
        await shows(app, "completeness unknown ──")
        await says(app, "completeness unknown")
        app.feed.put(LogHole(12, 40, "deleted by retention"))
        await shows(app, "lines 12 to 40 are gone: deleted by retention")
        app.feed.put(LogResumed(NOW - 2, NOW - 1, 7, False, 29))
        await shows(app, "7 lines caught up · 29 lines missing ──")
        await says(app, "29 missing")


async def test_a_separator_from_here():
    async with pane_with(entries(3, levelled)) as (app, pilot):
        await pilot.press("C")
        await shows(app, "from here ──")


async def test_a_lost_link_makes_the_pane_stale():
    async with pane_with(entries(3, levelled)) as (app, _):
        app.feed.put(LinkState(LinkPhase.WAITING, NOW))
        await wait_for(lambda: app.pane.has_class("-stale"))
        app.feed.put(LinkState(LinkPhase.CONNECTED, NOW))
        await wait_for(lambda: not app.pane.has_class("-stale"))


async def test_another_environment_begins_anew():
    async with pane_with(entries(30, levelled)) as (app, _):
        first = app.feed.subscription
        environment = app.pane.environment
        assert environment is not None
        app.pane.environment = type(environment)(id="env-2", name="web")
        await wait_for(lambda: app.feed.subscription is not first)
        await says(app, "0 kept")
        assert "web" in str(app.pane.border_title)
        app.feed.put(entries(2, "other {}".format))
        await shows(app, "other 2")


async def test_drawing_costs_one_repaint_however_much_arrives(monkeypatch: pytest.MonkeyPatch):
    async with pane_with(entries(30, levelled)) as (app, _):
        repaints = 0
        refresh = app.pane.log_view.refresh_lines_now

        def counted() -> None:
            nonlocal repaints
            repaints += 1
            refresh()

        monkeypatch.setattr(app.pane.log_view, "refresh_lines_now", counted)
        for start in range(31, 531, 10):
            app.feed.put(entries(10, levelled, first=start))
        await shows(app, "line 530")
        assert repaints < 10


@pytest.mark.parametrize(("rows", "of_histogram"), [(4, 0), (5, 2), (6, 3), (7, 4), (30, 4)])
async def test_a_histogram_takes_what_the_lines_can_spare(rows: int, of_histogram: int):
    async with pane_with(entries(50, levelled)) as (app, pilot):
        border = app.pane.outer_size.height - app.pane.size.height
        await pilot.press("H")
        await pilot.resize_terminal(80, rows + border)
        view = app.pane.log_view
        await wait_for(lambda: view.size.height == rows - of_histogram)
        assert app.pane.histogram.is_shown == bool(of_histogram)
        assert app.pane.histogram.has_focus == bool(of_histogram)
        assert texts(app)[-1] == "INFO line 50"
        await pilot.resize_terminal(80, 20)
        await wait_for(lambda: app.pane.histogram.size.height == 4)


async def test_where_there_is_no_room_for_a_histogram_that_is_said():
    async with pane_with(entries(50, levelled)) as (app, pilot):
        await pilot.resize_terminal(40, 4)
        await wait_for(lambda: app.pane.log_view.size.height < 5)
        await pilot.press("H")
        await wait_for(lambda: "No room for the histogram" in "".join(app.said))
        assert not app.pane.histogram.display


async def test_a_histogram_goes_to_the_time_of_a_bar():
    lines = [
        LogEntry(
            "env-1", "stdout", levelled(n), f"2025-10-09T08:{n // 60:02d}:{n % 60:02d}.000Z", n
        )
        for n in range(1, 200)
    ]
    async with pane_with(lines) as (app, pilot):
        histogram = app.pane.histogram
        await pilot.press("H")
        await wait_for(lambda: histogram.size.height == 4 and histogram.render_line(2).text.strip())
        await pilot.press("left", "left")
        await wait_for(lambda: cursor_text(app) == levelled(185))
        assert "5 lines" in histogram.render_line(3).text
        await pilot.press("escape")
        assert app.pane.log_view.has_focus
        await pilot.press("H")
        assert not histogram.display
