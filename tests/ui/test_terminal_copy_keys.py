"""Every key of copy mode, pressed in a dashboard over what a real shell has printed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from textual.widgets import Input

from tests.conftest import SECRET
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import MIDDLE, Dashboard
from tests.ui.terminals import ESCAPE, border, box_of, shell, type_text, until
from vibebox_tui.server.settings import Secret, ServerSettings
from vibebox_tui.ui.widgets.terminal_text import Cell

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROFILE = "PS1=\"$(printf '\\033]133;A\\007ready$ ')\"\n"
"""A prompt that the shell marks as one."""

POEM = [
    *(f"line {number} of the poem" for number in range(1, 101)),
    "\x1b[7mround\x1b[m",
    "  alpha beta_2, 日本 end",
    "see https://example.org/a for more",
]
"""Printed between two prompts; the cursor waits on the second one, in column 7."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def printed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Dashboard]:
    """A dashboard that types into a shell which has printed the poem; one for all keys."""
    home = tmp_path_factory.mktemp("home")
    (home / ".profile").write_text(PROFILE)
    (home / "poem").write_text("\n".join([*POEM, ""]))
    async with AsyncExitStack() as stack:
        variables = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {
            "HOME": str(home),
            "SHELL": "/bin/sh",
            "TERM": "xterm-256color",
        }.items():
            variables.setenv(name, value)
        server = await _started(home / "data", stack)
        shown = await stack.enter_async_context(shell(server))
        await type_text(shown, "cat poem", "enter")
        await until(shown, f"\n{POEM[-1]}")
        await wait_for(lambda: _row(shown, box_of(shown).view.text.last).startswith("ready$"))
        yield shown


@pytest_asyncio.fixture(loop_scope="module")
async def copying(printed: Dashboard) -> AsyncIterator[Dashboard]:
    """The same in copy mode, the point where the cursor is: behind the last prompt."""
    printed.app._clipboard = ""
    await printed.press(ESCAPE, "left_square_bracket")
    yield printed
    while box_of(printed)._reading.is_active:
        await printed.press("escape")
    assert "captured" in border(printed), "it goes back to where one came from"


MOTIONS = {
    "h": (("k", "h"), "tps://example.org/a for more"),
    "j": (("k", "k", "0", "j"), POEM[-1]),
    "k": (("k",), "ps://example.org/a for more"),
    "l": (("k", "l"), "s://example.org/a for more"),
    "l over a wide character": (("k", "k", "$", "b", "b", "l"), "本 end"),
    "w": (("k", "k", "0", "w", "w"), "beta_2, 日本 end"),
    "w to a sign": (("k", "k", "0", "w", "w", "w"), ", 日本 end"),
    "w to the next line": (("k", "k", "$", "w"), POEM[-1]),
    "b": (("k", "k", "$", "b"), "end"),
    "b to the line before": (("k", "0", "b"), "end"),
    "0": (("k", "0"), POEM[-1]),
    "$": (("k", "$"), "e"),
    "g": (("g",), "ready$ cat poem"),
    "G": (("g", "G"), "ready$"),
    "/": (("/", *"line 42", "enter"), "line 42 of the poem"),
    "/ round the end": (("/", *"cat", "enter"), "cat poem"),
    "?": (("?", *"line 4", "enter"), "line 49 of the poem"),
    "n behind /": (("/", *"line 4", "enter", "n"), "line 40 of the poem"),
    "n behind ?": (("?", *"line 4", "enter", "n"), "line 48 of the poem"),
    "N behind /": (("/", *"line 4", "enter", "n", "n", "N"), "line 40 of the poem"),
    "N behind ?": (("?", *"line 4", "enter", "n", "n", "N"), "line 48 of the poem"),
    "{": (("{",), "ready$ cat poem"),
    "}": (("{", "}"), "ready$"),
}
"""Keys, and what stands from the point to the end of its row after them."""


@pytest.mark.parametrize("name", MOTIONS)
async def test_a_key_moves_the_point(name: str, copying: Dashboard) -> None:
    keys, text = MOTIONS[name]
    await _press(copying, keys)
    assert _from_point(copying) == text
    assert "copy mode" in border(copying)
    assert _shows_the_point(copying)


