"""The parser's state machine: a sequence taken character by character.

It is the one that DEC's terminals have (vt100.net, "a parser for DEC's ANSI-compatible video
terminals"), for what the stream's regular expression can't cut out whole: sequences split over
chunks, with control characters in them, cut short, too long.
"""

from collections.abc import Iterator
from enum import Enum, auto

from .actions import LONGEST_SEQUENCE, LONGEST_STRING, Actions

_ESC, _BEL, _DEL, _CSI, _ST = "\x1b", "\x07", "\x7f", "\x9b", "\x9c"
_CANCELS = ("\x18", "\x1a")
"""CAN and SUB: what is under way is dropped."""

_STRINGS = "]PX^_"
"""What follows the ESC of OSC, DCS, SOS, PM and APC."""

_IN_ONE_LINE = "X^"
"""Those of SOS and PM: nobody sends them on purpose. They begin where a flood that Ctrl+C cuts off
behind an ESC is followed by the `^C` that the terminal driver echoes; the prompt is in the next
line, and nothing would ever end the string."""

_C1_STRINGS = {"\x9d": "]", "\x90": "P", "\x98": "X", "\x9e": "^", "\x9f": "_"}
_RAW = tuple(map(chr, range(0xDC80, 0xDCA0)))
STARTS = frozenset((_ESC, _CSI, *_C1_STRINGS, *_RAW))
"""The control characters by themselves that the machine has to see."""

_SWALLOWED = frozenset(map(chr, (*range(0x20), 0x7F))) - {_ESC, _BEL, *_CANCELS}
"""What means nothing in a string; newlines come by the run."""

_UNKNOWN = " !"
"""Begins no sequence that is known, of whichever kind."""


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    CSI = auto()
    STRING = auto()
    STRING_ESCAPE = auto()


class Machine:
    """Takes what comes after the begin of a sequence, and does it once it is complete."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._screen = actions.screen
        self._state = _State.GROUND
        self._string_kind = ""
        self._collected: list[str] = []
        self._length = 0
        """Characters collected, including those that were too many to keep."""

    @property
    def is_at_rest(self) -> bool:
        """Whether no sequence has begun that isn't complete."""
        return self._state is _State.GROUND

    @property
    def unfinished(self) -> str:
        """What brings another machine to where this one is."""
        if self._state is _State.GROUND:
            return ""
        in_string = self._state in (_State.STRING, _State.STRING_ESCAPE)
        body = _UNKNOWN if self._length > self._longest else "".join(self._collected)
        begin = self._string_kind if in_string else "[" * (self._state is _State.CSI)
        return f"{_ESC}{begin}{body}" + _ESC * (self._state is _State.STRING_ESCAPE)

    def run(self, piece: str, pieces: Iterator[str], *, is_text: bool) -> str:
        """Go on with `piece` and as many of `pieces`, text and control characters in turn, as it
        takes to come to rest; the text that then follows, up to the next control character."""
        while True:
            in_string = self._state is _State.STRING
            if is_text and in_string:
                self._collect(piece)
            elif not (in_string and self._swallows(piece[0])):
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

    def _swallows(self, control: str) -> bool:
        """Whether a control character means nothing in the string that is under way."""
        return control in _SWALLOWED and self._string_kind not in _IN_ONE_LINE

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

    def _recognised(self, character: str) -> str:
        """A C1 byte that was no UTF-8, and comes as a lone surrogate: a control or nonsense."""
        if not "\udc80" <= character <= "\udc9f":
            return character
        if self._screen.modes.eight_bit_controls:
            return chr(ord(character) - 0xDC00)
        return "\ufffd"

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
            self._actions.perform(character)

    def _step_ground(self, character: str) -> None:
        if character < " " or character == _DEL:
            self._actions.perform(character)
        else:
            self._screen.draw(character)

    def _step_escape(self, character: str) -> None:
        if character < " ":
            self._actions.perform(character)
        elif character <= "/":
            self._collect(character)
        elif character == "[" and not self._length:
            self._state = self._begin(_State.CSI)
        elif character in _STRINGS and not self._length:
            self._begin_string(character)
        else:
            self._finish(_State.ESCAPE, character)

    def _step_csi(self, character: str) -> None:
        if character < " ":
            self._actions.perform(character)
        elif character <= "?":
            self._collect(character)
        else:
            self._finish(_State.CSI, character)

    def _step_string(self, character: str) -> None:
        if character == _BEL and self._string_kind == "]":
            self._end_string(by_bell=True)
        elif character in "\r\n" and self._string_kind in _IN_ONE_LINE:
            self._state = _State.GROUND
            self._actions.perform(character)
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

    @property
    def _longest(self) -> int:
        in_string = self._state in (_State.STRING, _State.STRING_ESCAPE)
        return LONGEST_STRING if in_string else LONGEST_SEQUENCE

    def _collect(self, text: str) -> None:
        self._length += len(text)
        if self._length <= self._longest:
            self._collected.append(text)

    def _finish(self, state: _State, final: str) -> None:
        """A sequence is complete, or broken off by a character that can't be in one."""
        if final == _DEL:
            return
        is_short = self._length <= self._longest
        self._state = _State.GROUND
        if final > _DEL:
            self._screen.draw(final)
        elif is_short:
            introducer = _ESC + "[" * (state is _State.CSI)
            self._actions.perform(f"{introducer}{''.join(self._collected)}{final}")

    def _end_string(self, *, by_bell: bool = False) -> None:
        self._state = _State.GROUND
        body = "".join(self._collected)
        if self._length <= LONGEST_STRING:
            self._actions.string(self._string_kind, body, by_bell=by_bell)()
        elif self._string_kind == "]":
            self._screen.refuse_system_command(body)


_STEPS = {
    _State.GROUND: Machine._step_ground,
    _State.ESCAPE: Machine._step_escape,
    _State.CSI: Machine._step_csi,
    _State.STRING: Machine._step_string,
    _State.STRING_ESCAPE: Machine._step_string_escape,
}
