"""Several terminals of one environment at once, by keyboard alone."""

from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import Dashboard
from tests.ui.terminals import ESCAPE, box_of, names, pane_of, shell, terminal, type_text, until
from vibebox_tui.ui.panes.terminal import TerminalPane
from vibebox_tui.ui.panes.terminals_tabs import TerminalTabs

pytestmark = pytest.mark.usefixtures("plain_shell")


async def test_plus_opens_a_second_terminal_beside_and_types_into_it(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await type_text(shown, "echo left-$((1+1))", "enter")
        await until(shown, "left-2")
        await shown.press(ESCAPE, "plus")
        await _typing_into(shown, "shell-2")
        await type_text(shown, "echo right-$((1+2))", "enter")
        await until(shown, "right-3")
        assert "left-2" in shown.picture, "both are on the screen"
        assert _shown(shown) == ["shell-1", "shell-2"]


async def test_one_goes_from_one_to_the_other_and_goes_on_typing(server: RunningServer) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "plus")
        await _typing_into(shown, "shell-2")
        await shown.press(ESCAPE, "tab")
        await _typing_into(shown, "shell-1")
        await type_text(shown, "echo first-$((1+1))", "enter")
        await until(shown, "first-2")
        await shown.press(ESCAPE, "o")
        await _typing_into(shown, "shell-2")


async def test_a_tab_that_is_there_is_shown_beside_before_another_is_opened(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "c")
        await _typing_into(shown, "shell-2")
        await shown.press(ESCAPE, "plus")
        await _typing_into(shown, "shell-1")
        assert _shown(shown) == ["shell-2", "shell-1"]


async def test_a_terminal_opened_beside_is_a_tab_of_the_first_pane_too(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "plus")
        await _typing_into(shown, "shell-2")
        await wait_for(lambda: names(shown) == ["shell-1", "shell-2"])
        await shown.press(ESCAPE, "underscore")
        await wait_for(lambda: _shown(shown) == ["shell-1"])
        assert names(shown) == ["shell-1", "shell-2"], "the session stays"


async def test_both_have_the_size_that_they_are_shown_in(server: RunningServer) -> None:
    async with shell(server, size=(160, 40)) as shown:
        await shown.press(ESCAPE, "plus")
        await _typing_into(shown, "shell-2")
        for name in ("shell-2", "shell-1"):
            await _typing_into(shown, name)
            await wait_for(lambda: _has_its_room(shown))
            await type_text(shown, "clear; stty size", "enter")
            await _says_its_room(shown)
            await shown.press(ESCAPE, "tab")


async def test_without_a_second_one_the_key_says_how_to_open_it(server: RunningServer) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "tab")
        await until(shown, "no other terminal on the screen")
        assert box_of(shown).is_typing


async def test_what_is_typed_behind_the_key_for_a_new_one_is_typed_there(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await shown.pilot.press(ESCAPE, "c", *"echo in-$((1+1))", "enter")
        await until(shown, "in-2")
        await shown.pilot.press(ESCAPE, "p", *"echo back-$((1+1))", "enter")
        await until(shown, "back-2")
        assert "in-" not in shown.picture


async def test_a_tab_says_where_there_was_output_or_an_end_and_nothing_else(
    server: RunningServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    async with shell(server) as shown:
        await shown.press(ESCAPE, "c")
        await _typing_into(shown, "shell-2")
        await type_text(shown, "echo there", "enter")
        await shown.press(ESCAPE, "p")
        await _typing_into(shown, "shell-1")
        await type_text(shown, f"while [ ! -e {go} ]; do sleep 0.05; done; echo he''re", "enter")
        await until(shown, "do sleep")
        assert "1 shell-1   2 shell-2 " in shown.picture, "being resized and left is no news"
        await shown.press(ESCAPE, "n")
        await wait_for(lambda: _shown(shown) == ["shell-2"])
        await _redrawn(shown)
        go.touch()
        await until(shown, "1 shell-1*")
        await type_text(shown, f"while [ -e {go} ]; do sleep 0.05; done; exit", "enter")
        await shown.press(ESCAPE, "p")
        await wait_for(lambda: _shown(shown) == ["shell-1"])
        go.unlink()
        await until(shown, "1 shell-1   2 shell-2*")


async def test_a_click_on_a_tab_shows_it(server: RunningServer) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "c")
        await _typing_into(shown, "shell-2")
        await wait_for(lambda: shown.screen.query_one(TerminalTabs).display)
        await shown.pilot.pause()
        await shown.pilot.click(TerminalTabs, offset=(4, 0))
        await wait_for(lambda: _shown(shown) == ["shell-1"])


async def test_sessions_of_other_dashboards_are_found_when_one_comes_back(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        async with terminal(server, is_new=False) as second:
            await second.press("c")
            await wait_for(lambda: names(second) == ["shell-1", "shell-2"])
        await shown.press(ESCAPE, "d", "tab", "tab")
        await wait_for(lambda: names(shown) == ["shell-1", "shell-2"])


def _panes(shown: Dashboard) -> list[TerminalPane]:
    return [pane for pane in shown.screen.query(TerminalPane) if pane.is_on_screen]


async def _redrawn(shown: Dashboard) -> None:
    """Wait until output is news again, and no answer to another size."""
    terminals = pane_of(shown)._terminals
    assert terminals is not None
    await wait_for(lambda: not any(each._is_redrawn for each in terminals.attachments))


def _shown(shown: Dashboard) -> list[str]:
    presents = [pane.present for pane in _panes(shown)]
    return [attachment.name for attachment in presents if attachment is not None]


def _has_its_room(shown: Dashboard) -> bool:
    """Whether the session in the pane that has the focus has that pane's rows and columns."""
    pane = next(pane for pane in _panes(shown) if pane.has_focus_within)
    assert pane.present is not None
    emulator = pane.present.emulator
    return (emulator.rows, emulator.columns) == pane._box.view.room


async def _says_its_room(shown: Dashboard) -> None:
    """Wait until the terminal that has the focus has its pane's rows and columns on the screen."""
    pane = next(pane for pane in _panes(shown) if pane.has_focus_within)
    assert pane.present is not None
    size, screen = "{} {}".format(*pane._box.view.room), pane.present.emulator
    await wait_for(lambda: size in "".join(screen.display), what=size)


async def _typing_into(shown: Dashboard, name: str) -> None:
    """Wait until the pane that has the focus types into this terminal, which shows its prompt."""

    def is_there() -> bool:
        pane = next((pane for pane in _panes(shown) if pane.has_focus_within), None)
        if pane is None or pane.present is None or pane.present.name != name:
            return False
        return pane._box.is_typing and "ready$" in "".join(pane.present.emulator.display)

    await wait_for(is_there, what=f"typing into {name}")
