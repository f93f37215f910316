"""Bars in one row or several."""

import pytest

from vibebox_tui.metrics.bars import bars

STEPS = "▁▂▃▄▅▆▇█"


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        ([0, 50, 100], ["▁▄█"]),
        ([None, 1, 1000, -5], [" ▁█▁"]),
        ([], [""]),
    ],
)
def test_one_row(values: list[float | None], rows: list[str]):
    assert bars(values, top=100, steps=STEPS) == rows


def test_several_rows_stand_on_each_other():
    assert bars([100, 50, 25, 0, None], top=100, steps=STEPS, rows=2) == ["█    ", "██▄▁ "]


def test_plain_characters_will_do():
    assert bars([0, 100], top=100, steps="_.-:=+*#") == ["_#"]


def test_without_a_top_there_is_still_a_bar():
    assert bars([0], top=0, steps=STEPS) == ["▁"]
