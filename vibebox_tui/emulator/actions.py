"""What a sequence means: its characters as a call of the screen, worked out once."""

import re
from collections.abc import Callable
from functools import partial

from .commands import CONTROLS, CSI, DESIGNATIONS, ESCAPES, SHIFTS, STRINGS
from .screen import Screen
from .sgr import Rendition

Action = Callable[[], object]

LONGEST_SEQUENCE = 1024
"""Characters of a CSI or escape sequence that is taken seriously; a longer one is ignored."""

LONGEST_STRING = 1 << 20
"""Characters kept of an OSC or DCS; a longer one is swallowed to its end and ignored."""

_MOST_REMEMBERED = 4096
"""Sequences whose call is remembered; more distinct ones than that are no program's habit."""

_LONGEST_REMEMBERED = 48
"""Characters of a sequence worth remembering."""

_LARGEST_PARAMETER = 65_535

_CSI_BODY = re.compile("([<=>?]?)([0-9:;]*)([ -/]*)")

_ESC, _BEL, _ST = "\x1b", "\x07", "\x1b\\"

_STRING_INTRODUCERS = frozenset(_ESC + kind for kind in "]PX^_")
"""Of OSC, DCS, SOS, PM and APC."""


class Actions(dict[str, Action | Rendition]):
    """The calls of one screen by complete sequence or control character; look it up."""

    __slots__ = ("screen",)

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.screen = screen

    def __missing__(self, token: str) -> Action | Rendition:
        if token[:2] in _STRING_INTRODUCERS:  # mostly titles and the like, never the same again
            by_bell = token[-1] == _BEL
            body = token[2 : -len(_BEL if by_bell else _ST)]
            return self.string(token[1], body, by_bell=by_bell)
        action = self._worked_out(token)
        if len(token) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[token] = action
        return action

    def perform(self, token: str) -> None:
        """Do what a complete sequence or a control character says."""
        action = self[token]
        if isinstance(action, Rendition):
            self.screen.style = action[self.screen.style]
        else:
            action()

    def string(self, kind: str, body: str, *, by_bell: bool) -> Action:
        """The call for an OSC, DCS, SOS, PM or APC, named by what follows its ESC."""
        if len(body) > LONGEST_STRING:
            return partial(self.screen.refuse_system_command, body) if kind == "]" else _do_nothing
        if kind == "]":
            return partial(self.screen.system_command, body, by_bell=by_bell)
        for prefix, name in STRINGS.get(kind, {}).items():
            if body.startswith(prefix):
                return partial(getattr(self.screen, name), body[len(prefix) :])
        return _do_nothing

    def _worked_out(self, token: str) -> Action | Rendition:
        if token[0] != _ESC:
            return self._control(token)
        if token[1] == "[":
            return self._control_sequence(token)
        rest = token[1:]
        if rest in SHIFTS:
            return self._shift(rest)
        if rest[0] in DESIGNATIONS and len(rest) > 1:
            return partial(self.screen.designate, DESIGNATIONS[rest[0]], rest[1:])
        return self._method(ESCAPES.get(rest))

    def _control(self, token: str) -> Action:
        """A control character, or newlines by the run."""
        if len(token) > 1 and token[0] == "\n":
            return partial(self.screen.line_feeds, len(token))
        if len(token) > 2:
            return partial(self.screen.new_lines, len(token) // 2)
        return self._shift(token) if token in SHIFTS else self._method(CONTROLS.get(token))

    def _control_sequence(self, token: str) -> Action | Rendition:
        final = token[-1]
        match = _CSI_BODY.fullmatch(token, 2, len(token) - 1)
        if match is None or len(token) > LONGEST_SEQUENCE + 3:
            return _do_nothing
        prefix, parameters, intermediates = match.groups()
        name = prefix + intermediates + final
        if name == "m":
            return Rendition(parameters)
        if name not in CSI or ":" in parameters:
            return _do_nothing
        method, most = CSI[name]
        numbers = parameters.split(";")[:most] if parameters else []
        return partial(getattr(self.screen, method), *map(_number, numbers))

    def _shift(self, token: str) -> Action:
        name, number = SHIFTS[token]
        return partial(getattr(self.screen, name), number)

    def _method(self, name: str | None) -> Action:
        return getattr(self.screen, name) if name else _do_nothing


def _do_nothing() -> None:
    """A sequence that isn't known."""


def _number(text: str) -> int:
    return min(int(text[-9:]), _LARGEST_PARAMETER) if text else 0
