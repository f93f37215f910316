"""What one types to filter: words, expressions and conditions on fields, all of which must hold.

    level>=warn status>=500 path~/api !health "connection refused"

A term is a regular expression, or a field, an operator and a value; `!` before it turns it round.
Quotes keep blanks together. Operators are `=` `!=` `<` `<=` `>` `>=` and, for an expression in the
field's value, `~` `!~`. `level` and `stream` are facts of the line itself, any other field is one
of JSON (with dots between the keys) or logfmt; a line without it never passes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, Protocol

from vibebox_tui.logs.batch import Batch, Indices
from vibebox_tui.logs.chunk import LEVEL_BITS, STDERR
from vibebox_tui.logs.fields import FieldReader, as_text
from vibebox_tui.logs.levels import BY_WORD, Level
from vibebox_tui.logs.patterns import Pattern, PatternError


class Term(Protocol):
    """One condition on a line."""

    def select(self, batch: Batch, among: Indices) -> Indices:
        """Those of the lines `among` for which it holds, in their order."""


class ExpressionError(PatternError):
    """A filter can't be understood; `position` is the index of the character where."""


def parse_expression(source: str) -> list[Term]:
    """The terms of `source`; none if it is blank.

    Raises:
        ExpressionError: it is wrong somewhere.
    """
    terms: list[Term] = []
    position = 0
    while position < len(source):
        if source[position].isspace():
            position += 1
            continue
        found = _TERM.match(source, position)
        assert found is not None, "the last alternative matches anything but a blank"
        terms.append(_term(found))
        position = found.end()
    return terms


@dataclass(frozen=True, slots=True)
class TextTerm:
    """The line contains a pattern."""

    pattern: Pattern

    def select(self, batch: Batch, among: Indices) -> Indices:
        hits = self.pattern.select(batch)
        if len(among) == len(batch):
            return hits
        kept = set(hits)
        return [index for index in among if index in kept]


@dataclass(frozen=True)
class LevelTerm:
    """The line's level compares so to another one."""

    compare: Callable[[int, int], bool]
    level: Level

    def select(self, batch: Batch, among: Indices) -> Indices:
        return _by_flags(batch, among, self._passing)

    @cached_property
    def _passing(self) -> bytes:
        return bytes(self._passes(flags & LEVEL_BITS) for flags in range(256))

    def _passes(self, level: int) -> bool:
        return level <= Level.FATAL and self.compare(Level(level).rank, self.level.rank)


@dataclass(frozen=True, slots=True)
class StreamTerm:
    """The line came over this stream."""

    stderr: bool

    def select(self, batch: Batch, among: Indices) -> Indices:
        return _by_flags(batch, among, _OVER_STDERR if self.stderr else _OVER_STDOUT)


FEW: Final = 8
"""Where less than one line in so many is left, each is read by itself."""

KNOWN_VALUES: Final = 4096
"""Values of which a term remembers whether they fit: most fields have few."""


@dataclass(frozen=True)
class FieldTerm:
    """A field of the line has a value for which `holds` is true."""

    field: FieldReader
    holds: Callable[[Any], bool]

    def select(self, batch: Batch, among: Indices) -> Indices:
        if len(among) * FEW < len(batch):
            values = {index: self.field.read(batch.lines[index]) for index in among}
        else:
            values = self.field.read_all(batch)
        hits = [index for index, value in values.items() if self._fits(value)]
        hits.sort()  # pairs were found before JSON
        if len(among) == len(batch):
            return hits
        kept = set(among)
        return [index for index in hits if index in kept]

    def _fits(self, value: Any) -> bool:
        if type(value) is str:
            return self._text_holds(value)
        return value is not None and self.holds(value)

    @cached_property
    def _text_holds(self) -> Callable[[str], bool]:
        return lru_cache(KNOWN_VALUES)(self.holds)


@dataclass(frozen=True, slots=True)
class NotTerm:
    """The opposite of a term."""

    term: Term

    def select(self, batch: Batch, among: Indices) -> Indices:
        hits = set(self.term.select(batch, among))
        return [index for index in among if index not in hits]


# --- reading -------------------------------------------------------------------------------

