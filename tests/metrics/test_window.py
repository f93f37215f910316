"""Windows keep the recent course of a value and spread it over a number of slots."""

from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.metrics.window import HOLD_SECONDS, MAX_SAMPLES, Window

NOW = 1_760_000_000.0


def window_of(*samples: tuple[float, float], span: float = 60.0) -> Window:
    """A window with values by their age in seconds."""
    window = Window(span)
    for age, value in samples:
        window.add(NOW - age, value)
    return window


def test_knows_nothing_at_first():
    window = Window()
    assert (window.latest, window.latest_at, window.peak()) == (None, None, None)
    assert window.spread(4, NOW) == [None] * 4
    assert window.spread(0, NOW) == []


def test_each_slot_has_its_largest_value():
    window = window_of((39, 1), (38, 7), (37, 2), (9, 5), (1, 4))
    assert window.spread(6, NOW) == [None, 7, None, None, 5, 4]


def test_a_value_stands_until_the_next_one_is_due():
    window = window_of((6, 3), (0, 9))
    assert window.spread(60, NOW)[-8:] == [None, 3, 3, 3, 3, 3, 3, 9]


def test_what_was_not_measured_is_a_gap():
    window = window_of((30, 3))
    window.add(NOW, None)
    assert window.latest == 3
    assert window.spread(60, NOW)[-1] is None


def test_a_bar_keeps_its_height_while_time_moves_on():
    window = window_of(*((age, float(age % 7)) for age in range(40, 0, -2)))
    before = window.spread(30, NOW)
    after = window.spread(30, NOW + 2)
    assert after[:20] == before[1:21]


def test_late_history_is_put_in_its_place():
    window = window_of((2, 1.0), (10, 2.0), (6, 3.0))
    window.add(NOW - 6, 4.0)
    assert window.latest == 1.0
    assert len(window) == 3
    assert window.spread(12, NOW)[-3:] == [4.0, 1.0, 1.0]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 1e6)), max_size=80), st.integers(1, 50))
def test_no_slot_has_a_value_that_was_not_measured(samples: list[tuple[float, float]], slots: int):
    window = window_of(*samples)
    values = {value for _, value in samples}
    assert set(window.spread(slots, NOW)) <= values | {None}
    assert window.peak() in values | {None}


def test_memory_is_bounded_in_time_and_number():
    window = Window(60.0)
    for second in range(10_000):
        window.add(NOW + second, 1.0)
    assert len(window) <= 60 + HOLD_SECONDS + 1
    for step in range(3 * MAX_SAMPLES):
        window.add(NOW + 20_000 + step / 1000, 1.0)
    assert len(window) == MAX_SAMPLES


def test_forgets_when_told():
    window = window_of((1, 1.0))
    window.clear()
    assert len(window) == 0
