"""The fields of a structured line: JSON, or `key=value` pairs as in logfmt."""

import re
from typing import Any

import msgspec

Fields = dict[str, Any]
"""Names and values in their order; values of logfmt are text, those of JSON what JSON has."""

_decode = msgspec.json.Decoder().decode

_PAIR = re.compile(
    r'(?:(?<=\s)|^)([A-Za-z_@][\w.@/\-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s",\])}]*))', re.ASCII
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def parse_json(line: str) -> Fields | None:
    """The object that the line consists of, whatever stands before it; None where there is none.

    Before the object there may be a prefix such as a time or a name, if it has no brace.
    """
    start = line.find("{")
    if start < 0 or not line.rstrip().endswith("}"):
        return None
    try:
        value = _decode(line[start:])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return value if isinstance(value, dict) else None


def parse_logfmt(line: str) -> Fields:
    """Every `key=value` and `key="a value"` in the line, the first of equal keys."""
    fields: Fields = {}
    for key, quoted, bare in _PAIR.findall(line):
        fields.setdefault(key, _unescape(quoted) if quoted else bare)
    return fields


def parse(line: str) -> Fields:
    """The fields of a line in whichever form it has them; empty where it has none."""
    if (fields := parse_json(line)) is not None:
        return fields
    return parse_logfmt(line) if "=" in line else {}


def look_up(fields: Fields, path: str) -> Any:
    """The value at `path`: a key as it is, else keys with dots between them; None: not there."""
    if path in fields:
        return fields[path]
    value: Any = fields
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def as_text(value: Any) -> str:
    """A value as one writes it in a filter: text bare, everything else as JSON."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)
