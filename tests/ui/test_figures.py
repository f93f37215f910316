import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.ui.figures import (
    cpu_text,
    duration_text,
    memory_text,
    round_trip_text,
    seconds_since,
    spark,
)
from vibebox_tui.ui.glyphs import ASCII, UNICODE


@pytest.mark.parametrize(
    ("cpu", "text"),
    [(None, "    –"), (0.0, "   0%"), (0.42, " 0.4%"), (41.4, "  41%"), (1600.0, "1600%")],
)
def test_cpu_has_five_cells(cpu: float | None, text: str) -> None:
    assert cpu_text(cpu, UNICODE) == text


@pytest.mark.parametrize(
    ("mebibytes", "text"),
    [
        (None, "    -"),
        (3.25, " 3.2M"),
        (310.0, " 310M"),
        (999.6, " 1.0G"),
        (1228.8, " 1.2G"),
        (204800.0, " 200G"),
    ],
)
def test_memory_has_five_cells(mebibytes: float | None, text: str) -> None:
    assert memory_text(mebibytes, ASCII) == text


@given(st.floats(0, 99_999))
def test_numbers_never_change_their_width(value: float) -> None:
    assert len(memory_text(value, UNICODE)) == 5
    assert len(cpu_text(min(value, 9_999), UNICODE)) == 5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3600, "1h"),
        (12_000, "3h20m"),
        (86_400, "1d"),
        (273_600, "3d4h"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_time_that_is_none_has_no_age() -> None:
    assert seconds_since(None, 0) is None
    assert seconds_since("yesterday", 0) is None


def test_an_age_is_counted_from_utc() -> None:
    assert seconds_since("1970-01-01T00:00:10.000Z", 15) == 5


def test_round_trips_below_a_millisecond_are_not_zero() -> None:
    assert round_trip_text(0.0004, UNICODE).strip() == "<1 ms"
    assert round_trip_text(0.0344, UNICODE).strip() == "34 ms"
    assert round_trip_text(None, UNICODE).strip() == "– ms"


def test_bars_are_drawn_against_what_is_most() -> None:
    assert spark([0, 50, 100], 3, 100, UNICODE) == "▁▅█"


def test_bars_grow_beyond_the_limit_with_the_highest_value() -> None:
    assert spark([100, 200], 2, 100, UNICODE) == "▅█"


def test_unknown_values_are_blanks_and_the_newest_stands_right() -> None:
    assert spark([None, 100], 4, 100, ASCII) == "   #"


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=100), st.integers(0, 80))
def test_a_sparkline_has_its_width(values: list[float | None], width: int) -> None:
    assert len(spark(values, width, 100, UNICODE)) == width
