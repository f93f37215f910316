"""Whatever arrives, however it is split: nothing raises, and the screen is the same."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vibebox_tui.emulator import Emulator
from vibebox_tui.emulator.snapshot import snapshot

from .states import everything, state

_SEQUENCES = (
    "\r\n",
    "\n",
    "\r",
    "\t",
    "\b",
    "\x1b[31m",
    "\x1b[m",
    "\x1b[1;44m",
    "\x1b[H",
    "\x1b[5;5H",
    "\x1b[J",
    "\x1b[K",
    "\x1b[1K",
    "\x1b[2J",
    "\x1b[L",
    "\x1b[2M",
    "\x1b[3@",
    "\x1b[2P",
    "\x1b[4X",
    "\x1b[2;4r",
    "\x1b[r",
    "\x1b[?69h\x1b[3;9s",
    "\x1b[?69l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1b[4h",
    "\x1b[4l",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "漢字",
    "👩\u200d🚀",
    "e\u0301",
    "🇩🇪",
    "❤\ufe0f",
    "\u0301",
    "\u200d",
    "한",
    "\u1100\u1161",
    "\x1b7",
    "\x1b8",
    "\x1bM",
    "\x1bD",
    "\x1b#8",
    "\x1b[S",
    "\x1b[T",
    "\x1b]0;t\x07",
    "\x1bP$qm\x1b\\",
    "\x1b(0",
    "\x1b(B",
    "\x1b[3b",
    "\x1b[6n",
    "\x1b[?6h",
    "\x1b[?6l",
    "\x1b[1$x",
    "\x1b[2;2;4;8$z",
    "\x1b",
    "[",
    "]",
    "\x9b",
    "\x1b[1\n2H",
    "\x1b[31;",
    "\x18",
    "\x1b[1;1;3;9;1;2;3;1$v",
    "\x1b[?2027l",
    "\x1b[?2027h",
    '\x1b[1"q',
    "\x1b[?2J",
    "\x1bV",
    "\x1bW",
    "\x1b[2'}",
    "\x1b[2'~",
    "\x1b6",
    "\x1b9",
    "y\r\n" * 40,
    "z\n" * 30,
    "\x1b[32mq\r\n" * 50,
    "\x1b G",
    "\x1b F",
    "\x1b[?45h",
    "\x1b[I",
    "\x1b[Z",
    "\x1b[20h",
    "\x1b[20l",
    "\x1b[?40h\x1b[?3h",
    "\x1b[?1;5;1002;1006;2004;2026h",
    "\x1b[?7;6;1000;1049s",
    "\x1b[?7;6;1000;1049r",
    "\x1b[?1000h",
    "\x1b[5 q",
    '\x1b[62;1"p',
    "\x1b[!p",
    "\x1bc",
    "\x1b]133;A\x07",
    "\x1b]133;D;1\x07",
    "\x1b]4;1;rgb:12/34/56\x07",
    "\x1b]11;?\x1b\\",
    "\x1b]104\x07",
    "\x1b]8;;http://e.org\x07",
    "\x1b[22t\x1b[23t",
    "\x1b[22;0t",
    "\x1b]7;file:///home/dev\x07",
    "\x1b[3g",
    "\x1bH",
    "\x1bN",
    "\x1b*0",
    "\x1b[?1048h",
    "\x1b[?47h",
    "\x1b[?47l",
    "\x1b[2*x",
    "\x1b[?7$p",
    "\x1bP$q",
    "\x1b\\",
    "\x1b[?45;1045h",
    "x" * 20,
)
"""What reaches most of the emulator's corners."""

sizes = st.sampled_from([(5, 20), (3, 7), (6, 10), (1, 1), (2, 2), (4, 3)])
pieces = st.one_of(
    st.sampled_from(_SEQUENCES).map(str.encode),
    st.text(max_size=12).map(lambda text: text.encode()),
    st.binary(max_size=6),
)
streams = st.lists(pieces, max_size=30).map(b"".join)

Size = tuple[int, int]


@settings(max_examples=300, deadline=None)
@given(size=sizes, data=streams, cuts=st.lists(st.integers(0, 400), max_size=20))
def test_the_screen_is_the_same_however_the_input_is_split(
    size: Size, data: bytes, cuts: list[int]
) -> None:
    whole, split = (Emulator(*size, scrollback_lines=20) for _ in range(2))
    whole.feed(data)
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in pairwise(places):
        split.feed(data[start:end])
    assert state(split) == state(whole)
    assert split.take_replies() == whole.take_replies()


@settings(max_examples=200, deadline=None)
@given(size=sizes, data=st.binary(max_size=200), after=sizes)
def test_the_cursor_is_never_outside(size: Size, data: bytes, after: Size) -> None:
    emulator = Emulator(*size)
    emulator.feed(data)
    emulator.resize(*after)
    emulator.feed(data)
    assert 0 <= emulator.cursor.row < after[0]
    assert 0 <= emulator.cursor.column < after[1]
    assert len(emulator.display) == after[0]


@settings(max_examples=400, deadline=None)
@given(size=sizes, data=streams, place=st.integers(0, 400), after=sizes)
def test_a_snapshot_at_any_byte_makes_a_terminal_that_goes_on_the_same(
    size: Size, data: bytes, place: int, after: Size
) -> None:
    emulator, copy = (Emulator(*size, scrollback_lines=20) for _ in range(2))
    emulator.feed(data[:place])
    emulator.take_replies()
    copy.feed(snapshot(emulator))
    assert copy.take_replies() == b""
    assert everything(copy) == everything(emulator)
    for terminal in (emulator, copy):
        terminal.feed(data[place:])
    assert everything(copy) == everything(emulator)
    assert copy.take_replies() == emulator.take_replies()
    for terminal in (emulator, copy):
        terminal.resize(*after)
        terminal.feed(data)
    assert everything(copy) == everything(emulator)


@settings(max_examples=100, deadline=None)
@given(size=sizes, data=streams, sizes_after=st.lists(sizes, max_size=4))
def test_resizing_never_raises_and_keeps_rows_whole(
    size: Size, data: bytes, sizes_after: list[Size]
) -> None:
    emulator = Emulator(*size, scrollback_lines=20)
    for rows, columns in sizes_after:
        emulator.feed(data)
        emulator.resize(rows, columns)
        assert len(emulator.display) == rows
        assert emulator.scrollback_length <= 20
