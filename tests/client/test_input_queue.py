"""Typed input: numbered, in order, within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.client.input_queue import CHUNK, PENDING_LIMIT, WINDOW, InputQueue


def drain(queue: InputQueue) -> list[str]:
    """Send all that may be sent."""
    found = []
    while (piece := queue.next_to_send()) is not None:
        found.append(piece.data)
    return found


def test_numbers_from_one_and_joins_what_waits() -> None:
    queue = InputQueue()
    queue.type("a")
    first = queue.next_to_send()
    queue.type("b")
    queue.type("c")
    second = queue.next_to_send()
    assert first is not None
    assert second is not None
    assert (first.number, first.data, second.number, second.data) == (1, "a", 2, "bc")


def test_keeps_what_is_not_acknowledged() -> None:
    queue = InputQueue()
    for data in "xyz":
        queue.type(data)
        queue.next_to_send()
    queue.acknowledge(2)
    assert [piece.data for piece in queue.unacknowledged] == ["z"]
    assert queue.give_up_sent() == "z"
    assert queue.unacknowledged == []


def test_refuses_what_does_not_fit_and_says_how_much() -> None:
    queue = InputQueue()
    queue.type("a" * (PENDING_LIMIT - 1))
    queue.type("bcd")
    queue.type("e")
    assert (queue.pending, queue.refused) == (PENDING_LIMIT, 3)


def test_stops_at_the_window_until_acknowledged() -> None:
    queue = InputQueue()
    queue.type("a" * PENDING_LIMIT)
    drain(queue)
    queue.type("b")
    assert drain(queue) == []
    queue.acknowledge(1)
    assert drain(queue) == ["b"]


def test_two_writers_have_different_names() -> None:
    assert InputQueue().client_id != InputQueue().client_id


@given(st.lists(st.text(max_size=3 * CHUNK), max_size=8))
def test_all_that_was_taken_is_sent_once_in_order(pieces: list[str]) -> None:
    queue = InputQueue()
    expected, sent = "", ""
    for piece in pieces:
        refused = queue.refused
        queue.type(piece)
        expected += piece if queue.refused == refused else ""
        while (data := queue.next_to_send()) is not None:
            assert len(data.data) <= CHUNK
            sent += data.data
            queue.acknowledge(data.number)
    assert sent == expected
    assert queue.pending == 0


def test_the_window_is_not_exceeded_by_more_than_a_chunk() -> None:
    queue = InputQueue()
    for _ in range(10):
        queue.type("a" * 60_000)
        drain(queue)
    assert sum(len(piece.data) for piece in queue.unacknowledged) < WINDOW + CHUNK