_TERM = re.compile(
    r"(?P<not>!?)(?:"
    r"(?P<path>[A-Za-z_@][\w.@\-]*)(?P<operator>!=|!~|<=|>=|=|<|>|~)"
    r'(?:"(?P<quoted_value>[^"]*)"|(?P<value>[^\s"]+))(?=\s|$)'
    r'|"(?P<quoted>[^"]+)"(?=\s|$)'
    r"|(?P<text>\S+))"
)
_CUT_OFF = re.compile(r"[A-Za-z_@][\w.@\-]*(?:!=|!~|<=|>=|=|<|>|~)")
"""A condition of which the value isn't typed yet."""

_NO_VALUE: Final = "what it is compared to is missing"

_COMPARE: Final = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_STREAMS: Final = {"stdout": False, "out": False, "stderr": True, "err": True}


def _term(found: re.Match[str]) -> Term:
    if found["path"]:
        term = _condition(found)
    else:
        group = "quoted" if found["quoted"] else "text"
        term = TextTerm(_pattern(found, group))
    return NotTerm(term) if found["not"] else term


def _condition(found: re.Match[str]) -> Term:
    path, operator = found["path"], found["operator"]
    if found["value"] in ("=", "~"):  # the second half of an operator, and nothing behind it
        raise ExpressionError(_NO_VALUE, found.end())
    if operator in ("~", "!~"):
        return _matching(found)
    if path == "level":
        return LevelTerm(_COMPARE[operator], _level(found))
    if path == "stream":
        term = StreamTerm(_stream(found))
        return NotTerm(term) if operator == "!=" else term
    return FieldTerm(FieldReader(path), _comparison(operator, found[_value_group(found)]))


def _matching(found: re.Match[str]) -> Term:
    pattern = _pattern(found, _value_group(found))
    wanted = found["operator"] == "~"
    return FieldTerm(
        FieldReader(found["path"]), lambda value: pattern.matches(as_text(value)) is wanted
    )


def _value_group(found: re.Match[str]) -> str:
    return "value" if found["value"] is not None else "quoted_value"


def _pattern(found: re.Match[str], group: str) -> Pattern:
    source = found[group]
    if group == "text" and (cut_off := _CUT_OFF.fullmatch(source)):
        raise ExpressionError(
            "what it is compared to is missing", found.start(group) + cut_off.end()
        )
    if group == "text" and source == "!":
        raise ExpressionError("nothing to exclude", found.start(group))
    try:
        return Pattern(source)
    except PatternError as error:
        raise ExpressionError(error.reason, found.start(group) + error.position) from None


def _level(found: re.Match[str]) -> Level:
    group = _value_group(found)
    if level := BY_WORD.get(found[group].lower()):
        return level
    raise ExpressionError("no level: trace debug info warn error fatal", found.start(group))


def _stream(found: re.Match[str]) -> bool:
    group = _value_group(found)
    if found["operator"] not in ("=", "!="):
        raise ExpressionError("a stream is = or !=", found.start("operator"))
    if found[group] not in _STREAMS:
        raise ExpressionError("no stream: stdout or stderr", found.start(group))
    return _STREAMS[found[group]]


def _comparison(operator: str, wanted: str) -> Callable[[Any], bool]:
    """Compare as numbers where both sides are numbers, else as text (`=` and `!=`: in any case)."""
    compare = _COMPARE[operator]
    number = _number(wanted)

    lowered = wanted.lower()

    def holds(value: Any) -> bool:
        if number is not None and (other := _number(value)) is not None:
            return bool(compare(other, number))
        return bool(compare(as_text(value).lower(), lowered))

    return holds


def _number(value: Any) -> float | None:
    """A number, also one that is written as text; truth values are none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


_OVER_STDERR: Final = bytes(bool(flags & STDERR) for flags in range(256))
_OVER_STDOUT: Final = bytes(not flags & STDERR for flags in range(256))


def _by_flags(batch: Batch, among: Indices, passing: bytes) -> Indices:
    """Select by the flags, of which `passing` tells each value whether it passes."""
    if len(among) == len(batch):
        return batch.having(passing)
    kept = batch.flags.translate(passing)
    return [index for index in among if kept[index]]