@pytest.mark.parametrize(("keys", "halves"), [(("g", "ctrl+d"), 1), (("g", "ctrl+d", "ctrl+d"), 2)])
async def test_ctrl_d_goes_down_by_half_a_page(
    keys: tuple[str, ...], halves: int, copying: Dashboard
) -> None:
    await _press(copying, keys)
    assert _point(copying).line == halves * (box_of(copying).view.size.height // 2)
    assert _shows_the_point(copying)


async def test_ctrl_u_goes_up_by_half_a_page(copying: Dashboard) -> None:
    before = _point(copying).line
    await _press(copying, ("ctrl+u",))
    assert _point(copying).line == before - box_of(copying).view.size.height // 2
    await _press(copying, ("ctrl+u", "ctrl+u"))
    assert box_of(copying).view.back > 0, "the view goes with it"
    assert _shows_the_point(copying)


COPIES = {
    "v": (("k", "k", "0", "w", "v", "e", "y"), "alpha"),
    "v over lines": (("k", "k", "$", "b", "v", "j", "0", "l", "l", "y"), "end\nsee"),
    "v over a wide character": (("k", "k", "$", "b", "b", "v", "y"), "日"),
    "V": (("k", "V", "y"), f"{POEM[-1]}\n"),
    "V upwards": (("k", "V", "k", "y"), f"{POEM[-2]}\n{POEM[-1]}\n"),
    "v instead of V": (("k", "0", "V", "v", "e", "y"), "see"),
    "y on a link": (("k", "y"), "https://example.org/a"),
}
"""Keys, and what they copy; the last one leaves copy mode as well."""


@pytest.mark.parametrize("name", COPIES)
async def test_a_key_selects_or_copies(name: str, copying: Dashboard) -> None:
    keys, text = COPIES[name]
    await _press(copying, keys)
    assert copying.app.clipboard == text
    assert not box_of(copying)._reading.is_active


async def test_what_is_copied_is_counted(copying: Dashboard) -> None:
    await _press(copying, ("k", "V", "y"))
    await until(copying, f"Copied {len(POEM[-1]) + 1} characters")
    await _press(copying, (ESCAPE, "left_square_bracket", "k", "V", "k", "y"))
    await until(copying, "Copied 2 lines")


async def test_y_without_anything_to_copy_says_so_and_stays(copying: Dashboard) -> None:
    await _press(copying, ("k", "k", "y"))
    await until(copying, "Nothing is selected")
    assert copying.app.clipboard == ""
    assert box_of(copying)._reading.is_active


async def test_o_opens_the_link_under_the_point(
    copying: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)) or True)
    await _press(copying, ("k", "o"))
    assert opened == ["https://example.org/a"]
    await _press(copying, ("k", "o"))
    await until(copying, "There is no link under the cursor")
    assert len(opened) == 1


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_a_key_selects_no_more_and_then_leaves(key: str, copying: Dashboard) -> None:
    await _press(copying, ("g", "v", "w", key))
    assert "copy mode" in border(copying)
    assert box_of(copying)._reading._mode.span is None
    await _press(copying, (key,))
    assert "copy mode" not in border(copying)
    assert box_of(copying).view.back == 0, "the present screen again"


async def test_the_help_lists_copy_modes_keys(copying: Dashboard) -> None:
    await _press(copying, ("q", ESCAPE, "d", "?"))
    copying.app.screen.query_one("#help").scroll_end(animate=False)
    await wait_for(lambda: "Copy mode" in copying.picture)
    assert "open the link" in copying.words
    await _press(copying, ("escape", "enter"))


async def test_copy_modes_keys_win_over_everywhere(copying: Dashboard) -> None:
    """None of these does what it does elsewhere, and none is typed into the shell."""
    before = _screen(copying)
    await _press(copying, (*"0123456789()[]tiz!:+_-'", "tab", "f1", "ctrl+r", "ctrl+n", "ctrl+p"))
    assert len(copying.app.screen_stack) == 1
    assert copying.slots == [("one", "terminal")]
    assert box_of(copying).view.has_focus
    assert _screen(copying) == before


async def test_the_line_for_searching_shows_the_direction_and_recalls_earlier_ones(
    copying: Dashboard,
) -> None:
    await _press(copying, ("?", *"line 98", "enter"))
    await _press(copying, ("/", *"line 9"))
    assert _rows(copying)[-1].strip().startswith("/ line 9")  # a message may stand beside it
    assert "Esc search nothing" in copying.words
    await _press(copying, ("up",))
    assert _rows(copying)[-1].strip().startswith("/ line 98")
    await _press(copying, ("down", "escape"))
    assert "/" not in _rows(copying)[-1]
    assert _from_point(copying) == "line 98 of the poem", "nothing else was searched for"
    await _press(copying, ("?", "up", "enter"))
    assert "1/1" in border(copying)


# --- hits, as they are drawn ---------------------------------------------------------------

HIT, PRESENT = "terminal--hit", "terminal--present-hit"


async def test_all_hits_in_view_are_drawn_as_such_and_the_present_one_differently(
    copying: Dashboard,
) -> None:
    await _press(copying, ("?", *"OF THE", "enter"))
    await until(copying, "isn't in this terminal's text")
    assert _drawn(copying) == {}
    await _press(copying, ("?", *"of the", "enter"))
    poem = [y for y, row in enumerate(_rows(copying)) if "of the" in row]
    assert len(poem) > 10
    *others, nearest = poem
    hits = dict.fromkeys(others, (HIT, "of the"))
    assert _drawn(copying) == hits | {nearest: (PRESENT, "of the")}
    await _press(copying, ("n",))
    hits[nearest] = (HIT, "of the")
    assert _drawn(copying) == hits | {others[-1]: (PRESENT, "of the")}


