"""Which lines belong together: a stack trace or an indented text follows the line it explains."""

import re
from enum import Enum, auto
from typing import Final

_FOLLOWS = re.compile(
    r"[ \t]+\S"
    r"|Caused by: |\.\.\. \d+ (?:more|common frames)"
    r"|(?:During handling of the above|The above) exception"
    r"|Suppressed: |stack backtrace:|note: run with `RUST_BACKTRACE"
)
"""What a line begins with that continues the one before it, whatever that was."""

_BEGINS_SO: Final = frozenset(" \tC.DTSsn")
"""Characters that such a line begins with, or a traceback."""

_PYTHON_TRACE: Final = "Traceback (most recent call last):"
_PYTHON_CHAIN = re.compile(r"(?:During handling of the above|The above) exception")
_JAVA_HEAD = re.compile(r"(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)(?::|$)")
_PYTHON_END = re.compile(r"[A-Za-z_][\w.]*(?:: |$)")
_GO_PANIC = re.compile(r"panic: |fatal error: |goroutine \d+ \[")
_GO_FRAME = re.compile(
    r"goroutine \d+ \[|[\w./*()\-{}·]+\(.*\)$|created by |exit status \d|\[signal |$"
)
_INDENT: Final = (" ", "\t")


class RecordReader:
    """Says of each line of one stream, in order, whether it continues the record before it."""

    def __init__(self) -> None:
        self._within = _Within.NOTHING
        self._head_is_error = False
        self._is_plain = False
        """Whether the record before isn't one that lines of just any beginning may continue."""

    @classmethod
    def within_whatever(cls) -> "list[RecordReader]":
        """A reader for each state that one may be in at a line of which one doesn't know what was
        before it: where none of them says that it continues something, it begins a record.
        """
        readers = []
        for within in _Within:
            for is_error in (False, True):
                reader = cls()
                reader._within, reader._head_is_error = within, is_error
                readers.append(reader)
        return readers

    def continues(self, line: str, *, is_error: bool) -> bool:
        """Take the next line; `is_error` says that its own level is ERROR or worse.

        A Python traceback goes on until the line that names the exception, and over the blank
        line to the next one of its chain; a Go panic goes on until a line that is no frame. A
        traceback belongs to an error logged just before it.
        """
        if self._is_plain and not is_error and line[:1] not in _BEGINS_SO:
            return False  # by far the most lines
        if self._within is _Within.NOTHING:
            return self._begin(line, is_error)
        if self._within is _Within.PYTHON_TRACE:
            return self._python(line, is_error)
        if self._goes_on(line):
            return True
        return self._begin(line, is_error)

    def interrupt(self) -> None:
        """Something else came in between: what follows begins a new record."""
        self._within = _Within.NOTHING
        self._is_plain = False

    def _begin(self, line: str, is_error: bool) -> bool:
        self._head_is_error = is_error
        if line.startswith(_PYTHON_TRACE):
            self._within = _Within.PYTHON_TRACE
        elif is_error and _GO_PANIC.match(line):
            self._within = _Within.GO_PANIC
        else:
            self._within = _Within.RECORD
        self._is_plain = self._within is _Within.RECORD and not is_error
        return False

    def _goes_on(self, line: str) -> bool:
        if self._within is _Within.PYTHON_END and (not line or _PYTHON_CHAIN.match(line)):
            return True
        if self._within is _Within.GO_PANIC and (line[:1] in _INDENT or _GO_FRAME.match(line)):
            return True
        belongs = self._head_is_error or self._within is _Within.PYTHON_END
        if belongs and line.startswith(_PYTHON_TRACE):
            self._within = _Within.PYTHON_TRACE
            return True
        if self._head_is_error and _JAVA_HEAD.match(line):
            return True
        return _FOLLOWS.match(line) is not None

    def _python(self, line: str, is_error: bool) -> bool:
        """A line of a traceback, up to the exception's name, which stands at the margin again."""
        if not line or line[:1] in _INDENT or line.startswith(_PYTHON_TRACE):
            return True
        if _PYTHON_END.match(line):
            self._within = _Within.PYTHON_END
            return True
        return self._begin(line, is_error)


class _Within(Enum):
    """What the lines before were part of."""

    NOTHING = auto()
    RECORD = auto()
    PYTHON_TRACE = auto()
    PYTHON_END = auto()
    """After the name of an exception, from which a chain may go on."""
    GO_PANIC = auto()
