"""Typing into all terminals on the screen at once, and saying so in all of them."""

import pytest
from textual.widgets import Input

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import Dashboard
from tests.ui.terminals import ESCAPE, border, names, paste, shell, type_text, until
from vibebox_tui.ui.panes.terminal import TerminalPane
from vibebox_tui.ui.screens.dialogs import ChoiceDialog

pytestmark = pytest.mark.usefixtures("plain_shell")


async def test_what_is_typed_goes_into_all_terminals_on_the_screen(server: RunningServer) -> None:
    async with shell(server) as shown:
        await _open_beside(shown)
        await shown.press(ESCAPE, "b")
        await type_text(shown, "echo both-$((6*7))", "enter")
        await wait_for(lambda: all("both-42" in text for text in _texts(shown)))
        await until(shown, "typing here and into 1 other")
        await until(shown, "typed into from shell-2")
        await shown.press(ESCAPE, "b")
        await type_text(shown, "echo one-$((6*7))", "enter")
        await wait_for(lambda: sum("one-42" in text for text in _texts(shown)) == 1)
        assert sum("echo one-" in text for text in _texts(shown)) == 1
        assert "typed into from" not in shown.picture


async def test_a_paste_goes_into_all_of_them_and_the_question_says_so(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await _open_beside(shown)
        await shown.press(ESCAPE, "b")
        paste(shown, "echo a-$((1+1))\necho b-$((1+2))\n")
        await wait_for(lambda: isinstance(shown.app.screen, ChoiceDialog))
        await wait_for(lambda: "one/shell-2 and into 1 other" in shown.words)
        await shown.press("right", "enter")
        await wait_for(lambda: all("b-3" in text for text in _texts(shown)))


async def test_it_ends_when_the_terminal_is_left(server: RunningServer) -> None:
    async with shell(server) as shown:
        await _open_beside(shown)
        await shown.press(ESCAPE, "b")
        await shown.press(ESCAPE, "d")
        await wait_for(lambda: "typed into from" not in shown.picture)
        await shown.press("enter")
        await type_text(shown, "echo again-$((6*7))", "enter")
        await wait_for(lambda: any("again-42" in text for text in _texts(shown)))
        assert sum("again" in text for text in _texts(shown)) == 1


async def test_without_another_terminal_it_says_how_to_have_one(server: RunningServer) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "b")
        await until(shown, "no other terminal on the screen")
        assert "typing here" not in border(shown)


async def test_a_terminal_has_another_name_for_everybody(server: RunningServer) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "c")
        await wait_for(lambda: names(shown) == ["shell-1", "shell-2"])
        await until(shown, "ready$")
        await shown.press(ESCAPE, "d", "r")
        await wait_for(lambda: shown.app.screen.query(Input))
        shown.app.screen.query_one(Input).value = "shell-1"
        await shown.press("enter")
        await until(shown, "The terminal keeps its name")
        await shown.press("r")
        await wait_for(lambda: shown.app.screen.query(Input))
        shown.app.screen.query_one(Input).value = "build"
        await shown.press("enter")
        await until(shown, "Terminal: one/build")
        assert names(shown) == ["shell-1", "build"]
        assert shown.workspace.subject is not None
        sessions = await shown.client.rest.sessions(shown.workspace.subject.environment.id)
        assert [session.session_name for session in sessions] == ["shell-1", "build"]


async def _open_beside(shown: Dashboard) -> None:
    await shown.press(ESCAPE, "plus")
    await wait_for(lambda: len(_texts(shown)) == 2 and all("ready$" in t for t in _texts(shown)))
    await wait_for(lambda: _typing(shown))


def _typing(shown: Dashboard) -> bool:
    return any(pane._box.is_typing for pane in shown.screen.query(TerminalPane))


def _texts(shown: Dashboard) -> list[str]:
    panes = [pane for pane in shown.screen.query(TerminalPane) if pane.is_on_screen]
    shown_in = [pane.present for pane in panes if pane.present is not None]
    return ["\n".join(each.emulator.display) for each in shown_in]