async def test_hits_that_scroll_into_view_are_drawn_too_and_none_when_one_leaves(
    copying: Dashboard,
) -> None:
    await _press(copying, ("/", *"line 42 ", "enter", "ctrl+u"))
    assert _texts(copying) == ["line 42 "]
    await _press(copying, ("/", *"日本", "enter"))
    assert _texts(copying) == ["日本"], "the earlier search is over"
    await _press(copying, ("q",))
    assert _drawn(copying) == {}


async def test_a_hit_in_reversed_text_is_drawn_as_any_other(copying: Dashboard) -> None:
    await _press(copying, ("?", *"round", "enter"))
    (y,) = _drawn(copying)
    view = box_of(copying).view
    behind_the_point = view.render_line(y).crop(1, len("round"))
    assert behind_the_point.text == "ound"
    assert [style.reverse for _, style, _ in behind_the_point if style] == [False]


async def test_another_size_leaves_one_at_the_same_hit(copying: Dashboard) -> None:
    await _press(copying, ("?", *"of the", "enter", *"nnnnn"))
    place, before = border(copying), _point(copying)
    (hit,) = _present(copying)
    await copying.pilot.resize_terminal(70, 24)
    await wait_for(lambda: box_of(copying).view.size.width < 70)
    await wait_for(lambda: _present(copying) == [hit])
    assert border(copying) == place
    assert _from_point(copying) == "of the poem"
    await copying.pilot.resize_terminal(*MIDDLE)
    await wait_for(lambda: _present(copying) == [hit] and _point(copying) == before)
    assert border(copying) == place


async def test_another_size_leaves_one_about_there_where_nothing_was_searched(
    copying: Dashboard,
) -> None:
    await _press(copying, ("g",))
    await copying.pilot.resize_terminal(70, 24)
    await wait_for(lambda: box_of(copying).view.size.width < 70)
    await wait_for(lambda: _from_point(copying) == "ready$ cat poem")
    assert "copy mode" in border(copying)
    await copying.pilot.resize_terminal(*MIDDLE)
    await wait_for(lambda: box_of(copying).view.size.width > 70)


def _present(shown: Dashboard) -> list[str]:
    return [text for look, text in _drawn(shown).values() if look == PRESENT]


def _drawn(shown: Dashboard) -> dict[int, tuple[str, str]]:
    """The hit in each row of the view that has one: its look and its text, off the screen."""
    view = box_of(shown).view
    looks = {view.component_style(look).bgcolor: look for look in (HIT, PRESENT)}
    found: dict[int, tuple[str, str]] = {}
    for y, row in enumerate(shown.app.screen._compositor.render_strips()[view.region.y :]):
        for text, style, _ in row.crop(view.region.x, view.region.right):
            colour = style and style.bgcolor  # reversed where the point is, on the present hit
            if y < view.size.height and colour in looks:
                look, before = found.get(y, (looks[colour], ""))
                found[y] = look, before + text
    return found


def _texts(shown: Dashboard) -> list[str]:
    return [text for _, text in _drawn(shown).values()]


def _rows(shown: Dashboard) -> list[str]:
    """The rows of the view, as they are on the screen."""
    view = box_of(shown).view
    strips = shown.app.screen._compositor.render_strips()[view.region.y : view.region.bottom]
    return [strip.crop(view.region.x, view.region.right).text for strip in strips]


async def _started(directory: Path, stack: AsyncExitStack) -> RunningServer:
    settings = ServerSettings(
        port=0, data_directory=directory, secret=Secret(SECRET), stop_environments=True
    )
    server = RunningServer(settings)
    await server.start()
    stack.push_async_callback(server.stop)
    return server


async def _press(shown: Dashboard, keys: tuple[str, ...]) -> None:
    """Press keys; what is typed into the line for searching waits until that has the focus."""
    for key in keys:
        await shown.press(key)
        if key in "/?" and box_of(shown)._reading.is_active:
            await wait_for(lambda: isinstance(shown.app.focused, Input))


def _point(shown: Dashboard) -> Cell:
    mode = box_of(shown)._reading._mode
    assert mode is not None
    return mode.point


def _from_point(shown: Dashboard) -> str:
    line, column = _point(shown)
    return "".join(box_of(shown).view.text.cells(line)[column:])


def _row(shown: Dashboard, line: int) -> str:
    return "".join(box_of(shown).view.text.cells(line))


def _screen(shown: Dashboard) -> list[str]:
    return box_of(shown).view.emulator.display


def _shows_the_point(shown: Dashboard) -> bool:
    view = box_of(shown).view
    return 0 <= _point(shown).line - view.text.scrolled - view.top < view.size.height
