"""The log pane where there is more than its memory holds: fetched, dropped, and had again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support import wait_for
from tests.ui.logs_support import (
    LogApp,
    cursor_text,
    entries,
    levelled,
    pane_with,
    says,
    shows,
    texts,
)
from vibebox_tui.client.events import LogLiveNow
from vibebox_tui.protocol.models import Environment

pytestmark = pytest.mark.usefixtures("state_home")


async def test_older_lines_come_from_the_server_without_a_seam():
    history = entries(2500, levelled)
    async with pane_with(history[1500:], older=history) as (app, pilot):
        await pilot.press(*["b"] * 43)
        await says(app, "2,000 kept")
        await pilot.press(*["b"] * 52)
        await says(app, "2,500 kept")
        await pilot.press("g")
        await wait_for(lambda: "the log begins here ──" in app.screen_rows[0])
        assert texts(app)[1] == levelled(1)
        seqs = [line.seq for line in app.pane.document.ring.lines() if not line.is_note]
        assert seqs == list(range(1, 2501))


async def test_lines_that_are_dropped_while_it_is_paused_do_no_harm():
    async with pane_with(entries(1000, levelled)) as (app, pilot):
        await pilot.press("g")
        ring = app.pane.document.ring
        await wait_for(lambda: ring.line(ring.first).text == "the log begins here")
        ring.max_bytes = 400_000
        for start in range(1001, 21_001, 1000):
            app.feed.put(entries(1000, levelled, first=start))
        await says(app, f"+{20_000:,} new")
        assert ring.dropped > 1000
        first = ring.line(ring.first)
        await wait_for(lambda: texts(app)[:1] == [first.text])


async def test_a_time_before_what_is_in_memory_is_fetched():
    history = entries(9000, levelled)
    async with pane_with(history[8000:], older=history) as (app, pilot):
        await pilot.press("at", *"2025-10-09T08:00:02Z", "enter")
        await wait_for(lambda: cursor_text(app) == levelled(2000))
        await says(app, "2,000 kept")


async def test_a_jump_ends_with_the_log_that_it_was_in():
    history = entries(9000, levelled)
    async with pane_with(history[8000:], older=history) as (app, pilot):
        app.feed.answers.clear()
        await pilot.press("at", *"2025-10-09T08:00:02Z", "enter")
        await says(app, "fetching lines there")
        first = app.feed.subscription
        app.pane.environment = Environment(id="env-2", name="web")
        await wait_for(lambda: app.feed.subscription is not first)
        app.feed.put(history[-20:])
        await says(app, "20 kept")
        app.feed.answers.set()
        await wait_for(lambda: not app.pane._fetches)
        await pilot.pause()
        assert app.pane.log_view.following
        assert app.pane.document.ring.kept == 20


async def test_the_start_is_gone_to_although_older_lines_are_just_being_fetched():
    history = entries(9000, levelled)
    async with pane_with(history[8000:], older=history) as (app, pilot):
        app.pane.log_view.action_page(-40.0)
        app.feed.answers.clear()
        await pilot.press("b", "b", "b")
        await says(app, "fetching older lines")
        await pilot.press("g")
        app.feed.answers.set()
        await wait_for(lambda: cursor_text(app) == levelled(1))


async def test_a_filter_looks_for_hits_further_back():
    history = entries(5000, lambda n: "needle" if n < 3 else levelled(n))
    async with pane_with(history[4000:], older=history) as (app, pilot):
        await pilot.press("ampersand", *"needle", "enter", "k")
        await says(app, "3 of 5,000 kept")


async def test_what_one_reads_stays_while_the_memory_is_full(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    lines = entries(1000, levelled)
    older = entries(25_000, levelled)
    async with pane_with(lines, older=older, log_memory=400_000) as (app, pilot):
        await pilot.press("g", "j")
        before = app.screen_rows
        for start in range(1001, 21_001, 1000):
            app.feed.put(entries(1000, levelled, first=start))
        await says(app, "and more")
        assert app.screen_rows == before
        assert not app.pane.document.ring.dropped
        first = app.feed.subscription
        await pilot.press("G")
        await wait_for(lambda: app.feed.subscription is not first)
        app.feed.put(entries(10, levelled, first=21_001))
        await shows(app, "line 21010")


async def test_nothing_is_taken_once_the_newest_lines_have_to_go(
    monkeypatch: pytest.MonkeyPatch,
):
    """Not even what is at hand already, in parts so small that others needn't run between them."""
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    lines, older = entries(1000, levelled), entries(25_000, levelled)
    async with pane_with(lines, older=older, log_memory=400_000) as (app, pilot):
        await pilot.press("g", "j")
        for start in range(1001, 21_001, 20):
            app.feed.put(entries(20, levelled, first=start))
        await says(app, "and more")
        lines_there = app.pane.document.ring.lines()
        seqs = [line.seq for line in lines_there if not line.is_note]
        assert seqs == [*range(1, len(seqs) + 1)]
        assert app.pane.extent.bounds()[0].end == len(seqs) + 1


