"""Back-off and circuit breaker, by the guide's numbers, without a clock."""

from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.client.backoff import MAX_DELAY, Backoff
from vibebox_tui.client.breaker import COOL_DOWN, BreakerState, CircuitBreaker


def test_doubles_from_one_second_to_thirty() -> None:
    backoff = Backoff(lambda: 0.0)
    assert [backoff.next_delay() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.attempt == 7


def test_adds_up_to_a_second_of_chance() -> None:
    backoff = Backoff(lambda: 0.5)
    assert [backoff.next_delay() for _ in range(4)] == [1.5, 3.5, 7.5, 15.5]


@given(st.lists(st.floats(0, 0.999), min_size=1, max_size=40))
def test_never_exceeds_the_maximum_nor_falls(chances: list[float]) -> None:
    remaining = iter(chances)
    backoff = Backoff(lambda: next(remaining))
    delays = [backoff.next_delay() for _ in chances]
    assert delays == sorted(delays)
    assert max(delays) <= MAX_DELAY


def test_starts_anew_after_a_reset() -> None:
    backoff = Backoff(lambda: 0.0)
    backoff.next_delay()
    backoff.next_delay()
    backoff.reset()
    assert (backoff.attempt, backoff.next_delay()) == (0, 1)


def test_waits_as_long_as_the_server_asks() -> None:
    assert Backoff(lambda: 0.0).next_delay(at_least=7) == 7
    assert Backoff(lambda: 0.5).next_delay(at_least=7) == 7.5
    assert Backoff(lambda: 0.5).next_delay(at_least=0.1) == 1.5


def test_opens_after_so_many_failures_in_a_row() -> None:
    breaker = CircuitBreaker(threshold=3)
    for attempt in (1, 2):
        breaker.failed(0, attempt)
        assert breaker.may_try(0)
    breaker.failed(0, 3)
    assert breaker.state is BreakerState.OPEN
    assert not breaker.may_try(COOL_DOWN - 1)
    assert breaker.next_try(20) == COOL_DOWN - 20


def test_lets_one_try_for_all_once_a_minute() -> None:
    breaker = CircuitBreaker(threshold=1)
    breaker.failed(0, 1)
    assert breaker.may_try(COOL_DOWN)
    assert not breaker.may_try(COOL_DOWN)
    breaker.failed(COOL_DOWN, 2)
    assert not breaker.may_try(COOL_DOWN + 59)
    assert breaker.may_try(2 * COOL_DOWN)


def test_one_success_lets_everybody_in() -> None:
    breaker = CircuitBreaker(threshold=1)
    breaker.failed(0, 1)
    assert breaker.may_try(COOL_DOWN)
    breaker.opened()
    assert breaker.may_try(COOL_DOWN)
    assert breaker.state is BreakerState.CLOSED


def test_stays_closed_while_another_connection_stands() -> None:
    breaker = CircuitBreaker(threshold=1)
    breaker.opened()
    breaker.failed(0, 10)
    assert breaker.may_try(0)
    breaker.lost()
    breaker.failed(0, 11)
    assert not breaker.may_try(0)


def test_the_user_may_force_it() -> None:
    breaker = CircuitBreaker(threshold=1)
    breaker.failed(0, 1)
    breaker.force()
    assert breaker.may_try(0)


def test_a_try_that_nobody_ended_holds_up_the_others_for_a_minute_only() -> None:
    breaker = CircuitBreaker(threshold=1)
    breaker.failed(0, 1)
    assert breaker.may_try(COOL_DOWN)
    assert not breaker.may_try(COOL_DOWN + 1)
    assert breaker.may_try(2 * COOL_DOWN)
