"""What is written to the user's terminal: the cells that changed, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from vibebox_tui.emulator import PLAIN, Emulator
from vibebox_tui.emulator import Style as EmulatorStyle
from vibebox_tui.ui.output.canvas import Canvas
from vibebox_tui.ui.output.pacing import PATIENCE, Pacing

RED = Style.parse("red")


def test_writes_only_the_cell_that_changed() -> None:
    canvas = _canvas(80, 2)
    canvas.put(0, 1, [Segment("$ ls" + " " * 76)])
    _update(canvas)
    canvas.put(0, 1, [Segment("$ ls -" + " " * 74)])
    assert _update(canvas) == "\x1b[2;6H-"


def test_writes_nothing_where_nothing_changed() -> None:
    canvas = _canvas(10, 1)
    canvas.put(0, 0, [Segment("same", RED), Segment("      ")])
    _update(canvas)
    canvas.put(0, 0, [Segment("sa", RED), Segment("me", RED), Segment("      ")])
    assert not canvas.is_dirty
    assert _update(canvas) == ""


def test_the_newest_of_several_states_is_written_once() -> None:
    canvas = _canvas(10, 1)
    _update(canvas)
    canvas.put(0, 0, [Segment("older")])
    canvas.put(0, 0, [Segment("newer")])
    assert _update(canvas) == "\x1b[1;1Hnewer"


def test_a_wide_character_is_written_whole() -> None:
    canvas = _canvas(10, 1)
    canvas.put(0, 0, [Segment("日本")])
    _update(canvas)
    canvas.put(0, 0, [Segment("日曜")])
    assert _update(canvas) == "\x1b[1;3H曜"


def test_what_terminals_do_not_agree_about_moves_nothing_behind_it() -> None:
    canvas = _canvas(12, 1)
    canvas.put(0, 0, [Segment("👍🏽x\u0378y日z │")])
    assert _update(canvas) == (
        "\x1b[1;1H"
        "  \x1b[1G👍🏽\x1b[3Gx"  # a picture of two characters: two cells, or four
        " \x1b[4G\u0378\x1b[5Gy"  # unassigned: a cell, or none, and then the blank is seen
        "日z │  "
    )  # fmt: skip


def test_forgets_what_the_terminal_showed() -> None:
    canvas = _canvas(4, 1)
    canvas.put(0, 0, [Segment("abcd")])
    _update(canvas)
    canvas.forget()
    assert "abcd" in _update(canvas)


def test_what_is_beyond_the_edges_is_cut_off() -> None:
    canvas = _canvas(4, 1)
    canvas.put(2, 0, [Segment("abcdef")])
    canvas.put(0, 7, [Segment("below")])
    assert _update(canvas) == "\x1b[1;1H  ab"


_texts = st.text(st.sampled_from("ab 日é\u0301🙂"), max_size=12)
_looks = st.sampled_from([None, RED, Style.parse("bold"), Style.parse("on blue reverse")])
_puts = st.tuples(
    st.integers(0, 11), st.integers(0, 3), st.lists(st.builds(Segment, _texts, _looks), max_size=3)
)


@given(st.lists(st.lists(_puts, max_size=4), max_size=6))
def test_a_terminal_that_gets_the_differences_shows_what_one_would_that_gets_all(
    frames: list[list[tuple[int, int, list[Segment]]]],
) -> None:
    """Both emulators end with the same cells, whatever the frames between were."""
    canvas, step_by_step, at_once = _canvas(12, 4), _terminal(4, 12), _terminal(4, 12)
    for frame in frames:
        for x, y, segments in frame:
            canvas.put(x, y, segments)
        step_by_step.feed(_update(canvas))
    canvas.forget()
    everything = _update(canvas)
    at_once.feed(everything)
    if not frames:
        step_by_step.feed(everything)
    assert _screen(step_by_step) == _screen(at_once)


def test_the_next_frame_waits_for_the_answer() -> None:
    pacing = Pacing()
    pacing.answered()
    pacing.sent(100.0)
    assert pacing.wait(100.5) > 0
    pacing.answered()
    assert pacing.wait(100.5) == 0


def test_a_lost_answer_is_not_waited_for_for_ever() -> None:
    pacing = Pacing()
    pacing.answered()
    pacing.sent(100.0)
    assert pacing.wait(100.0 + PATIENCE) == 0


def test_a_terminal_that_never_answers_is_not_waited_for() -> None:
    pacing = Pacing()
    pacing.sent(100.0)
    assert pacing.wait(100.0) == 0


def _canvas(width: int, height: int) -> Canvas:
    canvas = Canvas()
    canvas.resize(width, height)
    return canvas


def _terminal(rows: int, columns: int) -> Emulator:
    """A terminal as the dashboard uses it: without line wrap."""
    emulator = Emulator(rows, columns)
    emulator.feed("\x1b[?7l")
    return emulator


def _screen(emulator: Emulator) -> list[list[tuple[str, EmulatorStyle]]]:
    """Each row's characters with their looks, without the blanks at its end."""
    rows = []
    for row in range(emulator.rows):
        cells = [(character, style) for text, style in emulator.runs(row) for character in text]
        while cells and cells[-1] == (" ", PLAIN):
            cells.pop()
        rows.append(cells)
    return rows


def _update(canvas: Canvas) -> str:
    return canvas.take_update()
