"""Rates and counts, on a clock of our own."""

import pytest

from vibebox_tui.server.limits import (
    ConnectionCounts,
    LoginThrottle,
    RateLimitedError,
    TokenBucket,
    origin_of,
)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(rate=10, burst=3, clock=clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.1)
    clock.now += 0.1
    assert bucket.take() == 0
    assert bucket.take() > 0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(rate=10, burst=2, clock=clock)
    clock.now += 1000
    assert [bucket.take() == 0 for _ in range(3)] == [True, True, False]


def test_counts_let_in_up_to_the_limit_for_each_key() -> None:
    counts = ConnectionCounts(2)
    assert counts.enter("a")
    assert counts.enter("a")
    assert not counts.enter("a")
    assert counts.enter("b")
    counts.leave("a")
    assert counts.enter("a")


def test_a_replacement_is_let_in_above_the_limit_for_a_while() -> None:
    clock = Clock()
    counts = ConnectionCounts(1, grace=30, clock=clock)
    assert counts.enter("a")
    assert counts.enter("a"), "the one that replaces it"
    counts.leave("a")
    assert counts.enter("a"), "the next replacement"
    clock.now += 31
    assert not counts.enter("a"), "two for longer than a replacement takes"
    assert not counts.enter("a")


def test_a_replacement_never_doubles_the_limit() -> None:
    counts = ConnectionCounts(3, grace=30, clock=Clock())
    assert [counts.enter("a") for _ in range(7)] == [True] * 6 + [False]


def test_log_ins_are_throttled_for_each_account_and_address() -> None:
    clock = Clock()
    throttle = LoginThrottle(3, clock)
    for _ in range(3):
        throttle.attempt("account a", "address x")
        clock.now += 10
    with pytest.raises(RateLimitedError):
        throttle.attempt("account a", "address y")
    with pytest.raises(RateLimitedError) as refused:
        throttle.attempt("account b", "address x")
    assert refused.value.retry_after == 30
    throttle.attempt("account b", "address y")
    clock.now += 30
    throttle.attempt("account a", "address x")


def test_a_log_in_that_succeeds_doesnt_count() -> None:
    throttle = LoginThrottle(1, Clock())
    for _ in range(5):
        throttle.attempt("account a")
        throttle.succeeded("account a")
    throttle.attempt("account a")
    with pytest.raises(RateLimitedError):
        throttle.attempt("account a")


def test_an_address_of_ipv6_counts_with_its_network() -> None:
    assert origin_of("192.0.2.1") == "192.0.2.1"
    assert origin_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert origin_of("2001:db8:1:2::3") == origin_of("2001:db8:1:2:ffff::4")
    assert origin_of("2001:db8:1:2::3") != origin_of("2001:db8:1:3::3")
    assert origin_of("local") == "local"
