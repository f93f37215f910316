"""A line as a person reads it: structured ones with their message first and their fields behind."""

import re
from typing import Any, Final, NamedTuple

from vibebox_tui.logs.ansi import PLAIN, Ink, spans, strip_sequences
from vibebox_tui.logs.fields import Fields, as_text, parse, parse_json

MESSAGE_KEYS: Final = ("msg", "message", "@m", "event", "textPayload", "log", "error")
"""Where the usual loggers put the message, in the order in which it is looked for."""

_HEAD_KEYS: Final = frozenset(
    {
        *("level", "severity", "lvl", "levelname", "loglevel", "log.level", "severityText"),
        *("@l", "@level", "time", "ts", "timestamp", "@timestamp", "@t", "datetime", "asctime"),
    }
)
"""Fields that a line's time and level already show."""

_LONG_LINE: Final = 10_000
"""Characters beyond which a JSON line is shown as it came: parsing it takes too long to draw."""

_KEY = re.compile(r"(?:(?<=\s)|^)[A-Za-z_@][\w.@/\-]*=(?=[^\s=])")


class Piece(NamedTuple):
    """Text to draw, fit for cells; `is_name` where it is only the name of a field."""

    text: str
    ink: Ink = PLAIN
    is_name: bool = False


def pieces(text: str) -> list[Piece]:
    """What to draw for a line: JSON as message and `name=value`, anything else as it came."""
    if "{" in text and len(text) <= _LONG_LINE and (fields := parse_json(text)):
        return _of_fields(text[: text.find("{")], fields)
    if "=" in text and "\x1b" not in text and "\t" not in text:
        return _with_names(text)
    return [Piece(*span) for span in spans(text)]


def tree(text: str, indent: str = "  ") -> list[list[Piece]]:
    """The fields of a line, JSON or logfmt, as one row each, nested ones deeper; empty for lines
    that have none.
    """
    fields = parse(strip_sequences(text))
    return list(_branches(fields, indent, indent)) if fields else []


def _of_fields(prefix: str, fields: Fields) -> list[Piece]:
    shown: list[Piece] = [Piece(*span) for span in spans(prefix)]
    message = next((key for key in MESSAGE_KEYS if isinstance(fields.get(key), str)), None)
    if message is not None:
        shown.extend(Piece(*span) for span in spans(fields[message]))
    for key, value in fields.items():
        if key != message and key not in _HEAD_KEYS:
            shown.extend(_pair(key, value, separate=bool(shown)))
    return shown or [Piece(*span) for span in spans(as_text(fields))]


def _pair(key: str, value: Any, *, separate: bool) -> list[Piece]:
    name = "".join(span.text for span in spans(key))
    text = as_text(value)
    if isinstance(value, str) and (not text or any(mark in text for mark in ' ="')):
        text = as_text([value])[1:-1]
    lead = "  " if separate else ""
    return [Piece(f"{lead}{name}=", is_name=True), *(Piece(*span) for span in spans(text))]


def _with_names(text: str) -> list[Piece]:
    """A line as it came, the names of its logfmt pairs told apart."""
    shown: list[Piece] = []
    start = 0
    for name in _KEY.finditer(text):
        shown.extend(Piece(*span) for span in spans(text[start : name.start()]))
        shown.append(Piece(name[0], is_name=True))
        start = name.end()
    shown.extend(Piece(*span) for span in spans(text[start:]))
    return shown


def _branches(value: Any, lead: str, indent: str) -> "list[list[Piece]]":
    """Rows for an object or a list, each beginning with `lead`."""
    rows: list[list[Piece]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in items:
        name = "".join(span.text for span in spans(str(key)))
        if isinstance(below, dict | list) and below:
            rows.append([Piece(f"{lead}{name}:", is_name=True)])
            rows.extend(_branches(below, lead + indent, indent))
        else:
            text = below if isinstance(below, str) else as_text(below)
            rows.append([Piece(f"{lead}{name}: ", is_name=True), *(Piece(*s) for s in spans(text))])
    return rows
