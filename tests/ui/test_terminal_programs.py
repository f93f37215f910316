"""Real programs driven through the terminal pane look as tmux draws them for the same keys."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import MIDDLE, SLEEPING, SMALL, Dashboard, dashboard
from vibebox_tui.emulator import Emulator
from vibebox_tui.ui.panes.terminals_box import TerminalBox

KEYS = {"escape": "Escape", "enter": "Enter", "down": "Down", "pagedown": "PgDn", "f9": "F9"}
"""Names of keys: ours, and tmux's."""

Step = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A command, keys pressed one after the other, and a text that shows that it's done."""

    command: str
    keys: Step
    done: str
    last_rows: int = 0
    """How many rows, the last ones, are the same whenever one looks; 0: all are."""
    leave: str = ""
    """What ends it where the end of its terminal doesn't."""

    def stable(self, screen: str) -> list[str]:
        """The rows that are compared."""
        return screen.split("\n")[-self.last_rows :]


CASES = {
    "vim": Case(
        "vim -u NONE -N -n poem", (*":set nu", "enter", *"3Gdd", *"yyp", *":vsp", "enter"), "poem"
    ),
    "vim-search": Case(
        "vim -u NONE -N -n poem", (*":set hls", "enter", *"/line 20", "enter"), "20"
    ),
    "less": Case("less poem", (*"/line 30", "enter"), "line 30"),
    "nano": Case("nano --ignorercfiles poem", ("down", "down", *"new text "), "new text"),
    "mc": Case("mc --nosubshell --nomouse .", ("f9", "down", "down"), "File listing"),
    "htop": Case("htop --no-color", (), "F9Kill", last_rows=1),
    "tmux": Case(
        "tmux -f /dev/null -S $PWD/inner$$ new 'less poem' \\; set -g status-right ''",
        (*"/line 9", "enter"),
        "line 9",
        leave="q",
    ),
}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home directory with something to look at, and shells with a known prompt."""
    (tmp_path / ".profile").write_text("PS1='ready$ '\n")
    (tmp_path / "poem").write_text("".join(f"line {number} of a poem\n" for number in range(1, 90)))
    for name, value in {"HOME": str(tmp_path), "SHELL": "/bin/sh", "LANG": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture(params=[SMALL, MIDDLE], ids=lambda size: f"{size[0]}x{size[1]}")
async def shell(
    request: pytest.FixtureRequest, server: RunningServer, home: Path
) -> AsyncIterator[Dashboard]:
    """A dashboard of a size that types into a shell in the home directory."""
    await server.create(*SLEEPING, name="one", start=True, working_directory=str(home))
    async with dashboard(server, request.param) as shown:
        await shown.listed("one")
        await shown.press("t")
        await wait_for(lambda: shown.app.screen.query(TerminalBox))
        await shown.press("enter")
        await wait_for(lambda: "ready$" in _screen(shown))
        yield shown


@pytest.fixture
def tmux(home: Path, short_path: Path) -> Iterator["Tmux"]:
    reference = Tmux(home, short_path / "tmux.sock")
    yield reference
    reference.run("kill-server", check=False)


@pytest.mark.parametrize("name", CASES)
async def test_a_program_looks_as_in_tmux(
    name: str, shell: Dashboard, tmux: "Tmux", home: Path
) -> None:
    case = CASES[name]
    if shutil.which(case.command.split()[0]) is None:
        reason = f"{name} is not installed"
        pytest.fail(reason) if os.environ.get("VIBEBOX_CI") else pytest.skip(reason)
    rows, columns = shell.screen.query_one(TerminalBox).view.room
    await _type(shell, f"clear; {case.command}")
    tmux.start(case.command, rows, columns)
    for press, screen in (
        (lambda keys: shell.pilot.press(*keys), lambda: _screen(shell)),
        (tmux.press, tmux.screen),
    ):
        await wait_for(lambda screen=screen: _is_drawn(screen()), what=f"{name} has drawn")
        await press(case.keys)
        await wait_for(lambda screen=screen: case.done in screen(), what=f"{case.done!r} in {name}")
    await wait_for(
        lambda: case.stable(_screen(shell)) == case.stable(tmux.screen()),
        what=f"the same screens of {name}:\n{_screen(shell)}\n{'=' * columns}\n{tmux.screen()}",
    )
    if not case.last_rows:
        cursor = _emulator(shell).cursor
        assert (cursor.row, cursor.column, cursor.visible) == tmux.cursor()
    await shell.pilot.press(*case.leave)
    await tmux.press(tuple(case.leave))
    await _end_session(shell)


class Tmux:
    """A tmux server of its own, as the reference."""

    def __init__(self, home: Path, socket: Path) -> None:
        self._home = home
        self._socket = socket

    def run(self, *arguments: str, check: bool = True) -> str:
        command = ["tmux", "-f", "/dev/null", "-S", str(self._socket), *arguments]
        variables = {**os.environ, "TERM": "xterm-256color", "TMUX": ""}
        done = subprocess.run(
            command, check=check, capture_output=True, text=True, env=variables, cwd=self._home
        )
        return done.stdout

    def start(self, command: str, rows: int, columns: int) -> None:
        size = ["-x", str(columns), "-y", str(rows)]
        # without its own status line; programs are to see the same kind of terminal
        self.run("new-session", "-d", *size, "sh", ";", "set", "-g", "status", "off")
        self.run("resize-window", *size)
        self.run("send-keys", "-l", f"clear; TMUX= TERM=xterm-256color {command}")
        self.run("send-keys", "Enter")

    async def press(self, keys: Step) -> None:
        for key in keys:
            if key in KEYS:
                self.run("send-keys", KEYS[key])
            else:
                self.run("send-keys", "-l", key)
            await asyncio.sleep(0)

    def cursor(self) -> tuple[int, int, bool]:
        """Row, column, and whether it is seen."""
        told = self.run("display-message", "-p", "#{cursor_y} #{cursor_x} #{cursor_flag}")
        row, column, flag = map(int, told.split())
        return row, column, bool(flag)

    def screen(self) -> str:
        return "\n".join(
            row.rstrip() for row in self.run("capture-pane", "-p").split("\n")
        ).rstrip()


def _screen(shown: Dashboard) -> str:
    box = next(iter(shown.screen.query(TerminalBox)), None)
    if box is None or box.view.emulator is None:
        return ""
    return "\n".join(row.rstrip() for row in box.view.emulator.display).rstrip()


def _emulator(shown: Dashboard) -> Emulator:
    emulator = shown.screen.query_one(TerminalBox).view.emulator
    assert emulator is not None
    return emulator


def _is_drawn(screen: str) -> bool:
    return screen.count("\n") > 5


async def _type(shown: Dashboard, text: str) -> None:
    await shown.pilot.press(*text, "enter")


async def _end_session(shown: Dashboard) -> None:
    """Nothing of the program outlives the test."""
    attachment = shown.screen.query_one(TerminalBox).attachment
    assert attachment is not None
    await shown.client.rest.end_session(attachment.session.id)
