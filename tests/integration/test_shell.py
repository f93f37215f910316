"""`vibebox shell` in a terminal of its own: raw mode, the escape key and all."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.in_terminal import variables
from tests.pseudo_terminal import PseudoTerminal
from tests.running_server import RunningServer

ESCAPE = "\x1d"

END = "-the-end-"
"""What stands behind the exit status once the program is over."""

PATIENCE = 30.0


async def test_every_key_goes_to_the_session_but_the_escape_key(
    server: RunningServer, short_path: Path
) -> None:
    async with shell(server, short_path) as terminal:
        terminal.type("stty raw -echo; cat -v\r")
        await seen(terminal, "cat -v")
        await asyncio.to_thread(terminal.until_quiet)
        terminal.type("\x03\x04\x1a\x1c\x11\x13\x1b[A\x7f|")
        await seen(terminal, "^C^D^Z^\\^Q^S^[[A^?|")
        terminal.type(f"{ESCAPE}]")
        await seen(terminal, "|^]")
        terminal.type(ESCAPE)
        terminal.type(ESCAPE)
        await seen(terminal, "|^]^]")


async def test_it_is_left_and_the_session_stays(server: RunningServer, short_path: Path) -> None:
    async with shell(server, short_path) as terminal:
        terminal.type("echo first-$((6*7))\r")
        await seen(terminal, "first-42")
        terminal.type(f"{ESCAPE}?")
        await seen(terminal, "leave, the session stays")
        terminal.type(f"{ESCAPE}d")
        await seen(terminal, "left box/shell-1; the session stays")
        await seen(terminal, f"0{END}")
        terminal.type("echo cooked again\r")
        await seen(terminal, "cooked again")
    async with shell(server, short_path, new=False) as terminal:
        await seen(terminal, "first-42")
        terminal.type("exit 7\r")
        await seen(terminal, f"7{END}")


async def test_the_session_has_the_size_of_the_terminal(
    server: RunningServer, short_path: Path
) -> None:
    async with shell(server, short_path) as terminal:
        terminal.type("stty size\r")
        await seen(terminal, "24 80")
        terminal.resize(30, 100)
        await asyncio.to_thread(terminal.until_quiet)
        terminal.type("stty size\r")
        await seen(terminal, "30 100")


async def test_what_a_program_left_switched_on_is_switched_off_again(
    server: RunningServer, short_path: Path
) -> None:
    async with shell(server, short_path) as terminal:
        terminal.type("printf '\\033[?1049h\\033[?1000h\\033[?2004h\\033[?25l'; echo o''n\r")
        await seen(terminal, "on")
        assert terminal.emulator.modes.alternate_screen
        terminal.type(f"{ESCAPE}q")
        await seen(terminal, f"0{END}")
        modes = terminal.emulator.modes
        assert not modes.alternate_screen
        assert not modes.mouse
        assert not modes.bracketed_paste
        assert modes.cursor_visible


async def test_a_watcher_types_nothing(server: RunningServer, short_path: Path) -> None:
    async with shell(server, short_path) as terminal:
        terminal.type("echo here\r")
        await seen(terminal, "here")
        async with shell(server, short_path, "--read-only", new=False) as watcher:
            await seen(watcher, "here")
            watcher.type("echo never\r")
            terminal.type("echo later\r")
            await seen(watcher, "later")
            assert "never" not in "".join(watcher.screen)


async def test_no_such_environment_is_a_sentence(server: RunningServer, short_path: Path) -> None:
    await server.create("true", name="box")
    program = [sys.executable, "-m", "vibebox_tui", "--url", server.address, "shell", "bax"]
    with PseudoTerminal(
        program, variables(short_path) | {"VIBEBOX_TOKEN": server.token()}
    ) as shown:
        await seen(shown, "bax")


@asynccontextmanager
async def shell(
    server: RunningServer, directory: Path, *options: str, new: bool = True
) -> AsyncIterator[PseudoTerminal]:
    """`vibebox shell box` in a terminal of 24 by 80, attached to a shell with a known prompt."""
    if new:
        await server.create("sleep", "600", name="box", start=True)
    program = [sys.executable, "-m", "vibebox_tui", "--url", server.address, "shell", "box"]
    script = f'"$@"; printf "%s{END}\\n" $?; exec cat'
    command = ["sh", "-c", script, "sh", *program, *options]
    with PseudoTerminal(command, variables(directory) | {"VIBEBOX_TOKEN": server.token()}) as shown:
        await seen(shown, "ready$")
        yield shown


async def seen(terminal: PseudoTerminal, text: str) -> None:
    """Wait until `text` is on the screen."""
    await asyncio.to_thread(terminal.until, text, PATIENCE)


@pytest.fixture(autouse=True)
def known_prompt(plain_home: Path) -> None:
    """Shells of the server's say `ready$`."""


@pytest.fixture
def plain_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".profile").write_text("PS1='ready$ '\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/sh")
    return tmp_path
