"""The log pane's keys, and what it shows of what arrives."""

from pathlib import Path

import pytest
from textual import events

from tests.support import wait_for
from tests.ui.logs_support import (
    HEIGHT,
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
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.times import TimeStyle
from vibebox_tui.protocol.messages import LogEntry


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the history of what was typed goes in these tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


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
        await shows(app, "No line in memory passes the filters")


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


async def test_marks_ranges_and_going_from_mark_to_mark():
    async with pane_with(entries(30, levelled)) as (app, pilot):
        await pilot.press("g", "m", "j", "j", "j", "M", "G", "U")
        assert cursor_text(app) == levelled(4)
        await pilot.press("U", "U", "U", "u")
        assert cursor_text(app) == levelled(2)
        await pilot.press("m", "U", "u")
        assert cursor_text(app) == levelled(3)


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


async def test_copies_the_record_or_what_is_marked():
    lines = entries(3, lambda n: ("INFO a", "ERROR b", "  at c")[n - 1])
    async with pane_with(lines) as (app, pilot):
        await pilot.press("k", "y")
        assert app.clipboard == "ERROR b\n  at c"
        await pilot.press("g", "m", "G", "m", "y")
        assert app.clipboard == "INFO a\n  at c"


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
