"""How long a server asks to be left alone, in each way it may say so."""

import pytest

from vibebox_tui.client.retry_after import seconds_asked_for

NOW = 1_445_412_480.0
"""Wed, 21 Oct 2015 07:28:00 GMT"""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("1.5", 1.5),
        ("-3", 0),
        ("Wed, 21 Oct 2015 07:30:00 GMT", 120),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0),
        ("soon", 7),
        ("nan", 7),
        ("inf", 7),
        ("Wed, 99 Oct 2015 07:30:00 GMT", 7),
        ("", 7),
    ],
)
def test_is_seconds_or_a_date_or_what_we_think_right(text: str, seconds: float) -> None:
    assert seconds_asked_for({"Retry-After": text}, 7, NOW) == seconds


def test_may_be_missing() -> None:
    assert seconds_asked_for({}, 7, NOW) == 7
