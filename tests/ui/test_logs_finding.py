"""The log pane's searches and filters, typed, tried while typing, and remembered."""

from pathlib import Path

import pytest
from textual import events

from tests.support import wait_for
from tests.ui.logs_support import (
    HEIGHT,
    cursor_text,
    entries,
    levelled,
    pane_with,
    says,
    shows,
    texts,
)
from vibebox_tui.logs.levels import Level

pytestmark = pytest.mark.usefixtures("state_home")


async def test_search_marks_and_counts_every_hit():
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await pilot.press("slash", *"line 9", "enter")
        await says(app, "11 hits")
        assert cursor_text(app) == "WARN line 99"
        await pilot.press("N")
        assert cursor_text(app) == levelled(98)
        await pilot.press("n")
        assert cursor_text(app) == "WARN line 99"
        hit = app.pane.log_view.get_component_rich_style("log-view--hit", partial=True)
        marked = {
            segment.text
            for y in range(HEIGHT)
            for segment in app.pane.log_view.render_line(y)
            if segment.style and segment.style.bgcolor == hit.bgcolor
        }
        assert marked == {"line 9"}
        await pilot.press("escape")
        assert "hit" not in app.pane.detail


async def test_keys_typed_ahead_of_the_prompt_belong_to_it():
    async with pane_with(entries(100, levelled)) as (app, _):
        names = {"&": "ampersand", "=": "equals_sign", "\x7f": "backspace", "\r": "enter"}
        for character in "&levex\x7fl=warn\r":
            app.post_message(events.Key(names.get(character, character), character))
        await says(app, "17 of 100 kept")
        assert app.pane.document.selection.lowest is Level.UNKNOWN
        await wait_for(lambda: app.pane.log_view.has_focus)


async def test_a_wrong_expression_is_shown_where_it_is_wrong_and_the_last_good_one_stays():
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await pilot.press("slash", *"line", "left_parenthesis")
        await wait_for(lambda: "at 5" in str(app.pane.prompt._problem.content))
        underlined = [
            segment.text
            for segment in app.pane.prompt._input.render_line(0)
            if segment.style and segment.style.underline
        ]
        assert underlined == ["("]
        await says(app, "100 hits")
        await pilot.press("enter")
        assert app.pane.prompt.is_asking
        await pilot.press("escape")
        assert not app.pane.prompt.is_asking
        assert app.pane.document.pattern is None


async def test_filters_stack_recall_and_clear():
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await pilot.press(
            "ampersand", *"level", "greater_than_sign", "equals_sign", *"warn", "enter"
        )
        await says(app, "33 of 100 kept")
        await pilot.press("ampersand", "exclamation_mark", *"error", "enter")
        await says(app, "17 of 100 kept")
        assert {row.split()[0] for row in texts(app)} == {"WARN"}
        await pilot.press("ampersand", "enter")
        await says(app, "+0 new · 100 kept")
        await pilot.press("ampersand", "up", "up", "enter")
        await says(app, "33 of 100 kept")
        await pilot.press("ampersand", *"nothing", "escape")
        await says(app, "33 of 100 kept")


async def test_an_empty_screen_says_why():
    async with pane_with(entries(9, levelled)) as (app, pilot):
        await pilot.press("ampersand", *"nowhere", "enter")
        await shows(app, "No line passes the filters")


async def test_a_condition_that_is_half_typed_changes_nothing():
    async with pane_with(entries(9, levelled)) as (app, pilot):
        await pilot.press("ampersand", *"warn", "space", *"status", "greater_than_sign")
        await wait_for(lambda: "missing" in str(app.pane.prompt._problem.content))


async def test_the_lowest_level_and_the_stream_go_round():
    lines = entries(10, levelled)
    lines[4].stream = "stderr"
    async with pane_with(lines) as (app, pilot):
        await pilot.press("v", "v")
        assert app.pane.document.selection.lowest is Level.INFO
        await says(app, "8 of 10 kept")
        await pilot.press("v", "v", "v")
        await says(app, "+0 new · 10 kept")
        await pilot.press("s", "s")
        await says(app, "1 of 10 kept")
        assert texts(app) == ["ERROR line 5"]
        await pilot.press("s")
        await says(app, "+0 new · 10 kept")


async def test_filters_can_be_listed_switched_and_taken_away():
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await pilot.press("ampersand", *"warn", "enter", "ampersand", *"9", "enter")
        await says(app, "5 of 100 kept")
        await pilot.press("F", "space", "escape")
        await says(app, "19 of 100 kept")
        await pilot.press("F", "D", "escape")
        await says(app, "19 of 100 kept")
        await pilot.press("F", "D", "escape")
        await says(app, "+0 new · 100 kept")


async def test_what_was_typed_is_remembered_over_restarts(state_home: Path):
    async with pane_with(entries(9, levelled)) as (app, pilot):
        await pilot.press("ampersand", *"warn", "enter")
        await wait_for((state_home / "vibebox" / "log-history.jsonl").exists)
    async with pane_with(entries(9, levelled)) as (app, pilot):
        await pilot.press("ampersand", "up", "enter")
        await says(app, "2 of 9 kept")


async def test_filters_and_their_switches_are_remembered_over_restarts(state_home: Path):
    file = state_home / "vibebox" / "log-history.jsonl"
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await pilot.press("ampersand", *"warn", "enter", "ampersand", *"9", "enter")
        await says(app, "5 of 100 kept")
        await pilot.press("F", "space", "escape")
        await says(app, "19 of 100 kept")
        await wait_for(lambda: file.exists() and '"warn", false' in file.read_text())
    async with pane_with() as (app, pilot):
        await wait_for(lambda: "Filters of last time, 1 of them on: F lists them." in app.said)
        app.feed.put(entries(100, levelled))
        await says(app, "19 of 100 kept")
        await pilot.press("F", "space", "escape")
        await says(app, "5 of 100 kept")
        await pilot.press("ampersand", "enter")
        await says(app, "+0 new · 100 kept")
        await wait_for(lambda: "true" not in file.read_text())
    async with pane_with(entries(100, levelled)) as (app, pilot):
        await says(app, "+0 new · 100 kept")
