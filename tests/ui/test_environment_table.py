from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from textual import on
from textual.pilot import Pilot
from textual.widget import Widget

from tests.ui.stage import NOW, ROWS, SETTINGS, Stage, row
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.logs.levels import Level
from vibebox_tui.ui.error_watch import Errors, SeenLine
from vibebox_tui.ui.ordering import SortKey
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import ServerState
from vibebox_tui.ui.widgets.environment_table import EnvironmentTable, Wish
from vibebox_tui.ui.widgets.environment_tiles import TILE_HEIGHT, parts_of, tiles_across


def table(rows: Iterable[EnvironmentRow] = ROWS) -> EnvironmentTable:
    widget = EnvironmentTable(SETTINGS)
    widget.set_reactive(EnvironmentTable.now, NOW)
    widget.rows = tuple(rows)
    return widget


class Listener(Stage):
    """Keeps what the table asks for."""

    def __init__(self, build: Callable[[], Iterable[Widget]]) -> None:
        super().__init__(build)
        self.heard: list[tuple[Wish, list[str]]] = []

    @on(EnvironmentTable.Asked)
    def keep(self, asked: EnvironmentTable.Asked) -> None:
        self.heard.append((asked.wish, [key.id for key in asked.keys]))


def shown_table(pilot: Pilot[object]) -> EnvironmentTable:
    return pilot.app.query_one(EnvironmentTable)


def cursor_of(pilot: Pilot[object]) -> str:
    """The id of the environment under the cursor."""
    cursor = shown_table(pilot).cursor
    return cursor.id if cursor else ""


def line(pilot: Pilot[object], y: int) -> str:
    return shown_table(pilot).render_line(y).text


async def after(
    *keys: str, rows: Iterable[EnvironmentRow] = ROWS
) -> tuple[str, list[tuple[Wish, list[str]]]]:
    """The cursor, and what was asked for, after these keys."""
    app = Listener(lambda: [table(rows)])
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        return cursor_of(pilot), app.heard


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        ([], "id-1"),
        (["j"], "id-2"),
        (["down", "down"], "id-3"),
        (["j", "j", "k"], "id-2"),
        (["k"], "id-1"),
        (["G"], "id-5"),
        (["G", "j"], "id-5"),
        (["G", "g"], "id-1"),
        (["end", "up"], "id-4"),
        (["end", "home"], "id-1"),
        (["pagedown"], "id-5"),
        (["G", "pageup"], "id-1"),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], cursor: str) -> None:
    assert (await after(*keys))[0] == cursor


@pytest.mark.parametrize(
    ("key", "verb"), [("s", "start"), ("S", "stop"), ("R", "restart"), ("D", "delete")]
)
async def test_an_action_is_asked_for_the_environment_under_the_cursor(key: str, verb: str) -> None:
    assert (await after("j", key))[1] == [(verb, ["id-2"])]


async def test_an_action_is_asked_for_all_that_are_marked() -> None:
    marked = [row(1, "a", is_marked=True), row(2, "b"), row(3, "c", is_marked=True)]
    assert (await after("S", rows=marked))[1] == [("stop", ["id-1", "id-3"])]


@pytest.mark.parametrize(
    ("key", "wish"),
    [("enter", "open"), ("P", "pin"), ("y", "copy"), ("n", "new"), ("slash", "filter")],
)
async def test_what_the_other_keys_ask_for(key: str, wish: str) -> None:
    assert (await after(key))[1] == [(wish, ["id-1"])]


@pytest.mark.parametrize(("key", "asked"), [("enter", []), ("S", []), ("n", [("new", [])])])
async def test_an_empty_list_asks_for_nothing_but_a_new_one(key: str, asked: list[Any]) -> None:
    assert (await after(key, rows=[]))[1] == asked


async def test_space_marks_and_goes_on() -> None:
    assert await after("space") == ("id-2", [("mark", ["id-1"])])
    marked = [row(1, "a", is_marked=True), row(2, "b")]
    assert await after("space", rows=marked) == ("id-2", [("unmark", ["id-1"])])


async def test_star_marks_all_that_are_shown_and_u_none() -> None:
    ids = [shown.key.id for shown in ROWS]
    assert (await after("asterisk", "u"))[1] == [("mark", ids), ("unmark", ids)]


async def test_o_sorts_by_the_next_column_and_the_cursor_stays() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 20)) as pilot:
        await pilot.press("o", "o")
        assert shown_table(pilot).sort_key is SortKey.STATE
        assert shown_table(pilot).shown[0].name == "db"
        assert cursor_of(pilot) == "id-1"
        assert "STATE↑" in line(pilot, 0)


async def test_shift_o_reverses_the_order() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 20)) as pilot:
        await pilot.press("O")
        assert [shown.number for shown in shown_table(pilot).shown] == [5, 4, 3, 2, 1]


async def test_the_cursor_goes_to_a_neighbour_when_its_environment_is_gone() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 20)) as pilot:
        await pilot.press("j", "j")
        shown_table(pilot).rows = (*ROWS[:2], *ROWS[3:])
        assert cursor_of(pilot) == "id-4"


async def test_a_state_is_glyph_and_word() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 20)) as pilot:
        assert "● running" in line(pilot, 1)
        assert "✗ error" in line(pilot, 5)
        assert "exited with code 1" in line(pilot, 6)


async def test_numbers_stand_in_the_same_columns_whatever_their_size() -> None:
    small = row(1, "a", cpu=0.1, memory=0.5)
    large = row(2, "b", cpu=1600.0, memory=204800.0)
    async with Stage(lambda: [table([small, large])]).run_test(size=(80, 20)) as pilot:
        first, second = line(pilot, 1), line(pilot, 2)
        assert first.index("0.1%") + 4 == second.index("1600%") + 5
        assert first.index("0.5M") + 4 == second.index("200G") + 4


