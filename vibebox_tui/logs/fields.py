"""The fields of a structured line: JSON, or `key=value` pairs as in logfmt."""

import re
from typing import Any

import msgspec

Fields = dict[str, Any]
"""Names and values in their order; values of logfmt are text, those of JSON what JSON has."""

_decode = msgspec.json.Decoder().decode

_VALUE = r'=(?:"((?:[^"\\]|\\.)*)"|([^\s",\])}]*))'
_PAIR = re.compile(r"(?:(?<=\s)|^)([A-Za-z_@][\w.@/\-]*)" + _VALUE, re.ASCII)
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


class FieldReader:
    """Reads one field of many lines, without reading the others where that can be helped."""

    def __init__(self, path: str) -> None:
        """`path` is a key, or several with dots between them."""
        self.path = path
        self._last_key = path.rpartition(".")[2]
        self._name = f"{path}="
        self._value_at = re.compile(_VALUE, re.ASCII).match

    def read(self, line: str) -> Any:
        """The value in `line`, as `look_up(parse(line), path)` has it; None: not there."""
        if self._last_key not in line:
            return None
        if "{" in line and (fields := parse_json(line)) is not None:
            return look_up(fields, self.path)
        at = line.find(self._name)
        while at > 0 and not line[at - 1].isspace():
            at = line.find(self._name, at + 1)
        if at < 0:
            return None
        return self._value(line, at + len(self.path))

    def _value(self, line: str, at: int) -> str:
        found = self._value_at(line, at)
        assert found is not None, "what stands bare may be empty"
        quoted, bare = found.groups()
        return _unescape(quoted) if quoted else bare or ""


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
