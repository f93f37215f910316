"""Whether there is a terminal to draw on."""

import sys

from vibebox_tui.errors import UsageError


class NoTerminalError(UsageError):
    """The dashboard can't be drawn: an end of the terminal is redirected or missing."""

    def __init__(self) -> None:
        super().__init__(
            "the dashboard needs a terminal, but standard input or standard error is redirected;"
            " start it in a terminal (over SSH with `ssh -t`)"
        )


def require_terminal() -> None:
    """Raise NoTerminalError unless keys can be read and the screen be drawn.

    Textual reads from standard input and draws on standard error.
    """
    for stream in (sys.__stdin__, sys.__stderr__):
        if stream is None or not stream.isatty():
            raise NoTerminalError
