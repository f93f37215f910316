"""The parser: text into runs and sequences, sequences into calls of the screen.

Well-formed sequences are cut out by one regular expression and each is worked out once: the same
characters mean the same call ever after. Whatever else arrives (sequences split over chunks,
with control characters in them, cut short, too long) goes through a state machine, the one that
DEC's terminals have (vt100.net, "a parser for DEC's ANSI-compatible video terminals"). Both end
in the same calls, so how the input is split makes no difference.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum, auto
from functools import partial

import pyte

from .commands import (
    CAPABILITY_REQUEST,
    CONTROLS,
    CSI,
    ESCAPES,
    SETTING_REQUEST,
    SHIFTS,
)
from .flood import find_flood, skip
from .screen import Screen
from .sgr import Rendition

Action = Callable[[], object]

_MOST_ACTIONS = 4096
"""Sequences whose call is remembered; more distinct ones than that are no program's habit."""

_LONGEST_REMEMBERED = 48
"""Characters of a sequence worth remembering: longer ones are titles and the like."""

_LONGEST_SEQUENCE = 1024
"""Characters of a CSI or escape sequence that is taken seriously; a longer one is ignored."""

_LONGEST_STRING = 1 << 20
"""Characters kept of an OSC or DCS; a longer one is swallowed to its end and ignored."""

_LARGEST_PARAMETER = 65_535

_CONTROL = "\\x00-\\x1f\\x7f-\\x9f\\udc80-\\udc9f"
"""Control characters for a character class: C0, DEL, C1, and C1 bytes that were no UTF-8."""

_TOKENS = re.compile(
    f"([{_CONTROL}](?:"
    "(?<=\r)\n(?:\r\n)*"
    "|(?<=\n)\n+"
    "|(?<=\x1b)(?:"
    "\\[[0-?]*[ -/]*[@-~]"
    "|[ -/]*[0-OQ-WYZ\\\\`-~]"
    f"|\\][^{_CONTROL}]*(?:\x07|\x1b\\\\)"
    f"|[PX^_][^{_CONTROL}]*\x1b\\\\"
    "))?)"
)
"""What is not text: control characters and the sequences that they begin, newlines by the run. An
ESC that begins nothing complete stands alone and starts the machine. That the pattern begins with
a set of characters is what makes the search for the next token fast."""

_CSI_BODY = re.compile("([<=>?]?)([0-9:;]*)([ -/]*)")

_ESC, _BEL, _DEL, _CSI, _ST = "\x1b", "\x07", "\x7f", "\x9b", "\x9c"
_CANCELS = ("\x18", "\x1a")
"""CAN and SUB: what is under way is dropped."""

_STRINGS = "]PX^_"
"""What follows the ESC of OSC, DCS, SOS, PM and APC."""

_STRING_INTRODUCERS = frozenset(_ESC + kind for kind in _STRINGS)
_C1_STRINGS = {"\x9d": "]", "\x90": "P", "\x98": "X", "\x9e": "^", "\x9f": "_"}
_RAW = tuple(map(chr, range(0xDC80, 0xDCA0)))
_MACHINE_STARTS = frozenset((_ESC, _CSI, *_C1_STRINGS, *_RAW))


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    CSI = auto()
    STRING = auto()
    STRING_ESCAPE = auto()


