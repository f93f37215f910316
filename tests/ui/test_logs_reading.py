"""How the log pane shows lines: times, long ones, fields, traces, repeats; and what it copies."""

import pytest

from tests.support import wait_for
from tests.ui.logs_support import (
    HEIGHT,
    cursor_text,
    entries,
    levelled,
    pane_with,
    shows,
    texts,
)
from vibebox_tui.logs.times import TimeStyle

pytestmark = pytest.mark.usefixtures("state_home")


async def test_times_are_told_in_every_style():
    async with pane_with(entries(3, levelled)) as (app, pilot):
        await pilot.press("T")
        assert app.screen_rows[0] == "08:00:00.001 D DEBUG line 1"
        await pilot.press("T")
        assert app.screen_rows[0] == " D DEBUG line 1"
        await pilot.press("T")
        assert app.screen_rows[0] == "-53m19s D DEBUG line 1"
        await pilot.press("T")
        assert app.pane.log_view.time_style is TimeStyle.LOCAL


async def test_long_lines_move_sideways():
    numbers = "".join(f"{n:04d}" for n in range(100))
    async with pane_with(entries(3, lambda n: numbers)) as (app, pilot):
        assert texts(app)[0].startswith("00000001")
        await pilot.press("right", "right", "h")
        assert texts(app)[0].startswith("00040005")
        await pilot.press(*["right"] * 40)
        assert texts(app)[0].endswith("00980099")
        await pilot.press(*["left"] * 40)
        assert texts(app)[0].startswith("00000001")


async def test_long_lines_wrap():
    async with pane_with(entries(3, lambda n: f"{n}" * 150)) as (app, pilot):
        room = len(texts(app)[0])
        await pilot.press("L")
        assert texts(app)[:3] == ["1" * room, "1" * room, "1" * (150 - 2 * room)]
        assert len(texts(app)) == 9


async def test_the_scrollbar_covers_nothing_of_the_lines():
    digits = "0123456789" * 15
    async with pane_with(entries(30, lambda n: digits)) as (app, pilot):
        rows = [strip.text for strip in app.screen._compositor.render_strips()]
        assert rows[0][-2] == app.pane.settings.glyphs.cut
        await pilot.press("L", "g", "g")
        await wait_for(lambda: "the log begins here" in app.screen_rows[0])
        rows = [strip.text[15:79].rstrip() for strip in app.screen._compositor.render_strips()]
        assert "".join(rows[1:4]) == digits


async def test_json_is_readable_and_expands():
    line = '{"level":"error","msg":"boom","http":{"status":500}}'
    async with pane_with([*entries(1, lambda n: line), *entries(1, levelled, first=2)]) as (
        app,
        pilot,
    ):
        assert texts(app)[0] == 'boom  http={"status":500}'
        await pilot.press("g", "x")
        await shows(app, "the log begins here")
        assert [row.strip() for row in texts(app)[1:7]] == [
            'boom  http={"status":500}', "level: error", "msg: boom", "http:", "status: 500",
            "INFO line 2",
        ]  # fmt: skip
        await pilot.press("x")
        assert len(texts(app)) == 3


async def test_logfmt_expands():
    line = 'level=warn msg="slow query" took=12ms'
    async with pane_with(entries(1, lambda n: line)) as (app, pilot):
        await pilot.press("g", "x")
        await shows(app, "msg: slow query")
        assert any(row.strip() == "took: 12ms" for row in texts(app))


TRACE = ("INFO ok", "ERROR boom", "  at a", "  at b", "INFO then")


async def test_a_stack_trace_is_folded_and_copied_with_the_line_it_follows():
    async with pane_with(entries(5, lambda n: TRACE[n - 1])) as (app, pilot):
        await pilot.press("k", "x")
        await shows(app, "+2 lines")
        assert cursor_text(app) == "ERROR boom"
        assert not any("at a" in row for row in app.screen_rows)
        await pilot.press("y")
        assert app.clipboard == "ERROR boom\n  at a\n  at b"
        await pilot.press("m", "y")
        assert app.clipboard == "ERROR boom\n  at a\n  at b"
        await pilot.press("x")
        await shows(app, "at b")


async def test_all_stack_traces_are_folded_by_one_key_and_a_hit_opens_its_own():
    async with pane_with(entries(5, lambda n: TRACE[n - 1])) as (app, pilot):
        await pilot.press("X")
        await shows(app, "+2 lines")
        await pilot.press("slash", *"at b", "enter")
        await wait_for(lambda: cursor_text(app) == "  at b")
        await pilot.press("X")
        assert not any("+2 lines" in row for row in app.screen_rows)


async def test_a_line_without_fields_or_trace_says_so():
    async with pane_with(entries(3, levelled)) as (app, pilot):
        await pilot.press("x")
        await wait_for(lambda: "There is nothing to unfold in this line." in app.said)


async def test_strange_text_keeps_to_its_columns():
    strange = [
        "\x1b]0;title\x07x",
        "\x00\ttab",
        "日本語" * 50,
        "👩‍💻" * 60,
        "x" * 12_000,
        "a\u202eb",
    ]
    async with pane_with(entries(6, lambda n: strange[n - 1] + " end")) as (app, pilot):
        view = app.pane.log_view
        for key in ("right", "right", "L"):
            assert {view.render_line(y).cell_length for y in range(HEIGHT)} == {view.text_width}
            await pilot.press(key)
        assert {view.render_line(y).cell_length for y in range(HEIGHT)} == {view.text_width}


async def test_repeats_are_folded_to_one_line_with_a_count():
    lines = entries(40, lambda n: f"14:02:{n:02d} db timeout" if 10 <= n < 30 else f"line {n}")
    async with pane_with(lines) as (app, pilot):
        await pilot.press("r")
        folded = [row for row in app.screen_rows if "db timeout" in row]
        assert len(folded) == 1
        assert folded[0].endswith("×20")
        app.feed.put(entries(3, lambda n: "line 40", first=41))
        await wait_for(lambda: app.screen_rows[-1].endswith("×4"))
        await pilot.press("r")
        await wait_for(lambda: texts(app)[-3:] == ["line 40"] * 3)


async def test_copies_the_record_or_what_is_marked():
    lines = entries(3, lambda n: ("INFO a", "ERROR b", "  at c")[n - 1])
    async with pane_with(lines) as (app, pilot):
        await pilot.press("k", "y")
        assert app.clipboard == "ERROR b\n  at c"
        await pilot.press("g", "m", "G", "m", "y")
        assert app.clipboard == "INFO a\n  at c"