async def test_what_one_reads_stays_where_a_filter_shows_little_else(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    lines = entries(200, lambda n: f"ERROR {n}")
    async with pane_with(lines, log_memory=400_000) as (app, pilot):
        await pilot.press("ampersand", *"ERROR", "enter", "k")
        before = app.screen_rows
        for start in range(201, 20_201, 1000):
            app.feed.put(entries(1000, "DEBUG {}".format, first=start))
        await says(app, "and more")
        assert app.screen_rows == before


async def test_marks_are_kept_where_lines_leave_the_memory_and_come_again(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    lines = entries(21_000, levelled)
    async with pane_with(lines[:1000], older=lines, log_memory=400_000) as (app, pilot):
        await pilot.press("g", "m", "j", "j", "m")
        for start in range(1000, 21_000, 1000):
            app.feed.put(lines[start : start + 1000])
        await says(app, "and more")
        first = app.feed.subscription
        await pilot.press("G")
        await wait_for(lambda: app.feed.subscription is not first)
        app.feed.put(lines[-1000:])
        app.feed.put(LogLiveNow())
        await shows(app, "line 21000")
        await pilot.press("at", *"2025-10-09T08:00:00Z", "enter")
        await wait_for(lambda: cursor_text(app) == "the log begins here")
        await pilot.press("u")
        assert cursor_text(app) == levelled(1)
        await pilot.press("u", "y")
        assert cursor_text(app) == levelled(3)
        assert app.clipboard == f"{levelled(1)}\n{levelled(3)}"


@asynccontextmanager
async def with_a_lost_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[LogApp, Pilot[None]]]:
    """The pane, following a log whose first line is marked and no longer in memory."""
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    lines = entries(21_000, levelled)
    async with pane_with(lines[:1000], older=lines, log_memory=400_000) as (app, pilot):
        await pilot.press("g", "m", "G")
        for start in range(1000, 21_000, 1000):
            app.feed.put(lines[start : start + 1000])
        await shows(app, "line 21000")
        assert app.pane.document.ring.first > 1000
        yield app, pilot


async def test_a_mark_that_left_the_memory_is_gone_to(monkeypatch: pytest.MonkeyPatch):
    async with with_a_lost_mark(monkeypatch) as (app, pilot):
        await pilot.press("U")
        await wait_for(lambda: cursor_text(app) == levelled(1))
        assert any(row.endswith(levelled(2)) for row in app.screen_rows)
        await pilot.press("U")
        await wait_for(lambda: "No mark above." in app.said)


async def test_a_mark_below_the_memory_is_gone_to(monkeypatch: pytest.MonkeyPatch):
    async with with_a_lost_mark(monkeypatch) as (app, pilot):
        await pilot.press("k", "m", "U")
        await wait_for(lambda: cursor_text(app) == levelled(1))
        first = app.feed.subscription
        await pilot.press("u")
        await wait_for(lambda: app.feed.subscription is not first)
        app.feed.put(entries(1000, levelled, first=20_001))
        app.feed.put(LogLiveNow())
        await wait_for(lambda: cursor_text(app) == levelled(20_999))


async def test_marks_that_left_the_memory_are_copied_and_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    async with with_a_lost_mark(monkeypatch) as (app, pilot):
        await pilot.press("k", "m", "y")
        expected = f"{levelled(1)}\n{levelled(20_999)}"
        assert app.clipboard == expected
        await pilot.press("greater_than_sign")
        app.pane.prompt._input.value = str(tmp_path / "marked.log")
        await pilot.press("enter")
        await wait_for((tmp_path / "marked.log").exists)
        assert (tmp_path / "marked.log").read_text() == f"{expected}\n"


async def test_a_mark_that_the_server_has_deleted_is_said_and_still_copied(
    monkeypatch: pytest.MonkeyPatch,
):
    async with with_a_lost_mark(monkeypatch) as (app, pilot):
        app.feed.retain_from(10_000)
        await pilot.press("U")
        await wait_for(lambda: any("no longer has that marked line" in said for said in app.said))
        await pilot.press("y", "U")
        assert app.clipboard == levelled(1)
        await wait_for(lambda: "No mark above." in app.said)


async def test_marks_are_not_another_environments():
    async with pane_with(entries(30, levelled)) as (app, pilot):
        await pilot.press("g", "m")
        first = app.feed.subscription
        app.pane.environment = Environment(id="env-2", name="web")
        await wait_for(lambda: app.feed.subscription is not first)
        app.feed.put(entries(30, levelled))
        await says(app, "30 kept")
        await pilot.press("u")
        await wait_for(lambda: any("No mark" in said for said in app.said))


async def test_all_panes_together_keep_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.LOOK_BYTES", 50_000)
    async with pane_with(entries(1000, levelled), log_memory=500_000) as (app, _):
        for start in range(1001, 30_001, 1000):
            app.feed.put(entries(1000, levelled, first=start))
        await shows(app, "line 30000")
        assert app.pane.document.ring.dropped > 10_000
        assert app.pane.document.ring.size < 800_000
