"""Whose a key is while a terminal captures: the remote side's, or, after the escape key, ours."""

from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """What one can ask of the pane without leaving the terminal."""

    LEAVE = "leave the terminal, the session stays"
    NEXT = "next terminal"
    PREVIOUS = "previous terminal"
    NEW = "new terminal"
    BESIDE = "type into the terminal beside this one"
    COPY_MODE = "copy mode"
    PROMPT_BEFORE = "to the prompt before, in copy mode"
    PROMPT_AFTER = "to the next prompt, in copy mode"
    SEARCH = "search"
    PASTE = "paste what was copied here"
    BROADCAST = "type into all terminals on the screen, or into this one alone again"
    READ_ONLY = "type nothing, by accident either, or type again"
    SEND_PENDING = "send what was typed while disconnected"
    FORGET_PENDING = "forget what was typed while disconnected, stop a paste"
    RECONNECT = "reconnect now"
    RECORD = "record, or end recording"
    HELP = "show these keys"


@dataclass(frozen=True, slots=True)
class Typed:
    """A key for the remote side: Textual's name and the character that it types, if any."""

    key: str
    character: str | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A key that the whole dashboard acts on, whoever has the focus."""

    key: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A key that means nothing after the escape key; it goes nowhere."""

    key: str


@dataclass(frozen=True, slots=True)
class Prefixed:
    """The escape key was pressed; the next key is ours, whenever it comes."""


Verdict = Typed | Command | Elsewhere | Unknown | Prefixed

ESCAPE_KEYS_ALSO = "f12"
"""The second escape key, for keyboards on which `]` is hard to reach."""

_COMMANDS = {
    "d": Command.LEAVE,
    "q": Command.LEAVE,
    "escape": Command.LEAVE,
    "n": Command.NEXT,
    "p": Command.PREVIOUS,
    "c": Command.NEW,
    "tab": Command.BESIDE,
    "o": Command.BESIDE,
    "left_square_bracket": Command.COPY_MODE,
    "pageup": Command.COPY_MODE,
    "left_curly_bracket": Command.PROMPT_BEFORE,
    "right_curly_bracket": Command.PROMPT_AFTER,
    "slash": Command.SEARCH,
    "v": Command.PASTE,
    "b": Command.BROADCAST,
    "r": Command.READ_ONLY,
    "s": Command.SEND_PENDING,
    "x": Command.FORGET_PENDING,
    "k": Command.RECONNECT,
    "R": Command.RECORD,
    "question_mark": Command.HELP,
}

_ELSEWHERE = frozenset({*"0123456789", "minus", "apostrophe", "plus", "underscore", "z"})

_CONTROL_CHARACTERS = {
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+backslash": "\x1c",
    "ctrl+circumflex_accent": "\x1e",
    "ctrl+underscore": "\x1f",
}


class Capture:
    """Decides, key by key, where it goes; `prefixed` while the escape key waits for the next."""

    def __init__(self, escape_key: str, *, escape_also: str | None = ESCAPE_KEYS_ALSO) -> None:
        self.escape_key = escape_key
        self._escape_keys = {escape_key, escape_also} - {None}
        self.prefixed = False

    def is_typed(self, key: str) -> bool:
        """Whether `key` is the remote side's, and nothing else would come of `press`."""
        return not self.prefixed and key not in self._escape_keys

    def press(self, key: str, character: str | None) -> Verdict:
        """Say whose `key` is; the names are Textual's."""
        if not self.prefixed:
            if key in self._escape_keys:
                self.prefixed = True
                return Prefixed()
            return Typed(key, character)
        self.prefixed = False
        return self._after_escape(key)

    def _after_escape(self, key: str) -> Verdict:
        if key == "right_square_bracket":
            return Typed(self.escape_key, _CONTROL_CHARACTERS.get(self.escape_key))
        if key in self._escape_keys:
            return Typed(key, _CONTROL_CHARACTERS.get(key))
        if key in _ELSEWHERE:
            return Elsewhere(key)
        return _COMMANDS.get(key, Unknown(key))


def key_name(key: str) -> str:
    """How an escape key is written in a border: `^]`, `F12`."""
    modifier, _, base = key.rpartition("+")
    symbol = _SYMBOLS.get(base, base.upper())
    return f"^{symbol}" if modifier == "ctrl" else symbol


def prefix_help(escape_key: str) -> list[tuple[str, str]]:
    """The keys after the escape key, each with what it does."""
    name = key_name(escape_key)
    keys: dict[str, list[str]] = {}
    for key, command in _COMMANDS.items():
        keys.setdefault(command.value, []).append(_SYMBOLS.get(key, key))
    own = [(f"{name} {' '.join(names)}", what) for what, names in keys.items()]
    return [
        (f"{name} ]", f"send {name} itself"),
        *own,
        (f"{name} 1-9 0 - '", "go to another environment"),
        (f"{name} + _ z", "a terminal beside this one, close this pane, zoom"),
    ]


def capture_hints(escape_key: str, *, prefixed: bool) -> list[tuple[str, str]]:
    """What the hint line says while a terminal captures: the escape key and what it offers."""
    if prefixed:
        return list(_PREFIX_HINTS)
    name = key_name(escape_key)
    return [(f"{name} {keys}", what) for keys, what in _PREFIX_HINTS]


_PREFIX_HINTS = (
    ("d", "leave"),
    ("1-9", "environment"),
    ("?", "all of these"),
    ("[", "copy mode"),
    ("n p", "terminals"),
    ("c", "new"),
    ("z", "zoom"),
    ("+", "beside"),
    ("]", "itself"),
)
"""The keys after the escape key that one needs most, the most needed first."""

COPY_HINTS = (
    ("v", "select"),
    ("y", "copy"),
    ("q", "leave"),
    ("/ ?", "search"),
    ("n N", "next, previous"),
    ("{ }", "prompts"),
    ("o", "open link"),
    ("g G", "oldest, newest"),
)
"""The same for copy mode."""

SEARCH_HINTS = (
    ("Enter", "search"),
    ("Esc", "search nothing"),
    ("Up", "earlier ones"),
    ("a", "finds A too"),
    ("A", "only A"),
)
"""The same while one types what to search for."""

_SYMBOLS = {
    "left_square_bracket": "[",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "slash": "/",
    "pageup": "PgUp",
    "escape": "Esc",
    "tab": "Tab",
    "right_square_bracket": "]",
    "backslash": "\\",
    "circumflex_accent": "^",
    "underscore": "_",
    "question_mark": "?",
}
