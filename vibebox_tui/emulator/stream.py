"""The parser: text into runs and sequences, sequences into calls of the screen.

Well-formed sequences are cut out by one regular expression; whatever else arrives goes through
the state machine. Both end in the same calls, so how the input is split makes no difference.
"""

import re

import pyte

from .actions import Actions
from .flood import find_flood, skip
from .machine import STARTS, Machine
from .screen import Screen
from .sgr import Rendition

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


_BEFORE_A_FLOOD = 4096
"""Characters that may be drawn to get to where a flood begins."""


class Stream(pyte.Stream):
    """Feeds one screen."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.screen = screen
        self._actions = Actions(screen)
        self._machine = Machine(self._actions)

    @property
    def unfinished(self) -> str:
        """What, fed to another stream that has begun no sequence, begins the one begun here."""
        return self._machine.unfinished

    def feed(self, data: str) -> None:
        """Take text; C1 bytes that were no UTF-8 come in it as lone surrogates."""
        if data.count("\n") > self.screen.lines:
            self._feed_lines(data)
        else:
            self._feed(data)

    def skip(self, data: str) -> int:
        """Take of `data`, all of which is to be fed next, what will have scrolled away, where it
        begins with that; how many characters were taken."""
        flood = find_flood(data, self.screen)
        if flood is None or flood.start > _BEFORE_A_FLOOD:
            return 0
        self._feed(data[: flood.start])
        skipped = self._machine.is_at_rest and skip(flood, data, self.screen)
        return flood.end if skipped else flood.start

    def _feed_lines(self, data: str) -> None:
        """Take text with many lines in it: most will scroll away, some needn't even be drawn."""
        while (flood := find_flood(data, self.screen)) is not None:
            self._feed(data[: flood.start])
            skipped = self._machine.is_at_rest and skip(flood, data, self.screen)
            self._feed_some_lines(data[flood.end if skipped else flood.start : flood.stop])
            data = data[flood.stop :]
        self._feed_some_lines(data)

    def _feed_some_lines(self, data: str) -> None:
        if not self._machine.is_at_rest or "\x1b" in data or not _is_plain(data):
            self._feed(data)
            return
        head, *texts, tail = data.split("\r\n")
        self._feed(f"{head}\r\n")
        self.screen.draw_lines(texts)
        self._feed(tail)

    def _feed(self, data: str) -> None:
        """Take text piece by piece."""
        screen, actions, machine = self.screen, self._actions, self._machine
        known, draw = actions.get, screen.draw
        pieces = iter(_TOKENS.split(data))
        text: str = next(pieces)
        if not machine.is_at_rest:
            text = machine.run(text, pieces, is_text=True)
        if text:
            draw(text)
        for token in pieces:
            action = known(token)
            if action is None and token in STARTS:
                text = machine.run(token, pieces, is_text=False)
            else:
                if action is None:
                    action = actions[token]
                if isinstance(action, Rendition):
                    screen.style = action[screen.style]
                else:
                    action()
                text = next(pieces)
            if text:
                draw(text)


def _is_plain(data: str) -> bool:
    """Whether there are only lines of ASCII."""
    return data.isascii() and "\r\n" in data and data.replace("\r\n", "").isprintable()
