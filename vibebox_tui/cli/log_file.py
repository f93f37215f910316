"""The dashboard's own log: a file in the state directory, since its terminal is taken."""

import logging
import logging.handlers
import os
from pathlib import Path
from typing import Final

from vibebox_tui import paths
from vibebox_tui.errors import UsageError

LEVEL_VARIABLE: Final = "VIBEBOX_LOG_LEVEL"
"""The environment variable that says how much is logged: debug, info, warning or error."""

LOG_BYTES: Final = 1024 * 1024
"""A longer file is put aside, and replaces the one before it."""

_FORMAT: Final = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


def log_to_file() -> Path:
    """Send what is logged to `dashboard.log` in the state directory; return its path.

    Of libraries, and of Python's own warnings, only what is a warning or worse: it has to go
    somewhere, since what goes to standard error would end up in the middle of the screen.

    Raises:
        UsageError: the level that the environment asks for isn't one.
        OSError: the file can't be written.
    """
    file = paths.private_directory(paths.state_directory()) / "dashboard.log"
    handler = logging.handlers.RotatingFileHandler(
        file, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter(_FORMAT))
    logging.getLogger().addHandler(handler)
    logging.getLogger("vibebox_tui").setLevel(_level())
    logging.captureWarnings(True)
    return file


def _level() -> int:
    name = os.environ.get(LEVEL_VARIABLE, "info").upper()
    try:
        return logging.getLevelNamesMapping()[name]
    except KeyError:
        known = "debug, info, warning or error"
        raise UsageError(f"{LEVEL_VARIABLE} is {name.lower()!r}; give {known}") from None
