"""Where the dashboard's recordings are, and what a new one is called."""

import re
import time
from pathlib import Path

from vibebox_tui.paths import recordings_directory

_UNFIT = re.compile(r"[^\w.-]+")
"""What isn't wanted in a file's name, slashes above all."""


def new_recording_path(name: str) -> Path:
    """A file that doesn't exist yet, named by what is recorded and by the time."""
    stem = _UNFIT.sub("-", name).strip("-.") or "terminal"
    moment = time.strftime("%Y%m%d-%H%M%S")
    path = recordings_directory() / f"{stem}-{moment}.cast"
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{stem}-{moment}-{number}.cast")
    return path


def recordings() -> list[Path]:
    """All recordings there are, the newest first."""
    found = recordings_directory().glob("*.cast")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
