"""The terminal pane on real shells: a real server, real PTYs, keys pressed by a pilot."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.emulator.states import everything
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import SLEEPING, Dashboard
from tests.ui.terminals import (
    ESCAPE,
    border,
    box_of,
    names,
    pane_of,
    paste,
    shell,
    terminal,
    text_of,
    type_text,
    until,
)
from vibebox_tui.ui.recordings import read_cast
from vibebox_tui.ui.screens.dialogs import ChoiceDialog

pytestmark = pytest.mark.usefixtures("plain_shell")


async def test_enter_opens_a_shell_and_types_into_it(server: RunningServer) -> None:
    async with terminal(server) as shown:
        await shown.press("enter")
        await type_text(shown, "echo live-$((6*7))", "enter")
        await until(shown, "live-42")


async def test_keys_pressed_before_there_is_a_shell_are_typed_into_it(
    server: RunningServer,
) -> None:
    async with terminal(server) as shown:
        await shown.pilot.press("enter", *"echo a-$((1+1))", "enter")
        await until(shown, "a-2")


async def test_a_captured_terminal_gets_every_key_but_the_escape_key(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        assert "captured · ^] to leave" in shown.picture
        await type_text(shown, "echo :?q1tl0")
        await until(shown, "echo :?q1tl0")
        assert len(shown.app.screen_stack) == 1
        await shown.press(ESCAPE, "q")
        assert "Enter types here" in border(shown)
        await shown.press("l")
        assert ("one", "logs") in shown.slots


@pytest.mark.parametrize("key", ["escape", "q", "question_mark"])
async def test_the_list_of_keys_is_closed_and_one_types_on(server: RunningServer, key: str) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "question_mark")
        await until(shown, "show these keys")
        await shown.press(key)
        await wait_for(lambda: "show these keys" not in shown.picture)
        assert "captured · ^] to leave" in shown.picture
        await type_text(shown, "echo on-$((6*7))", "enter")
        await until(shown, "on-42")


async def test_the_escape_key_says_what_it_waits_for_and_never_times_out(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE)
        assert "then a key" in border(shown)
        await shown.press("ctrl+y")
        assert "captured" in border(shown)
        await shown.press(ESCAPE, "d")
        assert not box_of(shown).is_typing


async def test_the_escape_key_itself_can_be_sent(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "cat -v", "enter")
        await shown.press(ESCAPE, ESCAPE, "enter")
        await until(shown, "^]")


async def test_another_environment_is_a_key_away_from_a_captured_terminal(
    server: RunningServer,
) -> None:
    await server.create(*SLEEPING, name="other", start=True)
    async with shell(server) as shown:
        before = shown.current
        number = next(at for at, name in enumerate(shown.states, 1) if name != before)
        await shown.press(ESCAPE, str(number))
        await wait_for(lambda: shown.current != before)
        assert not box_of(shown).is_typing


async def test_several_terminals_are_tabs(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "echo first-$((1+1))", "enter")
        await until(shown, "first-2")
        await shown.press(ESCAPE, "c")
        await wait_for(lambda: len(names(shown)) == 2)
        await until(shown, "ready$")
        assert "first-2" not in shown.picture
        await shown.press(ESCAPE, "p")
        await until(shown, "first-2")


async def test_an_ended_session_says_how_and_makes_room_for_a_new_one(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        await type_text(shown, "exit 3", "enter")
        await until(shown, "ended with exit code 3")
        await shown.press(ESCAPE, "q")
        await shown.press("enter")
        await until(shown, "ready$")
        assert "ended" not in shown.picture


async def test_ending_a_terminal_asks_first_and_names_it(server: RunningServer) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "q")
        await shown.press("X")
        await wait_for(lambda: isinstance(shown.app.screen, ChoiceDialog))
        assert "one/" in shown.picture
        await shown.press("enter")
        assert names(shown), "the marked choice is the harmless one"
        await shown.press("X")
        await wait_for(lambda: isinstance(shown.app.screen, ChoiceDialog))
        await shown.press("right", "enter")
        await until(shown, "The session ended")


async def test_the_session_has_the_size_that_there_is_room_for(server: RunningServer) -> None:
    async with shell(server) as shown:
        rows, columns = box_of(shown).view.room
        await type_text(shown, "stty size", "enter")
        await until(shown, f"{rows} {columns}")
        await shown.pilot.resize_terminal(100, 30)
        height, width = rows, columns
        await wait_for(lambda: all(map(int.__lt__, box_of(shown).view.room, (height, width))))
        rows, columns = box_of(shown).view.room
        await wait_for(lambda: _size_of_session(shown) == (rows, columns))
        await type_text(shown, "clear; stty size", "enter")
        await until(shown, f"{rows} {columns}")


def _size_of_session(shown: Dashboard) -> tuple[int, int]:
    emulator = box_of(shown).view.emulator
    assert emulator is not None
    return emulator.rows, emulator.columns


async def test_two_dashboards_on_one_session_see_the_same_and_keep_its_size(
    server: RunningServer,
) -> None:
    async with shell(server) as first:
        size = box_of(first).view.room
        async with terminal(server, (80, 24), is_new=False) as second:
            await until(second, "ready$")
            await type_text(first, "stty size; echo both-$((1+1))", "enter")
            await until(first, "both-2")
            await until(second, "both-2")
            assert f"{size[0]} {size[1]}" in first.picture
            ours, theirs = box_of(first).view, box_of(second).view
            assert theirs.room != size
            await wait_for(lambda: everything(ours.emulator) == everything(theirs.emulator))
            await second.press("enter")
            await type_text(first, "stty size; echo again-$((1+1))", "enter")
            await until(first, "again-2")
            assert first.picture.count(f"{size[0]} {size[1]}") == 2, "nobody typed in the other one"
            await type_text(second, "echo back-$((1+2))", "enter")
            await until(first, "back-3")
            await wait_for(lambda: everything(ours.emulator) == everything(theirs.emulator))
            assert (ours.emulator.rows, ours.emulator.columns) == theirs.room, "who types has it"


async def test_coming_back_shows_the_screen_with_its_scrollback(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "seq 1 200", "enter")
        await until(shown, "200")
        await type_text(shown, "printf '\\033[1;31mred\\033[0m'", "enter")
        await until(shown, "redready$")
        before = text_of(shown)
    async with terminal(server, is_new=False) as again:
        await until(again, "redready$")
        assert text_of(again) == before


async def test_as_many_lines_are_kept_as_the_setting_says(server: RunningServer) -> None:
    async with shell(server, scrollback=100) as shown:
        await type_text(shown, "seq 1 300", "enter")
        await until(shown, "300")
        assert box_of(shown).view.emulator.scrollback_length == 100


async def test_copy_mode_copies_what_is_selected(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "echo alpha beta", "enter")
        await until(shown, "\nalpha beta")
        await shown.press(ESCAPE, "left_square_bracket")
        assert "copy mode" in border(shown)
        await shown.press("k", "0", "w", "v", "e", "y")
        assert shown.app.clipboard == "beta"
        assert "captured" in border(shown), "it goes back to where one came from"


async def test_search_marks_all_hits_and_goes_to_them(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "seq 1 300", "enter")
        await until(shown, "300")
        await shown.press(ESCAPE, "slash")
        await type_text(shown, "77", "enter")
        await wait_for(lambda: "3/3" in border(shown), what="77, 177 and 277")
        await shown.press("n", "n")
        await wait_for(lambda: "1/3" in border(shown))
        assert box_of(shown).view.back > 0
        await shown.press("N")
        await wait_for(lambda: "2/3" in border(shown))
        await shown.press("q")
        assert box_of(shown).view.back == 0


async def test_the_next_hit_may_have_come_after_the_search(
    server: RunningServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    async with shell(server) as shown:
        waiting = f"echo a hit; while [ ! -e {go} ]; do sleep 0.05; done; seq 100; echo another hit"
        await type_text(shown, f"{waiting}; sleep 600", "enter")
        await until(shown, "\na hit")
        await shown.press(ESCAPE, "slash", *"hit", "enter")
        hits = int(border(shown).partition("/")[2].split()[0])
        go.touch()
        await wait_for(lambda: text_of(shown).endswith("100\nanother hit\n"))
        await shown.press("G", "N")
        await wait_for(lambda: f"/{hits + 1}" in border(shown))
        assert box_of(shown)._reading._mode.point.line == box_of(shown).view.text.last - 1


async def test_output_does_not_move_what_one_reads(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "seq 1 100; sleep 0.3; seq 200 300", "enter")
        await until(shown, "100")
        await shown.press(ESCAPE, "left_square_bracket", "k", "k")
        rows = [row for row in shown.picture.splitlines() if "98" in row]
        await wait_for(lambda: "300" in text_of(shown))
        await shown.pilot.pause()
        assert [row for row in shown.picture.splitlines() if "98" in row] == rows


async def test_a_line_is_pasted_at_once_and_several_are_asked_about(
    server: RunningServer,
) -> None:
    async with shell(server) as shown:
        paste(shown, "echo pasted-$((1+1))")
        await until(shown, "echo pasted-")
        await shown.press("enter")
        await until(shown, "pasted-2")
        paste(shown, "echo x-$((1+3))\necho y-$((1+4))\n")
        await wait_for(lambda: isinstance(shown.app.screen, ChoiceDialog))
        await until(shown, "2 lines")
        await shown.press("enter")
        await wait_for(lambda: not isinstance(shown.app.screen, ChoiceDialog))
        assert "x-4" not in shown.picture, "the marked choice is the harmless one"
        paste(shown, "echo x-$((1+3))\necho y-$((1+4))\n")
        await wait_for(lambda: isinstance(shown.app.screen, ChoiceDialog))
        await shown.press("right", "enter")
        await until(shown, "y-5")
        assert "x-4" in shown.picture


async def test_a_large_paste_arrives_whole(server: RunningServer, tmp_path: Path) -> None:
    async with shell(server, confirm_paste=False) as shown:
        target = tmp_path / "pasted"
        await type_text(shown, f"stty -echo; cat > {target}", "enter")
        text = "".join(f"line {number} of a large paste\n" for number in range(6000))
        paste(shown, text)
        await wait_for(lambda: target.exists() and target.stat().st_size == len(text), 30)
        assert target.read_text() == text


async def test_nothing_raw_reaches_the_screen(server: RunningServer) -> None:
    async with shell(server) as shown:
        await type_text(shown, "printf 'a\\033]0;evil\\007b\\033[5nc\\033Pq\\033\\\\d\\n'", "enter")
        await until(shown, "\nabcd")
        assert "\x1b" not in shown.picture
        assert "\x07" not in shown.picture
        assert "evil" in pane_of(shown).title_text()


async def test_a_recording_plays_what_was_shown_and_nothing_that_was_typed(
    server: RunningServer, tmp_path: Path
) -> None:
    async with shell(server) as shown:
        await shown.press(ESCAPE, "R")
        assert "recording" in border(shown)
        await type_text(shown, "stty -echo; read secret", "enter")
        await type_text(shown, "hidden", "enter")
        await type_text(shown, "echo shown-$((1+1))", "enter")
        await until(shown, "shown-2")
        await shown.press(ESCAPE, "R")
        (path,) = (tmp_path / "state" / "vibebox" / "recordings").glob("*.cast")
        output = "".join(event.data for event in read_cast(path).events)
        assert "shown-2" in output
        assert "hidden" not in output
        await shown.press(ESCAPE, "q", "P")
        await wait_for(lambda: shown.app.screen.query(OptionList))
        dialog = shown.app.screen.query_one(".dialog").region
        assert abs(dialog.x - (shown.app.size.width - dialog.right)) <= 1, "in the middle"
        assert dialog.y > 3
        assert shown.picture.count("Environments"), "what is below shines through"
        await shown.press("enter")
        await until(shown, "shown-2")
        await shown.press("q")
