"""The fields of a structured line: JSON, or `key=value` pairs as in logfmt."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from vibebox_tui.logs.batch import Batch

Fields = dict[str, Any]
"""Names and values in their order; values of logfmt are text, those of JSON what JSON has."""

_decode = msgspec.json.Decoder().decode

_VALUE = r'=(?:"((?:[^"\\\n]|\\.)*)"|([^\s",\])}]*))'
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
        literal = re.escape(path)  # first in the expression: it is searched for much faster
        self._pair = re.compile(rf"{literal}(?<!\S{literal}){_VALUE}", re.ASCII)
        first = path.partition(".")[0]
        names = dict.fromkeys((path, first))  # the only keys that a path can begin with
        wanted = msgspec.defstruct(
            "Wanted",
            [(f"key{number}", Any, None) for number in range(len(names))],
            rename={f"key{number}": name for number, name in enumerate(names)},
        )
        self._decode: Callable[[str], Any] = msgspec.json.Decoder(wanted).decode
        self._below = path.split(".")[1:]

    def read(self, line: str) -> Any:
        """The value in `line`, as `look_up(parse(line), path)` has it; None: not there."""
        if self._last_key not in line:
            return None
        if "{" in line:
            is_json, value = self._of_json(line)
            if is_json:
                return value
        pair = self._pair.search(line)
        return _text_of(pair) if pair else None

    def read_all(self, batch: Batch) -> dict[int, Any]:
        """The value in each line of `batch` that has one, by the line's index."""
        if self._last_key not in batch.text:
            return {}
        values: dict[int, Any] = dict(self._pairs(batch.text))
        if "{" not in batch.text:
            return values
        for index, line in enumerate(batch.lines):
            if "{" in line and self._last_key in line:
                is_json, value = self._of_json(line)
                if is_json and value is None:
                    values.pop(index, None)
                elif is_json:
                    values[index] = value
        return values

    def _pairs(self, text: str) -> Iterator[tuple[int, str]]:
        """The first pair in each line of `text` as the line's index and the value."""
        line, last, counted = 0, -1, 0
        for pair in self._pair.finditer(text):
            at = pair.start()
            line += text.count("\n", counted, at)
            counted = at
            if line != last:
                last = line
                yield line, _text_of(pair)

    def _of_json(self, line: str) -> tuple[bool, Any]:
        """Whether a line is JSON, and the value in it."""
        if not line.rstrip().endswith("}"):
            return False, None
        try:
            found = self._decode(line[line.find("{") :])
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return False, None
        value = found.key0
        if value is None and self._below:
            value = found.key1
            for key in self._below:
                value = value.get(key) if isinstance(value, dict) else None
        return True, value


def _text_of(pair: re.Match[str]) -> str:
    """The value of a logfmt pair."""
    quoted, bare = pair.groups()
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
