"""The mouse in a terminal: the program's where it asks for it, else it scrolls and selects."""

from pathlib import Path

import pytest
from textual import events

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import Dashboard
from tests.ui.terminals import ESCAPE, border, box_of, shell, type_text, until
from vibebox_tui.ui.panes.terminals_pointing import WHEEL_LINES

pytestmark = pytest.mark.usefixtures("plain_shell")

UP, DOWN = events.MouseScrollUp, events.MouseScrollDown

TAKES_THE_MOUSE = "printf '\\033[?1000h\\033[?1006h'; echo do''ne; cat -v"
ALTERNATE = "printf '\\033[?1049h'; echo do''ne; cat -v"
"""What is sent to these programs stands on the screen, `^[` for ESC."""


async def test_the_wheel_scrolls_back_and_forth(server: RunningServer) -> None:
    async with shell(server) as shown:
        await _print_lines(shown)
        await _turn(shown, UP, 2)
        view = box_of(shown).view
        assert view.back == 2 * WHEEL_LINES
        rows = view.size.height
        await until(shown, f"\nn{102 - rows - 2 * WHEEL_LINES}.")
        assert "ready$" not in _last_row(shown)
        assert str(2 * WHEEL_LINES) in border(shown), "the border says how far back one is"
        await _turn(shown, DOWN, 5)
        assert view.back == 0
        assert "ready$" in _last_row(shown)


async def test_it_scrolls_a_terminal_that_one_only_looks_at(server: RunningServer) -> None:
    async with shell(server) as shown:
        await _print_lines(shown)
        await type_text(shown, TAKES_THE_MOUSE, "enter")
        await until(shown, "\ndone")
        await shown.press(ESCAPE, "d")
        await _turn(shown, UP)
        assert box_of(shown).view.back == WHEEL_LINES
        assert "^[[<" not in _screen(shown)


async def test_it_is_the_programs_that_takes_the_mouse(server: RunningServer) -> None:
    async with shell(server) as shown:
        await _print_lines(shown)
        await type_text(shown, TAKES_THE_MOUSE, "enter")
        await until(shown, "\ndone")
        await _turn(shown, UP, at=(4, 2))
        await _turn(shown, DOWN, at=(9, 0))
        await until(shown, "^[[<64;5;3M^[[<65;10;1M")
        assert box_of(shown).view.back == 0
        await _turn(shown, UP, shift=True)
        assert box_of(shown).view.back == WHEEL_LINES, "with Shift it never is"
        await _turn(shown, UP)
        assert box_of(shown).view.back == 2 * WHEEL_LINES, "nor while one looks at the past"


async def test_it_scrolls_in_copy_mode_whatever_the_program_wants(server: RunningServer) -> None:
    async with shell(server) as shown:
        await _print_lines(shown)
        await type_text(shown, TAKES_THE_MOUSE, "enter")
        await until(shown, "\ndone")
        await shown.press(ESCAPE, "left_square_bracket")
        await _turn(shown, UP)
        assert box_of(shown).view.back == WHEEL_LINES
        await shown.press("q")
        assert "^[[<" not in _screen(shown)


@pytest.mark.parametrize(
    ("modes", "key"), [("", "^[[A"), ("\\033[?1h", "^[OA"), ("\\033[?1007l", "")]
)
async def test_on_the_alternate_screen_it_is_cursor_keys_unless_switched_off(
    modes: str, key: str, server: RunningServer
) -> None:
    async with shell(server) as shown:
        await type_text(shown, f"printf '{modes}'; {ALTERNATE}", "enter")
        await until(shown, "\ndone")
        await _turn(shown, UP)
        await type_text(shown, "|")
        await until(shown, f"\n{key * WHEEL_LINES}|")


async def test_it_scrolls_a_program_that_fills_the_screen(
    server: RunningServer, tmp_path: Path
) -> None:
    poem = tmp_path / "poem"
    poem.write_text("".join(f"line {number}.\n" for number in range(1, 200)))
    async with shell(server) as shown:
        await type_text(shown, f"less {poem}", "enter")
        await until(shown, "\nline 1.")
        await _turn(shown, DOWN)
        first = 1 + WHEEL_LINES
        await wait_for(lambda: box_of(shown).view.emulator.display[0].rstrip() == f"line {first}.")
        await type_text(shown, "q")


async def test_a_selection_goes_on_beyond_the_view_and_ends_wherever_the_button_does(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await _print_lines(shown)
        box = box_of(shown)
        await shown.pilot.mouse_down(box.view, offset=(1, 0))
        for _ in range(4):
            await shown.pilot.hover(box.view, offset=(0, -1))
        assert box.view.back == 4
        await shown.pilot.mouse_up(box.view, offset=(-3, 0))
        first = 102 - box.view.size.height - 4
        assert shown.app.clipboard == "".join(f"n{first + row}.\n" for row in range(4)) + "n6"
        shown.app._clipboard = ""
        await shown.pilot.hover(box.view, offset=(1, 5))
        await shown.pilot.mouse_up(box.view, offset=(1, 5))
        assert shown.app.clipboard == "", "no button is down any more"


async def test_two_clicks_select_a_word_and_three_a_line_with_all_its_rows(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibebox_tui.ui.panes.terminals_pointing.CLICK_SECONDS", 60.0)
    async with shell(server) as shown:
        long = "see /a/path-of/it " + "x" * 90
        await type_text(shown, f"clear; echo {long}", "enter")
        await wait_for(lambda: _screen(shown).startswith("see /a/path-of/it"))
        view = box_of(shown).view
        for copied in ("", "/a/path-of/it", f"{long}\n"):
            await shown.pilot.mouse_down(view, offset=(8, 0))
            await shown.pilot.mouse_up(view, offset=(8, 0))
            assert shown.app.clipboard == copied
        await type_text(shown, "typed")
        await until(shown, "ready$ typed")
        assert not box_of(shown)._reading.is_active, "any key ends it"


async def _print_lines(shown: Dashboard) -> None:
    """Lines `n1.` to `n100.`, the prompt below them."""
    await type_text(shown, "seq -f n%g. 100", "enter")
    await wait_for(lambda: _screen(shown).endswith("n100.\nready$"))


async def _turn(
    shown: Dashboard,
    kind: type[events.MouseEvent],
    notches: int = 1,
    *,
    at: tuple[int, int] = (0, 0),
    shift: bool = False,
) -> None:
    """Turn the wheel over a cell of the terminal."""
    for _ in range(notches):
        await shown.pilot._post_mouse_events([kind], box_of(shown).view, offset=at, shift=shift)


def _screen(shown: Dashboard) -> str:
    emulator = box_of(shown).view.emulator
    assert emulator is not None
    return "\n".join(row.rstrip() for row in emulator.display)


def _last_row(shown: Dashboard) -> str:
    view = box_of(shown).view
    return view.render_line(view.size.height - 1).text
