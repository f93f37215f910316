"""What the server logs, and in which form: text for people, a JSON object a line for programs.

Ids of connections, users and environments, never a token, a query string or a terminal's content.
"""

import json
import logging
from datetime import UTC, datetime
from typing import IO, Any, Final

FACTS: Final = ("event", "user", "client", "address", "method", "path", "status", "endpoint")
"""What a record may have beside its sentence, given as `extra`."""

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


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
        line |= {fact: getattr(record, fact) for fact in FACTS if hasattr(record, fact)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def keep(stream: IO[str], *, verbose: bool) -> None:
    """Log to `stream`: text where that is a terminal, JSON otherwise."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(_TEXT) if stream.isatty() else JsonFormatter())
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, handlers=[handler])
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