async def test_a_stale_row_says_when_it_was_seen() -> None:
    stale = row(1, "api", "unknown", cpu=41.0, is_stale=True)
    async with Stage(lambda: [table([stale])]).run_test(size=(40, 20)) as pilot:
        assert "? unknown" in line(pilot, 1)
        assert "seen 4s ago" in line(pilot, 2)


async def test_an_empty_list_says_what_to_do() -> None:
    async with Stage(lambda: [table([])]).run_test(size=(40, 20)) as pilot:
        assert "No environments: n adds one" in line(pilot, 1)


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (None, "Connecting …"),
        (LinkState(LinkPhase.CONNECTING, NOW), "Connecting …"),
        (LinkState(LinkPhase.REFUSED, NOW), "Not connected"),
        (LinkState(LinkPhase.WAITING, NOW, attempt=1), "Not connected"),
        (LinkState(LinkPhase.CONNECTED, NOW), "No environments: n adds one"),
    ],
)
async def test_an_empty_list_says_whether_the_server_was_reached(
    link: LinkState | None, text: str
) -> None:
    async with Stage(lambda: [table([])]).run_test(size=(40, 20)) as pilot:
        shown_table(pilot).servers = (ServerState("local", link=link),)
        assert line(pilot, 1).strip() == text


async def test_a_filter_without_a_match_says_so() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 20)) as pilot:
        shown_table(pilot).wanted = "zzz"
        assert "Nothing matches zzz" in line(pilot, 1)


async def test_the_cursor_is_always_in_view() -> None:
    many = [row(number, f"service-{number}") for number in range(1, 100)]
    async with Stage(lambda: [table(many)]).run_test(size=(40, 12)) as pilot:
        await pilot.press("G")
        await pilot.pause()
        assert "service-99" in line(pilot, 11)
        await pilot.press("g")
        await pilot.pause()
        assert "service-1 " in line(pilot, 1)


@pytest.mark.parametrize("width", [38, 78, 118, 198])
def test_picture(width: int, snap_compare: Callable[..., Any]) -> None:
    marked = row(6, "marked", "stopped", is_marked=True)
    pinned = row(7, "pinned", cpu=250.0, memory=2048.0, limit=4096, is_pinned=True)
    stale = row(8, "seen-before", "unknown", cpu=12.0, memory=99.0, history=[9], is_stale=True)
    stage = Stage(lambda: [table([*ROWS, marked, pinned, stale])])
    assert snap_compare(stage, terminal_size=(width, 19), press=["j"])


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["right"], "id-2"),
        (["down"], "id-4"),
        (["down", "left"], "id-3"),
        (["G", "up"], "id-2"),
        (["G", "j"], "id-5"),
    ],
)
async def test_keys_move_the_cursor_among_tiles(keys: list[str], cursor: str) -> None:
    tiles = table()
    async with Stage(lambda: [tiles]).run_test(size=(120, 20)) as pilot:
        tiles.prefers_tiles = True
        await pilot.press(*keys)
        assert cursor_of(pilot) == cursor


@pytest.mark.parametrize(("count", "across"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3)])
def test_tiles_share_the_width(count: int, across: int) -> None:
    assert tiles_across(count, 120) == across


async def test_few_tiles_are_as_wide_and_high_as_there_is_room() -> None:
    tiles = table(ROWS[:2])
    tiles.prefers_tiles = True
    async with Stage(lambda: [tiles]).run_test(size=(160, 40)) as pilot:
        assert line(pilot, 0).index("2 web") == 160 // 2 + 3
        assert line(pilot, 38).startswith("╰")


async def test_a_high_tile_shows_the_end_of_the_log() -> None:
    lines = [SeenLine(NOW + number, Level.INFO, f"line {number}") for number in range(60)]
    logging = replace(row(1, "api"), errors=Errors(tail=deque(lines)))
    tiles = table([logging, replace(row(2, "web"), errors=Errors()), row(3, "db")])
    tiles.prefers_tiles = True
    async with Stage(lambda: [tiles]).run_test(size=(160, 30)) as pilot:
        shown = [line(pilot, y) for y in range(30)]
        heading = next(y for y, text in enumerate(shown) if "─ log ─" in text)
        assert heading > 4, "CPU has several lines"
        bottom = next(y for y, text in enumerate(shown) if text.startswith("╰"))
        assert bottom == 28
        assert "22:14:19 line 59" in shown[bottom - 1]
        assert f"line {60 - (bottom - heading - 1)}" in shown[heading + 1]
        assert shown[heading + 1].count("Nothing has been logged yet.") == 1


@pytest.mark.parametrize("height", range(TILE_HEIGHT, 70))
def test_the_parts_of_a_tile_fill_it(height: int) -> None:
    cpu, log = parts_of(height)
    assert TILE_HEIGHT - 1 + cpu + (log + 1 if log else 0) == height
    assert log == 0 or log >= 3


async def test_there_are_lines_where_not_all_tiles_fit() -> None:
    tiles = table(row(number, f"service-{number}") for number in range(1, 40))
    tiles.prefers_tiles = True
    async with Stage(lambda: [tiles]).run_test(size=(120, 20)) as pilot:
        assert "NAME" in line(pilot, 0)


def test_picture_of_tiles(snap_compare: Callable[..., Any]) -> None:
    stale = row(8, "seen-before", "unknown", cpu=12.0, memory=99.0, history=[9], is_stale=True)
    tiles = table([*ROWS, stale])
    tiles.set_reactive(EnvironmentTable.prefers_tiles, True)
    assert snap_compare(Stage(lambda: [tiles]), terminal_size=(120, 14), press=["right"])
