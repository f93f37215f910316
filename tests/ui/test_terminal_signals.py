"""What programs tell the pane besides text: the clipboard, prompts, bells, links; and pastes."""

import shutil
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.terminals import (
    ESCAPE,
    border,
    box_of,
    pane_of,
    paste,
    shell,
    type_text,
    until,
)
from vibebox_tui.ui.screens.player import PlayerScreen

pytestmark = pytest.mark.usefixtures("plain_shell")

COPY = "printf '\\033]52;c;aGVsbG8=\\007'; echo do''ne"
"""Copies `hello`."""

MARKS = "PS0='\\[\\e]133;C\\a\\]'; PS1='\\[\\e]133;D;$?\\a\\e]133;A\\a\\]ready$ \\[\\e]133;B\\a\\]'"
"""What the guide says for bash, in one line."""


async def test_a_program_copies_where_it_may_and_that_is_said(server: RunningServer) -> None:
    async with shell(server, programs_copy=True) as shown:
        await type_text(shown, COPY, "enter")
        await until(shown, "A program in one/shell-1 copied 5 characters")
        assert shown.app.clipboard == "hello"


async def test_a_program_copies_nothing_by_default(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, COPY, "enter")
        await until(shown, "\ndone")
        assert shown.app.clipboard == ""


async def test_what_was_copied_before_one_came_is_not_copied_again(server: RunningServer) -> None:
    async with shell(server, programs_copy=True) as shown:
        await type_text(shown, COPY, "enter")
        await wait_for(lambda: shown.app.clipboard == "hello")
        await shown.press(ESCAPE, "c")
        await until(shown, "/shell-2")
        shown.app._clipboard = "mine"
        await shown.press(ESCAPE, "p")
        await until(shown, "\ndone")
        assert shown.app.clipboard == "mine"


async def test_bashs_prompts_are_gone_to_and_say_how_their_commands_ended(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (bash := shutil.which("bash")) is None:
        pytest.skip("there is no bash here")
    monkeypatch.setenv("SHELL", bash)
    async with shell(server) as shown:
        await type_text(shown, MARKS, "enter")
        await type_text(shown, "clear", "enter")
        await type_text(shown, "seq 3", "enter")
        await type_text(shown, "(exit 3)", "enter")
        await until(shown, "✗ 3")
        assert "✓" in shown.picture
        text = box_of(shown).view.text
        assert text is not None
        await wait_for(lambda: len(text.prompts()) >= 3)
        rows = [row.rstrip() for row in text.emulator.display]
        await shown.press(ESCAPE, "left_curly_bracket")
        assert "copy mode" in border(shown)
        mode = box_of(shown)._reading._mode
        assert mode is not None
        assert rows[mode.point.line - text.scrolled].startswith("ready$ (exit 3)")
        await shown.press("left_curly_bracket")
        assert rows[mode.point.line - text.scrolled].startswith("ready$ seq 3")
        await shown.press("right_curly_bracket")
        assert rows[mode.point.line - text.scrolled].startswith("ready$ (exit 3)")


async def test_a_bell_flashes_the_border_and_marks_the_tab_of_a_terminal_not_shown(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("vibebox_tui.ui.panes.terminal.BELL_SECONDS", 1.0)  # to be seen for sure
    async with shell(server) as shown:
        await type_text(shown, "printf '\\a'", "enter")
        await wait_for(lambda: pane_of(shown).has_class("-bell"))
        await wait_for(lambda: not pane_of(shown).has_class("-bell"))
        go = tmp_path / "go"
        waiting = f"while [ ! -e {go} ]; do sleep 0.05; done; printf '\\a'"
        await type_text(shown, waiting, "enter")
        await shown.press(ESCAPE, "c")
        await until(shown, "/shell-2")
        go.touch()
        await until(shown, "1 shell-1!")
        await shown.press(ESCAPE, "p")
        await wait_for(lambda: "shell-1!" not in shown.picture)


async def test_a_link_is_opened_or_copied(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)) or True)
    async with shell(server) as shown:
        await type_text(shown, "echo see https://example.org/a", "enter")
        await until(shown, "\nsee https://example.org/a")
        await shown.press(ESCAPE, "left_square_bracket", "k", "0", "w", "o")
        await until(shown, "Opened https://example.org/a")
        assert opened == ["https://example.org/a"]
        shown.app._clipboard = ""
        await shown.press("y")
        assert shown.app.clipboard == "https://example.org/a"


async def test_a_paste_shows_how_far_it_is_and_can_be_stopped(
    server: RunningServer, tmp_path: Path
) -> None:
    async with shell(server, confirm_paste=False) as shown:
        # nobody reads: what doesn't fit the terminal waits
        await type_text(shown, "stty raw -echo; echo re''ady; sleep 600", "enter")
        await until(shown, "ready")
        paste(shown, "x" * 1_000_000)
        await until(shown, "Pasting 1,000,000 characters:")
        await shown.press(ESCAPE, "x")
        await wait_for(lambda: not box_of(shown)._typing.is_pasting, 30)
        assert box_of(shown)._typing.pasted < 1_000_000


async def test_a_selection_by_mouse_is_copied(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "echo alpha beta", "enter")
        await until(shown, "\nalpha beta")
        view = box_of(shown).view
        row = next(y for y in range(view.size.height) if _row(view, y) == "alpha beta")
        await shown.pilot.mouse_down(view, offset=(6, row))
        await shown.pilot.hover(view, offset=(9, row))
        await shown.pilot.mouse_up(view, offset=(9, row))
        await wait_for(lambda: shown.app.clipboard == "beta")


async def test_the_player_in_the_dashboard_pauses_seeks_and_changes_its_speed(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "R")
        await type_text(shown, "sleep 2; echo shown-$((1+1))", "enter")  # for it to play a while
        await until(shown, "shown-2")
        await shown.press(ESCAPE, "R", ESCAPE, "q", "P")
        await wait_for(lambda: shown.app.screen.query(OptionList))
        await shown.press("enter")
        await wait_for(lambda: isinstance(shown.app.screen, PlayerScreen))
        await shown.press("space")
        await until(shown, "paused")
        await shown.press("g", "greater_than_sign", "greater_than_sign")
        await until(shown, "0:00 /")
        await until(shown, "4x")
        assert "shown-2" not in shown.picture
        await shown.press("G")
        await until(shown, "shown-2")
        await shown.press("q")
        await wait_for(lambda: not isinstance(shown.app.screen, PlayerScreen))


def _row(view: object, y: int) -> str:
    text = view.text  # type: ignore[attr-defined]
    return "".join(text.cells(text.scrolled + y + view.top))  # type: ignore[attr-defined]
