"""Text to the user's clipboard: through the terminal (OSC 52), and by the desktop's own program."""

import base64
import os
import shutil
import subprocess
from collections.abc import Mapping

LONGEST_FOR_TERMINAL = 74_994
"""Bytes that go through OSC 52: more than that, encoded to 100,000, xterm and others ignore."""

PROGRAM_PATIENCE = 2.0
"""Seconds that the desktop's program may take to accept the text."""

_PROGRAMS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    (None, ("pbcopy",)),
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
)
"""What sets a clipboard, and the variable that says that there is such a desktop."""


def clipboard_sequence(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The sequence that sets the clipboard of the user's terminal; empty for too long a text.

    tmux keeps OSC 52 for itself unless `set-clipboard` is on, so it is asked to pass it through
    as well (`allow-passthrough`); screen always has to be asked.
    """
    data = text.encode("utf-8", "replace")
    if len(data) > LONGEST_FOR_TERMINAL:
        return ""
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if environment.get("TMUX"):
        return sequence + "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environment.get("STY"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence


def clipboard_program(environment: Mapping[str, str] = os.environ) -> tuple[str, ...] | None:
    """The command that takes text for the clipboard of the desktop that the user sits at.

    None over SSH: the desktop here, if there is one, is not the user's.
    """
    if "SSH_CONNECTION" in environment:
        return None
    for variable, command in _PROGRAMS:
        if (variable is None or environment.get(variable)) and shutil.which(command[0]):
            return command
    return None


def set_by_program(command: tuple[str, ...], text: str) -> bool:
    """Hand `text` to the desktop's program; whether it took it. Blocks: call it in a thread."""
    try:
        done = subprocess.run(
            command,
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PROGRAM_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
