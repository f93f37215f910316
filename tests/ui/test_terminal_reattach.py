"""A terminal that is left and come back to is as it was: what one sees, and what one doesn't."""

from pathlib import Path

import pytest

from tests.emulator.states import everything
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import Dashboard
from tests.ui.terminals import box_of, shell, terminal, type_text, until
from vibebox_tui.emulator import CursorShape, Emulator
from vibebox_tui.emulator.modes import MouseEncoding, MouseTracking
from vibebox_tui.emulator.snapshot import snapshot

pytestmark = pytest.mark.usefixtures("plain_shell")

PRINTED = "".join(f"\x1b[3{number % 8}mline {number}\x1b[m of 日本\r\n" for number in range(1, 301))

MODES = {
    "titles": "\x1b]2;a title\x07\x1b[22t\x1b]1;an icon\x07",
    "a directory": "\x1b]7;file:///tmp\x07",
    "colours of its own": "\x1b]4;1;rgb:12/34/56\x07\x1b]11;rgb:01/02/03\x07",
    "tab stops": "\x1b[3g\x1b[5G\x1bH\x1b[21G\x1bH\r",
    "a saved cursor": "\x1b[3;7H\x1b[1;4;35m\x1b7\x1b[m",
    "cursor keys and keypad": "\x1b[?1h\x1b=",
    "pastes in brackets": "\x1b[?2004h",
    "the mouse": "\x1b[?1002h\x1b[?1006h",
    "reports of the focus": "\x1b[?1004h",
    "the cursor's shape": "\x1b[5 q",
    "a scroll region": "\x1b[4;12r",
    "margins": "\x1b[?69h\x1b[3;70s",
    "charsets": "\x1b(0\x1b)A",
    "a pen and a place": "\x1b[7;9H\x1b[1;38;2;1;2;3;48;5;17m",
}
"""What a program may have set, in an order in which nothing undoes what came before."""

TITLE = "all of it printed"
LAST = f"\x1b]2;{TITLE}\x07"

ALTERNATE = "\x1b[?1049h\x1b[2;2Hon the alternate screen\x1b[?25l"


@pytest.mark.parametrize("more", ["", ALTERNATE], ids=["the usual screen", "the alternate screen"])
async def test_coming_back_shows_screen_scrollback_modes_and_cursor_exactly(
    more: str, server: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "output").write_text("".join([PRINTED, *MODES.values(), more, "qqq", LAST]))
    async with shell(server) as shown:
        await type_text(shown, f"stty -echo; cat {tmp_path}/output; sleep 600", "enter")
        await until(shown, TITLE)
        _is_as_on_the_server(shown, server)
        before, picture = everything(_present(shown)), _rows(shown)
        modes = _present(shown).modes
        assert modes.application_cursor
        assert modes.bracketed_paste
        assert modes.focus_reports
        assert (modes.mouse, modes.mouse_encoding) == (MouseTracking.DRAGS, MouseEncoding.SGR)
        assert modes.cursor_shape is CursorShape.BAR
        assert modes.alternate_screen is bool(more)
        assert _present(shown).scrollback_length > 200
    async with terminal(server, is_new=False) as again:
        await until(again, TITLE)
        await wait_for(lambda: box_of(again).attachment.is_live)
        _is_as_on_the_server(again, server)
        assert everything(_present(again)) == before
        await wait_for(lambda: _rows(again) == picture, what="the same picture, the cursor alight")


async def test_one_comes_back_to_a_terminal_that_went_on_meanwhile(
    server: RunningServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    (tmp_path / "output").write_text("".join([PRINTED, *MODES.values(), "qqq", LAST]))
    async with shell(server) as shown:
        waiting = f"while [ ! -e {go} ]; do sleep 0.05; done"
        await type_text(shown, f"stty -echo; {waiting}; cat {tmp_path}/output; sleep 600", "enter")
        await wait_for(lambda: "sleep 600" in "".join(_present(shown).display))
    go.touch()
    async with terminal(server, is_new=False) as again:
        await until(again, TITLE)
        _is_as_on_the_server(again, server)
        assert _present(again).scrollback_length > 200


def _present(shown: Dashboard) -> Emulator:
    attachment = box_of(shown).attachment
    assert attachment is not None
    return attachment.emulator


def _is_as_on_the_server(shown: Dashboard, server: RunningServer) -> None:
    attachment = box_of(shown).attachment
    assert attachment is not None
    hub = server.server.backend.service.hub
    theirs = hub.terminal(attachment.session.id).screen._emulator
    assert everything(attachment.emulator) == everything(theirs)
    assert snapshot(attachment.emulator) == snapshot(theirs)


def _rows(shown: Dashboard) -> list[str]:
    """The rows of the terminal as they are drawn, with every style."""
    view = box_of(shown).view
    return [view.render_line(y).render(shown.app.console) for y in range(view.size.height)]
