from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.stage import NOW, ROWS, SETTINGS, Stage, row
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import EnvironmentKey
from vibebox_tui.ui.widgets.environment_strip import EnvironmentStrip
from vibebox_tui.ui.widgets.headline import Headline

MANY = tuple(row(number, f"service-{number}") for number in range(1, 31))


def strip(rows: tuple[EnvironmentRow, ...], current: str) -> EnvironmentStrip:
    widget = EnvironmentStrip(SETTINGS)
    widget.styles.display = "block"
    widget.set_reactive(EnvironmentStrip.rows, rows)
    widget.set_reactive(EnvironmentStrip.current, EnvironmentKey("", current))
    return widget


def headline(shown: EnvironmentRow | None) -> Headline:
    widget = Headline(SETTINGS)
    widget.set_reactive(Headline.row, shown)
    widget.set_reactive(Headline.now, NOW)
    return widget


async def text_of(rows: tuple[EnvironmentRow, ...], current: str) -> str:
    async with Stage(lambda: [strip(rows, current)]).run_test(size=(80, 3)) as pilot:
        return pilot.app.query_one(EnvironmentStrip).render().plain


async def test_all_are_shown_where_they_fit() -> None:
    assert await text_of(ROWS[:3], "id-1") == " 1●api-dev  2●web  3✗db "


@pytest.mark.parametrize("number", [1, 2, 15, 29, 30])
async def test_the_current_one_is_always_there(number: int) -> None:
    text = await text_of(MANY, f"id-{number}")
    assert f"{number}●service-{number} " in text
    assert len(text) <= 80


async def test_what_is_left_out_is_hinted_at() -> None:
    text = await text_of(MANY, "id-15")
    assert text.startswith("…")
    assert text.endswith("…")


async def test_one_long_name_leaves_room_for_the_others() -> None:
    rows = (row(1, "a-name-that-is-much-too-long-for-a-line-of-all"), *MANY[1:4])
    text = await text_of(rows, "id-1")
    assert text == " 1●a-name-that-is-much-too-l…  2●service-2  3●service-3  4●service-4 "


async def test_no_environments_is_an_empty_strip() -> None:
    assert await text_of((), "") == ""


def test_picture_of_strip_and_headlines(snap_compare: Callable[..., Any]) -> None:
    stale = row(6, "seen-before", "unknown", cpu=12.0, memory=99.0, history=[9, 12], is_stale=True)
    stage = Stage(
        lambda: [
            strip(ROWS, "id-2"),
            *(headline(shown) for shown in (*ROWS, stale, None)),
        ]
    )
    assert snap_compare(stage, terminal_size=(80, 10))
