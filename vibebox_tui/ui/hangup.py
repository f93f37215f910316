"""What happens when the terminal goes away: the dashboard ends, at once and cleanly."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from typing import Any, Final

_log = logging.getLogger(__name__)

END_SECONDS: Final = 0.8
"""How long the dashboard may take to end by itself; then it is ended."""

_SIGNALS: Final = (signal.SIGHUP, signal.SIGTERM)

_RESTORE: Final = (
    b"\x1b[<u\x1b[?2004l\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?1049l\x1b[?25h\x1b[?7h"
)
"""Undoes what the driver asked of the terminal: keyboard protocol, paste marks, mouse, focus
reports, alternate screen, hidden cursor, no line wrap."""


class TerminalGuard:
    """Calls `ended` with the exit status when the terminal is lost or the process is told to end.

    Should the process still be there `END_SECONDS` later, the terminal is put back as it was and
    the process ends without further ado: what runs on the server is not its own. Make one before
    the app starts, since it remembers the terminal as it is then.
    """

    def __init__(self, ended: Callable[[int], None]) -> None:
        self._ended = ended
        self._is_ending = False
        self._terminal = _descriptor()
        self._attributes = _attributes(self._terminal)

    def start(self) -> None:
        """Watch for signals, from the event loop's thread."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._end, number)

    def stop(self) -> None:
        """Watch no longer."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    def check(self) -> None:
        """Look whether the terminal is still there: not every loss comes with a signal."""
        if self._attributes is not None and _attributes(self._terminal) is None:
            self._end(signal.SIGHUP)

    def _end(self, number: signal.Signals) -> None:
        if self._is_ending:
            return
        self._is_ending = True
        _log.info("ending on %s", number.name)
        status = 128 + number
        last_resort = threading.Timer(END_SECONDS, self._end_now, [status])
        last_resort.daemon = True
        last_resort.start()
        self._ended(status)

    def _end_now(self, status: int) -> None:
        with contextlib.suppress(OSError, termios.error):
            os.set_blocking(self._terminal, False)
            os.write(self._terminal, _RESTORE)
            if self._attributes is not None:
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._attributes)
        os._exit(status)


def _descriptor() -> int:
    try:
        return sys.__stdin__.fileno() if sys.__stdin__ else -1
    except ValueError:
        return -1


def _attributes(terminal: int) -> list[Any] | None:
    try:
        return termios.tcgetattr(terminal)
    except (termios.error, ValueError, OverflowError):
        return None
