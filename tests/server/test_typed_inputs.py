"""Numbered input, as the server and the keeper remember it: each byte once, whoever died when."""

from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.server.keeper.memory import InputMemory, SizeMemory
from vibebox_tui.server.keeper.wire import PART
from vibebox_tui.server.runtimes.base import InputNumber
from vibebox_tui.server.typed_inputs import TypedInputs


def part(number: InputNumber, data: bytes, *, is_last: bool) -> bytes:
    client = number.client.encode()
    return PART.pack(number.offset, is_last, len(client)) + client + data


@given(
    inputs=st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    size=st.integers(1, 16),
    deaths=st.sets(st.integers(0, 30)),
)
def test_every_byte_is_typed_once_however_often_the_server_dies(
    inputs: list[bytes], size: int, deaths: set[int]
) -> None:
    keeper, server = InputMemory(), TypedInputs()
    typed = b""
    sent = 0
    for number, data in enumerate(inputs, start=1):
        answered = False
        while not answered:
            admitted = server.admit("client", number)
            died = False
            rest = b"" if admitted is None else data[admitted.offset :]
            for start in range(0, len(rest), size):
                assert admitted is not None
                died = sent in deaths
                sent += 1
                if died:
                    break
                piece = rest[start : start + size]
                at = admitted._replace(offset=admitted.offset + start)
                is_last = start + size >= len(rest)
                typed += keeper.take(number, part(at, piece, is_last=is_last))
            answered = not died
            if died:
                server = TypedInputs(keeper.describe())
    assert typed == b"".join(inputs)


def test_what_was_taken_is_not_typed_again_by_the_keeper() -> None:
    keeper = InputMemory()
    whole = part(InputNumber("a", 1), b"ls\n", is_last=True)
    assert keeper.take(1, whole) == b"ls\n"
    assert keeper.take(1, whole) == b""
    assert keeper.take(2, part(InputNumber("a", 2), b"x", is_last=True)) == b"x"
    assert keeper.take(1, part(InputNumber("b", 1), b"y", is_last=True)) == b"y"


def test_many_clients_take_bounded_room() -> None:
    keeper, server = InputMemory(), TypedInputs()
    for client in range(1000):
        assert keeper.take(1, part(InputNumber(str(client), 1), b"x", is_last=True)) == b"x"
        admitted = server.admit("long name " * 100 + str(client), 1)
        assert admitted is not None
        assert len(admitted.client) == 64
    assert len(keeper.describe()) == 64


def test_sizes_are_known_from_where_output_is_kept() -> None:
    sizes = SizeMemory()
    sizes.add(0, 24, 80)
    sizes.add(100, 30, 90)
    sizes.add(200, 40, 100)
    sizes.forget_before(150)
    assert sizes.describe() == [(100, 30, 90), (200, 40, 100)]
    sizes.forget_before(200)
    assert sizes.describe() == [(200, 40, 100)]
