"""Which lines belong together: a stack trace or an indented text follows the line it explains."""

import re
from typing import Final

_FOLLOWS = re.compile(
    r"[ \t]+\S"
    r"|Caused by: |\.\.\. \d+ (?:more|common frames)"
    r"|(?:During handling of the above|The above) exception"
    r"|Suppressed: |stack backtrace:|note: run with `RUST_BACKTRACE"
)
"""What a line begins with that continues the one before it, whatever that was."""

_PYTHON_TRACE: Final = "Traceback (most recent call last):"
_PYTHON_CHAIN = re.compile(r"(?:During handling of the above|The above) exception")
_PYTHON_END = re.compile(r"[A-Za-z_][\w.]*(?:: |$)")
_GO_PANIC = re.compile(r"panic: |fatal error: |goroutine \d+ \[")
_GO_FRAME = re.compile(
    r"goroutine \d+ \[|[\w./*()\-{}·]+\(.*\)$|created by |exit status \d|\[signal |$"
)
_INDENT: Final = (" ", "\t")


class RecordReader:
    """Says of each line of one stream, in order, whether it continues the record before it."""

    def __init__(self) -> None:
        self._has_head = False
        self._in_python_trace = False
        self._in_go_panic = False
        self._head_is_error = False

    def continues(self, line: str, *, is_error: bool) -> bool:
        """Take the next line; `is_error` says that its own level is ERROR or worse.

        A Python traceback goes on until the line that names the exception, a Go panic until a
        line that is no frame. A traceback belongs to an error logged just before it.
        """
        if not self._has_head:
            return self._begin(line, is_error)
        if self._in_python_trace:
            return self._python(line)
        if self._in_go_panic and (line[:1] in _INDENT or _GO_FRAME.match(line)):
            return True
        if line.startswith(_PYTHON_TRACE) and self._head_is_error:
            self._in_python_trace = True
            return True
        if _FOLLOWS.match(line):
            return True
        return self._begin(line, is_error)

    def interrupt(self) -> None:
        """Something else came in between: what follows begins a new record."""
        self._has_head = self._in_python_trace = self._in_go_panic = False

    def _begin(self, line: str, is_error: bool) -> bool:
        self._has_head = True
        self._head_is_error = is_error
        self._in_python_trace = line.startswith(_PYTHON_TRACE)
        self._in_go_panic = is_error and _GO_PANIC.match(line) is not None
        return False

    def _python(self, line: str) -> bool:
        """A line of a traceback, up to the exception's name, which stands at the margin again."""
        if not line or line[:1] in _INDENT or line.startswith(_PYTHON_TRACE):
            return True
        if _PYTHON_CHAIN.match(line):
            return True
        self._in_python_trace = False
        if _PYTHON_END.match(line):
            return True
        return self._begin(line, False)
