"""What a terminal's cursor looks like, and when it blinks."""

from rich.style import Style
from textual.app import ComposeResult
from textual.strip import Strip

from tests.client.clocks import FakeClock
from vibebox_tui.emulator import Cursor, CursorShape, Emulator
from vibebox_tui.ui.output import FrugalApp
from vibebox_tui.ui.output.compositor import Patch
from vibebox_tui.ui.widgets.terminal_cursor import (
    BLINK_SECONDS,
    STEADY_AFTER,
    Blinking,
    cursor_mark,
)
from vibebox_tui.ui.widgets.terminal_paint import TerminalPaint, marked
from vibebox_tui.ui.widgets.terminal_view import TerminalView

OVER = Style.parse("on blue")


def test_a_block_reverses_its_cell() -> None:
    strip = _drawn("ab\b", CursorShape.BLOCK)
    assert [segment.text for segment in strip][:2] == ["a", "b"]
    assert _style(strip, 1).reverse


def test_an_underline_is_seen_on_what_is_underlined_already() -> None:
    assert _style(_drawn("ab\b", CursorShape.UNDERLINE), 1).underline
    assert _style(_drawn("\x1b[4mab\b", CursorShape.UNDERLINE), 1).underline2


def test_a_bar_stands_in_a_blank_cell_and_colours_one_that_is_not() -> None:
    assert _drawn("a", CursorShape.BAR).text == "a▏  "
    strip = _drawn("ab\b", CursorShape.BAR)
    assert strip.text == "ab  "
    assert _style(strip, 1).bgcolor == OVER.bgcolor


def test_it_is_lit_and_not_by_turns_until_nothing_has_happened_for_long() -> None:
    clock = FakeClock()
    blinking = Blinking(clock.monotonic)
    seen = []
    for _ in range(int(STEADY_AFTER / BLINK_SECONDS) + 4):
        clock.advance(BLINK_SECONDS)
        blinking.pass_period(blinks=True)
        seen.append(blinking.is_lit)
    assert seen[:4] == [False, True, False, True]
    assert all(seen[-4:])


def test_it_is_lit_while_one_types_and_where_it_does_not_blink() -> None:
    clock = FakeClock()
    blinking = Blinking(clock.monotonic)
    clock.advance(BLINK_SECONDS)
    assert blinking.pass_period(blinks=True)
    blinking.moved()
    assert blinking.is_lit
    clock.advance(BLINK_SECONDS / 2)
    assert not blinking.pass_period(blinks=True)
    clock.advance(BLINK_SECONDS)
    assert not blinking.pass_period(blinks=False)
    assert blinking.is_lit


async def test_a_blink_draws_its_cell_alone() -> None:
    app = OneTerminal()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.view
        view.all_keys = True
        view.focus()
        await pilot.pause()
        compositor = app.screen._compositor
        compositor.render_update()
        for is_lit in (False, True):
            view._blinking = _about_to_change(is_lit=not is_lit)
            view._blink()
            assert view._blinking.is_lit is is_lit
            compositor.update_widgets({view})
            patch = compositor.render_update()
            assert isinstance(patch, Patch)
            (piece,) = patch.pieces
            assert (piece.x, piece.y) == (4, 1)
            assert piece.strip.cell_length == 2, "its cell, and the other half of a wide one"
            assert bool(_style(piece.strip, 0).reverse) is is_lit


def _about_to_change(*, is_lit: bool) -> Blinking:
    clock = FakeClock()
    blinking = Blinking(clock.monotonic)
    clock.advance(BLINK_SECONDS)
    blinking.is_lit = is_lit
    return blinking


class OneTerminal(FrugalApp[None]):
    """A terminal and nothing else."""

    def compose(self) -> ComposeResult:
        self.view = TerminalView()
        emulator = Emulator(10, 40)
        emulator.feed("some text\r\nmore")
        yield self.view
        self.view.show(emulator)


def _drawn(text: str, shape: CursorShape) -> Strip:
    emulator = Emulator(2, 4)
    emulator.feed(text)
    cursor = Cursor(0, emulator.cursor.column, shape=shape)
    strip = TerminalPaint(Style()).strip(emulator.runs(0), 4)
    return marked(strip, [cursor_mark(cursor, bar="▏", over=OVER)])


def _style(strip: Strip, column: int) -> Style:
    (segment,) = strip.crop(column, column + 1)
    assert segment.style is not None
    return segment.style