class Stream(pyte.Stream):
    """Feeds one screen."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.screen = screen
        self._actions: dict[str, Action | Rendition] = {}
        self._state = _State.GROUND
        self._string_kind = ""
        self._collected: list[str] = []
        self._length = 0
        """Characters collected, including those that were too many to keep."""

    @property
    def at_rest(self) -> bool:
        """Whether no sequence has begun that isn't complete."""
        return self._state is _State.GROUND

    def feed(self, data: str) -> None:
        """Take text; C1 bytes that were no UTF-8 come in it as lone surrogates."""
        if data.count("\n") > self.screen.lines:
            self._feed_lines(data)
        else:
            self._feed(data)

    def _feed_lines(self, data: str) -> None:
        """Take text with many lines in it: most will scroll away, some needn't even be drawn."""
        while (flood := find_flood(data, self.screen)) is not None:
            self._feed(data[: flood.start])
            skipped = self._state is _State.GROUND and skip(flood, data, self.screen)
            self._feed_some_lines(data[flood.end if skipped else flood.start : flood.stop])
            data = data[flood.stop :]
        self._feed_some_lines(data)

    def _feed_some_lines(self, data: str) -> None:
        if self._state is not _State.GROUND or "\x1b" in data or not _is_plain(data):
            self._feed(data)
            return
        head, *texts, tail = data.split("\r\n")
        self._feed(f"{head}\r\n")
        self.screen.draw_lines(texts)
        self._feed(tail)

    def _feed(self, data: str) -> None:
        """Take text piece by piece."""
        screen, actions, draw = self.screen, self._actions, self.screen.draw
        pieces = iter(_TOKENS.split(data))
        text: str = next(pieces)
        if self._state is not _State.GROUND:
            text = self._advance(text, pieces, is_text=True)
        if text:
            draw(text)
        for token in pieces:
            action = actions.get(token)
            if action is None and token in _MACHINE_STARTS:
                text = self._advance(token, pieces, is_text=False)
            else:
                if action is None:
                    action = self._action(token)
                if isinstance(action, Rendition):
                    screen.style = action[screen.style]
                else:
                    action()
                text = next(pieces)
            if text:
                draw(text)

    def _advance(self, piece: str, pieces: Iterator[str], *, is_text: bool) -> str:
        """Run the machine until it rests; the text that then follows, up to the next token."""
        while True:
            if is_text and self._state is _State.STRING:
                self._collect(piece)
            else:
                for place, character in enumerate(piece, 1):
                    self._step(character)
                    if is_text and self._state is _State.GROUND:
                        return piece[place:]
            following = next(pieces, None)
            if following is None:
                return ""
            if self._state is _State.GROUND and not is_text:
                return following
            piece, is_text = following, not is_text

    def _step(self, character: str) -> None:
        character = self._recognised(character)
        if character in _CANCELS:
            self._state = _State.GROUND
        elif character == _ESC:
            in_string = self._state is _State.STRING
            self._state = _State.STRING_ESCAPE if in_string else self._begin(_State.ESCAPE)
        elif "\x80" <= character <= "\x9f":
            self._step_c1(character)
        else:
            _STEPS[self._state](self, character)

    def _step_c1(self, character: str) -> None:
        """A C1 control ends whatever was under way; ST ends a string well."""
        if character == _ST and self._state is _State.STRING:
            self._end_string()
        elif character == _CSI:
            self._state = self._begin(_State.CSI)
        elif character in _C1_STRINGS:
            self._begin_string(_C1_STRINGS[character])
        else:
            self._state = _State.GROUND
            self._execute(character)

    def _step_ground(self, character: str) -> None:
        if character < " " or character == _DEL:
            self._execute(character)
        else:
            self.screen.draw(character)

    def _step_escape(self, character: str) -> None:
        if character < " ":
            self._execute(character)
        elif character <= "/":
            self._collect(character)
        elif character == "[" and not self._length:
            self._state = self._begin(_State.CSI)
        elif character in _STRINGS and not self._length:
            self._begin_string(character)
        else:
            self._finish(_ESC, character)

    def _step_csi(self, character: str) -> None:
        if character < " ":
            self._execute(character)
        elif character <= "?":
            self._collect(character)
        else:
            self._finish(_ESC + "[", character)

    def _step_string(self, character: str) -> None:
        if character == _BEL and self._string_kind == "]":
            self._end_string()
        elif character >= " " and character != _DEL:
            self._collect(character)

    def _step_string_escape(self, character: str) -> None:
        """After an ESC in a string: its end, or the begin of something else."""
        if character == "\\":
            self._end_string()
        else:
            self._state = self._begin(_State.ESCAPE)
            self._step_escape(character)

    def _begin(self, state: _State) -> _State:
        self._collected.clear()
        self._length = 0
        return state

    def _begin_string(self, kind: str) -> None:
        self._state = self._begin(_State.STRING)
        self._string_kind = kind

    def _collect(self, text: str) -> None:
        self._length += len(text)
        longest = _LONGEST_STRING if self._state is _State.STRING else _LONGEST_SEQUENCE
        if self._length <= longest:
            self._collected.append(text)

    def _finish(self, introducer: str, final: str) -> None:
        """A sequence is complete, or broken off by a character that can't be in one."""
        self._state = _State.GROUND
        if final == _DEL:
            self._state = _State.CSI if introducer != _ESC else _State.ESCAPE
        elif final > _DEL:
            self.screen.draw(final)
        elif self._length <= _LONGEST_SEQUENCE:
            self._execute(f"{introducer}{''.join(self._collected)}{final}")

    def _end_string(self) -> None:
        self._state = _State.GROUND
        if self._length <= _LONGEST_STRING:
            self._execute_string(self._string_kind, "".join(self._collected))

    def _execute(self, token: str) -> None:
        action = self._actions.get(token) or self._action(token)
        if isinstance(action, Rendition):
            self.screen.style = action[self.screen.style]
        else:
            action()

    def _action(self, token: str) -> Action | Rendition:
        """What a token means, remembered for the next time."""
        if token[:2] in _STRING_INTRODUCERS:
            return partial(self._execute_string, token[1], token[2:].rstrip("\x07\x1b\\"))
        action = self._worked_out(token)
        if len(token) <= _LONGEST_REMEMBERED:
            if len(self._actions) >= _MOST_ACTIONS:
                self._actions.clear()
            self._actions[token] = action
        return action

    def _worked_out(self, token: str) -> Action | Rendition:
        if token[0] != _ESC:
            return self._control(token)
        if token[1] == "[":
            return self._control_sequence(token)
        rest = token[1:]
        if rest in SHIFTS:
            name, number = SHIFTS[rest]
            return partial(getattr(self.screen, name), number)
        if rest[0] in "()*+-./" and len(rest) > 1:
            return partial(self.screen.define_charset, rest[1:], rest[0])
        return self._method(ESCAPES.get(rest))

    def _control(self, token: str) -> Action:
        if len(token) > 1 and token[0] == "\n":
            return partial(self.screen.line_feeds, len(token))
        if len(token) > 2:
            return partial(self.screen.new_lines, len(token) // 2)
        if token in SHIFTS:
            name, number = SHIFTS[token]
            return partial(getattr(self.screen, name), number)
        return self._method(CONTROLS.get(token))

    def _control_sequence(self, token: str) -> Action | Rendition:
        final = token[-1]
        match = _CSI_BODY.fullmatch(token, 2, len(token) - 1)
        if match is None or len(token) > _LONGEST_SEQUENCE + 3:
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

    def _method(self, name: str | None) -> Action:
        return getattr(self.screen, name) if name else _do_nothing

    def _execute_string(self, kind: str, body: str) -> None:
        if len(body) > _LONGEST_STRING:
            return
        if kind == "]":
            self.screen.system_command(body)
        elif kind == "P" and body.startswith(SETTING_REQUEST):
            self.screen.report_setting(body[len(SETTING_REQUEST) :])
        elif kind == "P" and body.startswith(CAPABILITY_REQUEST):
            self.screen.report_capability(body[len(CAPABILITY_REQUEST) :])

    def _recognised(self, character: str) -> str:
        if not "\udc80" <= character <= "\udc9f":
            return character
        if self.screen.modes.eight_bit_controls:
            return chr(ord(character) - 0xDC00)
        return "\ufffd"


_STEPS = {
    _State.GROUND: Stream._step_ground,
    _State.ESCAPE: Stream._step_escape,
    _State.CSI: Stream._step_csi,
    _State.STRING: Stream._step_string,
    _State.STRING_ESCAPE: Stream._step_string_escape,
}


def _is_plain(data: str) -> bool:
    """Whether there are only lines of ASCII."""
    return data.isascii() and "\r\n" in data and data.replace("\r\n", "").isprintable()


def _do_nothing() -> None:
    """A sequence that isn't known."""


def _number(text: str) -> int:
    return min(int(text[-9:]), _LARGEST_PARAMETER) if text else 0
