"""Text to the user's clipboard: through the terminal (OSC 52), and by programs that set one."""

import base64
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping

LONGEST_FOR_TERMINAL = 74_994
"""Bytes that go through OSC 52: more than that, encoded to 100,000, xterm and others ignore."""

LONGEST_FOR_SCREEN = 256
"""Characters that screen is asked to pass through at once; it cuts off what is beyond 768."""

PROGRAM_PATIENCE = 2.0
"""Seconds that a program may take to accept the text."""

_DESKTOPS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    (None, ("pbcopy",)),
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
)
"""What sets a desktop's clipboard, and the variable that says that there is such a desktop."""

_TMUX = ("tmux", "load-buffer", "-w", "-")
"""Sets tmux's own clipboard and, as tmux does for its copy mode, that of the terminal around it."""


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
        starts = range(0, len(sequence), LONGEST_FOR_SCREEN)
        pieces = (sequence[start : start + LONGEST_FOR_SCREEN] for start in starts)
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return sequence


def clipboard_programs(environment: Mapping[str, str] = os.environ) -> list[tuple[str, ...]]:
    """The commands that take text for a clipboard of the user's: tmux's, the desktop's."""
    desktop = None if "SSH_CONNECTION" in environment else _desktops_program(environment)
    within_tmux = environment.get("TMUX") and shutil.which(_TMUX[0])
    return [*([_TMUX] if within_tmux else []), *([desktop] if desktop else [])]


def set_by_programs(commands: Iterable[tuple[str, ...]], text: str) -> bool:
    """Hand `text` to each of the programs; whether any took it. Blocks: call it in a thread."""
    took = [_set_by_program(command, text) for command in commands]
    return any(took)


def _desktops_program(environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """The one of the desktop that the user sits at. Over SSH that here, if any, is another's."""
    for variable, command in _DESKTOPS:
        if (variable is None or environment.get(variable)) and shutil.which(command[0]):
            return command
    return None


def _set_by_program(command: tuple[str, ...], text: str) -> bool:
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
