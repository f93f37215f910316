"""Times as they come, as they are told and as one types them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.logs.times import (
    TIME_WIDTHS,
    UNKNOWN_TIME,
    MomentError,
    TimeStyle,
    parse_moment,
    time_text,
    to_iso,
    to_milliseconds,
)

NOW = 1_760_000_000_000
"""2025-10-09T08:53:20Z"""
BERLIN = timezone(timedelta(hours=2))


@given(st.integers(1, 4_000_000_000_000))
def test_reads_what_it_writes(time: int):
    assert to_milliseconds(to_iso(time)) == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2025-10-09T08:53:20.000Z", NOW),
        ("2025-10-09T08:53:20Z", NOW),
        ("2025-10-09T10:53:20.5+02:00", NOW + 500),
        ("2025-10-09T08:53:20", NOW),
        (None, UNKNOWN_TIME),
        ("", UNKNOWN_TIME),
        ("yesterday", UNKNOWN_TIME),
        ("2025-13-09T08:53:20.000Z", UNKNOWN_TIME),
        ("2025-10-09T08:53:20.xyzZ", UNKNOWN_TIME),
    ],
)
def test_reads_times_in_iso_8601(text: str | None, time: int):
    assert to_milliseconds(text) == time


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (TimeStyle.OFF, ""),
        (TimeStyle.LOCAL, "10:53:20.007"),
        (TimeStyle.UTC, "08:53:20.007"),
        (TimeStyle.RELATIVE, " -1m05s"),
    ],
)
def test_tells_a_time_in_each_style(style: TimeStyle, text: str):
    assert time_text(NOW + 7, style, NOW + 65_100, BERLIN) == text


@given(st.sampled_from(TimeStyle), st.integers(0, 400 * 86_400_000))
def test_a_time_is_as_wide_as_its_style(style: TimeStyle, ago: int):
    assert len(time_text(NOW - ago, style, NOW, UTC)) == TIME_WIDTHS[style]
    assert len(time_text(UNKNOWN_TIME, style, NOW, UTC)) == TIME_WIDTHS[style]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10:02", "2025-10-09T10:02:00+02:00"),
        ("10:02:09", "2025-10-09T10:02:09+02:00"),
        ("10:02:09.5", "2025-10-09T10:02:09.500+02:00"),
        ("14:02", "2025-10-08T14:02:00+02:00"),
        ("-5m", "2025-10-09T10:48:20+02:00"),
        ("-1h30m", "2025-10-09T09:23:20+02:00"),
        ("-2d", "2025-10-07T10:53:20+02:00"),
        ("2025-10-01", "2025-10-01T00:00:00+02:00"),
        ("2025-10-01T12:00:00Z", "2025-10-01T14:00:00+02:00"),
    ],
)
def test_understands_what_one_types(text: str, expected: str):
    moment = round(datetime.fromisoformat(expected).timestamp() * 1000)
    assert parse_moment(text, NOW, BERLIN) == moment


@pytest.mark.parametrize("text", ["", "soon", "25:00", "-5", "5m", "10:02:99", "-99999999999d"])
def test_says_so_where_it_does_not(text: str):
    with pytest.raises(MomentError, match="no time"):
        parse_moment(text, NOW, BERLIN)
