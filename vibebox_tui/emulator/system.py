"""OSC: titles, colours, links, the working directory, the clipboard, the shell's marks.

Source: xterm's ctlseqs; for OSC 8 and OSC 133 the specifications that terminals agreed on.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from .palette import (
    Palette,
    colour_specification,
    is_dynamic_colour,
    is_palette_index,
    parse_colour,
)
from .reports import Reports
from .unsaid import NUMBER, recall

_LONGEST_TITLE = 1024
"""Characters of a title that are kept; a window shows a hundred."""

_LONGEST_LINK = 2048
"""Characters of a link's address, what browsers take; a longer one is no link."""

_DEEPEST_TITLE_STACK = 10
"""Titles that XTWINOPS 22 saves; xterm has as many."""

_SPECIAL_COLOURS_FROM = 256
"""OSC 5's colours are the palette's entries from here on."""

_COPY = "52;"
"""How OSC 52 begins."""

_EXIT_STATUS = re.compile("-?[0-9]{1,10}", re.ASCII)

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, and those that turn text around: no title has them."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What the remote side copied; of what is longer than any OSC may be, only that it was."""

    text: str = ""
    is_too_long: bool = False


class SystemCommands(Reports):
    """A screen with what surrounds it."""

    bells = 0
    clipboard_allowed = False
    _by_bell = False
    """Whether the present command ended in BEL: what answers it ends as it did."""

    def reset_system(self) -> None:
        self.title = self.icon_name = ""
        self.title_stack: list[tuple[str, str]] = []
        self.palette = Palette()
        self.directory = ""
        self.copied: Copied | None = None
        """What was copied last, until somebody takes it."""

    def bell(self, *_: object) -> None:
        self.bells += 1

    def system_command(self, text: str, *, by_bell: bool = False) -> None:
        """An OSC's text, from its number on; one that isn't known does nothing."""
        self._by_bell = by_bell
        number, _, rest = text.partition(";")
        if not (number.isascii() and number.isdecimal()) or len(number) > 4:
            return
        code = int(number)
        if command := _COMMANDS.get(code):
            command(self, rest)
        elif is_dynamic_colour(code):
            self._change_dynamic_colours(code, rest)
        elif is_dynamic_colour(code - 100):
            self.palette.reset_dynamic(code - 100)
            self.everything_changed = True

    def refuse_system_command(self, text: str) -> None:
        """An OSC that is too long, by how it begins: only a copy is worth telling of."""
        if self.clipboard_allowed and text.startswith(_COPY):
            self.copied = Copied(is_too_long=True)

    def set_title(self, param: str) -> None:
        self.title = _printable(param)

    def set_icon_name(self, param: str) -> None:
        self.icon_name = _printable(param)

    def set_both_titles(self, param: str) -> None:
        self.set_title(param)
        self.set_icon_name(param)

    def push_title(self) -> None:
        """XTWINOPS 22."""
        if len(self.title_stack) < _DEEPEST_TITLE_STACK:
            self.title_stack.append((self.title, self.icon_name))

    def pop_title(self, which: int = 0) -> None:
        """XTWINOPS 23: both (0), the icon's (1) or the window's (2)."""
        if self.title_stack:
            title, icon_name = self.title_stack.pop()
            self.title = title if which in (0, 2) else self.title
            self.icon_name = icon_name if which in (0, 1) else self.icon_name

    def report_window(self, operation: int = 0, *numbers: int) -> None:
        if operation == 22:
            self.push_title()
        elif operation == 23:
            self.pop_title(*numbers[:1])
        elif operation in (20, 21):
            self.report_termios_title(operation)
        else:
            super().report_window(operation, *numbers)

    def set_link(self, text: str) -> None:
        """OSC 8: what is written from here on leads to an address, or no longer."""
        _, _, address = text.partition(";")
        if len(address) > _LONGEST_LINK or _UNPRINTABLE.search(address):
            address = ""
        self.style = self.style.replaced(link=address)

    def set_directory(self, text: str) -> None:
        """OSC 7: a file URL."""
        try:
            url = urlsplit(text)
        except ValueError:
            return
        if url.scheme == "file":
            self.directory = _printable(unquote(url.path))

    def copy(self, text: str) -> None:
        """OSC 52: text for the clipboard; a question for its content is never answered."""
        _, _, data = text.partition(";")
        if not self.clipboard_allowed or data in ("", "?"):
            return
        try:
            copied = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return
        self.copied = Copied(copied.decode("utf-8", "replace"))

    def mark_prompt(self, text: str) -> None:
        """OSC 133: where a prompt (A), a command (B), its output (C) begin, or it ended (D).

        D may say with what; that is kept with the prompt. (A's `status`, which only a snapshot
        has, is the same for a command that has ended already.)
        """
        kind, _, options = text.partition(";")
        line = self.rows[self.cursor.y]
        if len(kind) != 1 or kind not in "ABCD":
            return
        if kind not in line.mark:
            line.mark += kind
            line.changed = True
        if self.modes.alternate_screen:
            return
        if kind == "A":
            self.prompt = line
            line.exit_status = _exit_status(options.partition("status=")[2])
        elif kind == "D" and options and self.prompt is not None:
            self.prompt.exit_status = _exit_status(options)
            self.prompt.changed = True

    def change_colours(self, text: str, offset: int = 0) -> None:
        """OSC 4 and 5: pairs of a number and a colour, or `?`."""
        parts = text.split(";")
        for number, specification in zip(parts[::2], parts[1::2], strict=False):
            if not (number.isascii() and number.isdecimal()) or len(number) > 3:
                return
            index = int(number) + offset
            if not is_palette_index(index):
                return
            if specification == "?":
                colour = colour_specification(self.palette.colour(index))
                self._answer(f"{5 if offset else 4};{number};{colour}")
            elif (changed := parse_colour(specification)) is not None:
                self.palette.set(index, changed)
                self.everything_changed = True

    def change_special_colours(self, text: str) -> None:
        """OSC 5."""
        self.change_colours(text, _SPECIAL_COLOURS_FROM)

    def reset_colours(self, text: str) -> None:
        """OSC 104: the entries named, or all."""
        numbers = [int(part) for part in text.split(";") if part.isascii() and part.isdecimal()]
        for index in numbers:
            self.palette.reset(index)
        if not numbers:
            self.palette.reset()
        self.everything_changed = True

    def reset_special_colours(self, text: str) -> None:
        """OSC 105."""
        numbers = [int(part) for part in text.split(";") if part.isascii() and part.isdecimal()]
        for index in numbers:
            self.palette.reset(index + _SPECIAL_COLOURS_FROM)
        if not numbers:
            self.palette.reset_special()
        self.everything_changed = True

    def _change_dynamic_colours(self, first: int, text: str) -> None:
        for number, specification in enumerate(text.split(";"), first):
            if not is_dynamic_colour(number):
                return
            if specification == "?":
                colour = colour_specification(self.palette.dynamic_colour(number))
                self._answer(f"{number};{colour}")
            elif (changed := parse_colour(specification)) is not None:
                self.palette.set_dynamic(number, changed)
                self.everything_changed = True

    def _answer(self, body: str) -> None:
        self.reply_osc(body, by_bell=self._by_bell)


def _exit_status(text: str) -> int | None:
    """The number that `text`, up to a semicolon, is; None where it is none that a process has."""
    number = text.partition(";")[0]
    return int(number) if _EXIT_STATUS.fullmatch(number) else None


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text)[:_LONGEST_TITLE]


_COMMANDS: dict[int, Callable[[SystemCommands, str], None]] = {
    0: SystemCommands.set_both_titles,
    1: SystemCommands.set_icon_name,
    2: SystemCommands.set_title,
    4: SystemCommands.change_colours,
    5: SystemCommands.change_special_colours,
    7: SystemCommands.set_directory,
    8: SystemCommands.set_link,
    52: SystemCommands.copy,
    104: SystemCommands.reset_colours,
    105: SystemCommands.reset_special_colours,
    133: SystemCommands.mark_prompt,
    NUMBER: recall,
}
