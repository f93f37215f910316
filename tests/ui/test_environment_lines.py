"""Headings in the list: above what belongs together, with how many of it are in each state."""

import pytest
from textual.pilot import Pilot

from tests.ui.stage import NOW, SETTINGS, Stage, row
from vibebox_tui.ui.ordering import SortKey, arrange
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import EnvironmentKey
from vibebox_tui.ui.widgets.environment_table import EnvironmentTable


def member(number: int, name: str, state: str = "running", **look: bool) -> EnvironmentRow:
    """A service of a compose project, `shop/web`, or an environment of nobody's, `notes`."""
    made = row(number, name, state, **look)
    made.environment.group = name.partition("/")[0] if "/" in name else ""
    return made


ROWS = (
    member(1, "shop/web"),
    member(2, "notes"),
    member(3, "blog/site", "stopped"),
    member(4, "shop/db", "error"),
    member(5, "shop/cache"),
)


def table() -> EnvironmentTable:
    widget = EnvironmentTable(SETTINGS)
    widget.set_reactive(EnvironmentTable.now, NOW)
    widget.rows = ROWS
    return widget


def lines(pilot: Pilot[object]) -> list[str]:
    widget = pilot.app.query_one(EnvironmentTable)
    drawn = [widget.render_line(y).text.strip() for y in range(widget.size.height)]
    return [" ".join(line.split()[:2]).rstrip(" ─") for line in drawn if line]


def test_what_belongs_together_stands_together_after_what_is_alone() -> None:
    names = [each.name for each in arrange(ROWS)]
    assert names == ["notes", "shop/web", "shop/db", "shop/cache", "blog/site"]


def test_by_name_too_and_reversed() -> None:
    assert [each.name for each in arrange(ROWS, SortKey.NAME, is_reversed=True)] == [
        "notes", "shop/web", "shop/db", "shop/cache", "blog/site",
    ]  # fmt: skip


def test_the_busiest_is_first_wherever_it_belongs() -> None:
    assert [each.name for each in arrange(ROWS, SortKey.STATE)] == [
        "shop/db", "shop/web", "notes", "shop/cache", "blog/site",
    ]  # fmt: skip


def test_a_pinned_one_stands_before_all_groups() -> None:
    pinned = member(9, "blog/draft", is_pinned=True)
    assert arrange((*ROWS, pinned))[0] is pinned


def test_a_group_is_found_by_its_name() -> None:
    assert len(arrange(ROWS, wanted="shop")) == 3


async def test_a_heading_names_the_group_and_counts_its_states() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 9)) as pilot:
        assert lines(pilot) == [
            "# NAME", "2 notes", "shop", "1 web", "4 db", "5 cache", "blog", "3 site",
        ]  # fmt: skip
        heading = pilot.app.query_one(EnvironmentTable).render_line(2).text
        assert heading.split()[0] == "shop"
        assert heading.split()[2:] == ["✗1", "●2"]


async def test_keys_and_the_mouse_pass_over_headings() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 9)) as pilot:
        widget = pilot.app.query_one(EnvironmentTable)
        await pilot.press("g", "j", "j")
        assert widget.cursor == EnvironmentKey("", "id-4")
        await pilot.click(EnvironmentTable, offset=(5, 2))
        assert widget.cursor == EnvironmentKey("", "id-4"), "a heading is no environment"
        await pilot.click(EnvironmentTable, offset=(5, 7))
        assert widget.cursor == EnvironmentKey("", "id-3")


async def test_with_room_each_has_two_lines_and_its_heading_one() -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 20)) as pilot:
        assert lines(pilot)[3:6] == ["shop", "1 web", "python3 shop/web.py"]


@pytest.mark.parametrize("key", ["G", "g"])
async def test_the_heading_above_the_cursor_is_scrolled_to_with_it(key: str) -> None:
    async with Stage(lambda: [table()]).run_test(size=(40, 4)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert ("blog" in lines(pilot)) is (key == "G")


async def test_sorted_by_usage_there_are_full_names_and_no_headings() -> None:
    async with Stage(lambda: [table()]).run_test(size=(60, 9)) as pilot:
        await pilot.press("o", "o", "o")
        assert "1 shop/web" in lines(pilot)
        assert "shop" not in lines(pilot)
