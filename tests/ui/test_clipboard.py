"""Text that is copied gets to the user's clipboard: through a terminal, tmux, screen, a desktop."""

import base64
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.pseudo_terminal import PseudoTerminal
from tests.running_server import RunningServer
from tests.support import wait_for, wait_for_sync
from tests.ui.terminals import ESCAPE, shell, type_text, until
from vibebox_tui.ui.output.clipboard import (
    LONGEST_FOR_TERMINAL,
    clipboard_programs,
    clipboard_sequence,
)

TEXT = "copied: häßlich 日本\n" * 200
"""Longer than what screen passes through at once."""

COPIES = f"""
from textual.widgets import Static
from vibebox_tui.ui.output import FrugalApp

class Copies(FrugalApp[None]):
    def compose(self):
        yield Static("ready")

    def on_key(self, event):
        self.copy_to_clipboard({TEXT!r})

Copies().run()
"""
"""Copies at any key."""


def test_a_terminal_is_told_by_osc_52() -> None:
    assert clipboard_sequence("hé", {}) == _osc_52("hé")


def test_tmux_is_told_and_asked_to_pass_it_through() -> None:
    passed = f"\x1bPtmux;\x1b{_osc_52('a')}\x1b\\"
    assert clipboard_sequence("a", {"TMUX": "/tmp/tmux-1/default,1,0"}) == _osc_52("a") + passed


def test_what_a_terminal_would_ignore_is_not_sent() -> None:
    assert clipboard_sequence("x" * (LONGEST_FOR_TERMINAL + 1), {}) == ""


def test_a_terminal_of_its_own_gets_what_is_copied() -> None:
    with PseudoTerminal([sys.executable, "-c", COPIES], os.environ) as terminal:
        terminal.until("ready")
        terminal.type("c")
        _until_copied(terminal)


@pytest.mark.parametrize(
    "options",
    [
        "",
        "set -g set-clipboard on",
        "set -g set-clipboard off ; set -g allow-passthrough on",
    ],
    ids=["as it comes", "taking what programs copy", "only passing through"],
)
def test_in_tmux_its_buffer_and_the_terminal_around_it_get_what_is_copied(
    options: str, short_path: Path
) -> None:
    _needs("tmux")
    (short_path / "tmux.conf").write_text(options.replace(" ; ", "\n"))
    tmux = ["tmux", "-f", str(short_path / "tmux.conf"), "-S", str(short_path / "tmux.sock")]
    program = ["new-session", sys.executable, "-c", COPIES]
    try:
        with PseudoTerminal([*tmux, *program], os.environ) as terminal:
            terminal.until("ready")
            terminal.type("c")
            _until_copied(terminal)
            assert _printed(*tmux, "show-buffer") == TEXT
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def test_in_screen_the_terminal_around_it_gets_what_is_copied(short_path: Path) -> None:
    _needs("screen")
    variables = {**os.environ, "SCREENDIR": str(short_path)}
    short_path.chmod(0o700)
    program = ["screen", "-c", "/dev/null", "-S", "copies", sys.executable, "-c", COPIES]
    try:
        with PseudoTerminal(program, variables) as terminal:
            terminal.until("ready")
            terminal.type("c")
            _until_copied(terminal)
    finally:
        end = ["screen", "-S", "copies", "-X", "quit"]
        subprocess.run(end, check=False, capture_output=True, env=variables)


# --- desktops ------------------------------------------------------------------------------


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a real X display, which programs are told of."""
    _needs("Xvfb")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "64x64x8", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        display = f":{told.readline().strip()}"
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    yield display
    server.terminate()
    server.wait()


@pytest.mark.usefixtures("plain_shell")
async def test_a_desktop_gets_what_is_copied_in_copy_mode(
    desktop: str, server: RunningServer
) -> None:
    _needs("xclip")
    async with shell(server) as shown:
        await type_text(shown, "echo alpha häßlich", "enter")
        await until(shown, "\nalpha häßlich")
        await shown.press(ESCAPE, "left_square_bracket", "k", "0", "w", "v", "e", "y")
        await wait_for(lambda: _clipboard() == "häßlich", what=f"copied on {desktop}")


@pytest.mark.usefixtures("plain_shell")
async def test_what_no_clipboard_takes_is_said_and_a_desktop_takes_any_length(
    desktop: str, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _needs("xclip")
    text = "x" * (LONGEST_FOR_TERMINAL + 1)
    async with shell(server) as shown:
        shown.app.copy_to_clipboard(text)
        await wait_for(lambda: _clipboard() == text)
        assert "too long" not in shown.words
        monkeypatch.delenv("DISPLAY")
        shown.app.copy_to_clipboard(text)
        await wait_for(lambda: "too long for the clipboard" in shown.words)
        assert shown.app.clipboard == text


@pytest.mark.parametrize(
    ("installed", "variables", "found"),
    [
        (["xclip", "wl-copy"], {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ["wl-copy"]),
        (["xclip"], {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ["xclip"]),
        (["xsel"], {"DISPLAY": ":0"}, ["xsel"]),
        (["pbcopy"], {}, ["pbcopy"]),
        (["xclip", "wl-copy"], {}, []),
        ([], {"DISPLAY": ":0"}, []),
        (["xclip", "pbcopy"], {"DISPLAY": ":0", "SSH_CONNECTION": "::1 1 ::1 22"}, []),
        (["tmux", "xclip"], {"DISPLAY": ":0", "TMUX": "/s,1,0"}, ["tmux", "xclip"]),
        (["tmux"], {"TMUX": "/s,1,0", "SSH_CONNECTION": "::1 1 ::1 22"}, ["tmux"]),
    ],
)
def test_the_program_is_that_of_the_desktop_that_one_sits_at(
    installed: list[str],
    variables: Mapping[str, str],
    found: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in installed:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [command[0] for command in clipboard_programs(variables)] == found


def _osc_52(text: str) -> str:
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"


def _until_copied(terminal: PseudoTerminal) -> None:
    """Read until the terminal has been told to copy `TEXT`; tmux leaves out to where."""
    told = re.compile(rb"\x1b\]52;c?;" + re.escape(base64.b64encode(TEXT.encode())))

    def is_told() -> bool:
        terminal.read(time.monotonic() + 0.05)
        return told.search(terminal.output)

    wait_for_sync(is_told)


def _clipboard() -> str:
    return _printed("xclip", "-selection", "clipboard", "-o")


def _printed(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        reason = f"{program} is not installed"
        pytest.fail(reason) if os.environ.get("VIBEBOX_CI") else pytest.skip(reason)
