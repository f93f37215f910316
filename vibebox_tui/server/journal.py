"""What the server logs, and in which form: text for people, a JSON object a line for programs.

Ids of connections, users and environments, never a token, a query string or a terminal's content.
"""

import json
import logging
import re
from contextvars import Context, ContextVar
from datetime import UTC, datetime
from typing import IO, Any, Final

FACTS: Final = (
    "event", "user", "client", "request", "address", "method", "path", "status", "endpoint",
)  # fmt: skip
"""What a record may have beside its sentence, given as `extra` or by what it came about in."""

_SHOWN: Final = ("client", "request", "user")
"""Of these, what text has behind the sentence where that doesn't say it."""

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What could end a line, or be obeyed by the terminal of who reads it."""

_CONTROL_BUT_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")

_about: ContextVar[dict[str, str]] = ContextVar("about")

NOBODY: Final = Context()
"""For callbacks that serve many connections: what is logged there is about none of them."""


def about(facts: dict[str, str]) -> None:
    """Have every record from here on, in this task and what it starts, be about `facts`.

    They may change later; whoever has them clears them at the end of what they name.
    """
    _about.set(facts)


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a record has beside its sentence, in the order of `FACTS`."""
    known = dict(_about.get({})) | record.__dict__
    return {fact: known[fact] for fact in FACTS if fact in known}


class JsonFormatter(logging.Formatter):
    """One JSON object a record: `time` (RFC 3339, UTC), `level`, `logger`, `message`, its facts."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= facts_of(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _CONTROL.sub(_escaped, json.dumps(line, ensure_ascii=False, default=str))


class TextFormatter(logging.Formatter):
    """A line for people, on which nothing that came from outside can draw or begin another."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """The record's line, with what it is about where the sentence doesn't say so."""
        facts = facts_of(record)
        missing = [f"{name} {facts[name]}" for name in _SHOWN if name in facts]
        said = super().formatMessage(record)
        if missing and "event" not in facts:
            said = f"{said} [{', '.join(missing)}]"
        return _CONTROL.sub(_escaped, said)

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it the traceback of an exception."""
        return _CONTROL_BUT_LINES.sub(_escaped, super().format(record))


def keep(stream: IO[str], *, verbose: bool) -> None:
    """Log to `stream`: text where that is a terminal, JSON otherwise."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter() if stream.isatty() else JsonFormatter())
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, handlers=[handler])
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
