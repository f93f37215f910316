import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.ui.layout import (
    SLOT_HEIGHT,
    SLOT_WIDTH,
    TERMINAL_WIDTH,
    Grid,
    Shape,
    Stack,
    room_for,
    shape_of,
    stack,
    tile,
    widen_terminals,
)


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((39, 24), Shape.TINY),
        ((80, 9), Shape.TINY),
        ((40, 10), Shape.NARROW),
        ((80, 24), Shape.NARROW),
        ((100, 24), Shape.MEDIUM),
        ((120, 40), Shape.MEDIUM),
        ((200, 20), Shape.MEDIUM),
        ((200, 60), Shape.WIDE),
    ],
)
def test_a_size_has_its_shape(size: tuple[int, int], shape: Shape) -> None:
    assert shape_of(*size) is shape


def test_two_logs_share_a_middling_screen_above_each_other() -> None:
    assert tile(2, 78, 37) == Grid(columns=1, rows=2, shown=2)


def test_two_panes_share_a_large_screen_side_by_side() -> None:
    assert tile(2, 160, 57) == Grid(columns=2, rows=1, shown=2)


def test_what_does_not_fit_is_not_shown() -> None:
    assert tile(5, 80, 12).shown == room_for(80, 12) == 2


def test_one_pane_is_shown_however_small_the_screen() -> None:
    assert tile(3, 10, 2) == Grid(columns=1, rows=1, shown=1)


@given(st.integers(1, 12), st.integers(SLOT_WIDTH, 400), st.integers(SLOT_HEIGHT, 120))
def test_every_shown_pane_has_the_cells_it_needs(wanted: int, width: int, height: int) -> None:
    grid = tile(wanted, width, height)
    assert 1 <= grid.shown <= min(wanted, grid.columns * grid.rows)
    assert width // grid.columns >= SLOT_WIDTH
    assert height // grid.rows >= SLOT_HEIGHT


@pytest.mark.parametrize(
    ("room", "wanted", "heights"),
    [
        (57, 9, Stack(9, 26, 12, 10)),  # 200x60 with three environments
        (57, 30, Stack(35, 0, 12, 10)),
        (57, 20, Stack(20, 15, 12, 10)),
        (80, 9, Stack(9, 26, 35, 10)),
        (38, 9, Stack(16, 0, 12, 10)),
        (30, 5, Stack(5, 13, 12, 0)),
        (21, 9, Stack(9, 0, 12, 0)),
    ],
)
def test_what_stands_beneath_the_list_gets_what_that_leaves(
    room: int, wanted: int, heights: Stack
) -> None:
    assert stack(room, wanted) == heights


@given(st.integers(21, 200), st.integers(1, 300))
def test_the_left_side_is_filled(room: int, wanted: int) -> None:
    heights = stack(room, wanted)
    assert sum(heights) == room
    assert min(heights) >= 0
    assert heights.environments >= min(wanted, room - 22)


def test_a_terminal_gets_its_eighty_columns() -> None:
    assert widen_terminals([False, True], 160) == [160 - TERMINAL_WIDTH, TERMINAL_WIDTH]


def test_a_terminal_takes_nothing_that_others_need() -> None:
    assert widen_terminals([False, False, True], 150) == [50, 50, 50]


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(40, 500))
def test_columns_fill_the_width(is_terminal: list[bool], width: int) -> None:
    assert sum(widen_terminals(is_terminal, width)) == width
