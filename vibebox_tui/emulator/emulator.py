"""A terminal: bytes in, a screen out."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import pyte
from pyte import modes as pyte_modes

from .changes import NOTHING, Changes
from .modes import CursorShape, MouseEncoding, MouseTracking
from .style import PLAIN, Attributes, Style

Run = tuple[str, Style]
"""Text whose cells all have one style; a wide character is in it once."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the cursor is, from 0, and how it looks."""

    row: int
    column: int
    visible: bool = True
    shape: CursorShape = CursorShape.BLOCK
    blinking: bool = True


class Modes:
    """The modes that the remote side has set, as far as others need to know them."""

    def __init__(self, screen: pyte.Screen) -> None:
        self._screen = screen

    application_cursor = False
    """DECCKM: cursor keys send SS3."""
    application_keypad = False
    """DECKPAM."""
    backarrow_sends_backspace = False
    """DECBKM: the backspace key sends BS, not DEL."""
    newline = False
    """LNM: the enter key sends CR LF."""
    bracketed_paste = False
    """2004."""
    focus_reports = False
    """1004."""
    mouse = MouseTracking.NONE
    mouse_encoding = MouseEncoding.DEFAULT
    alternate_scroll = False
    """1007: on the alternate screen the wheel sends cursor keys."""
    alternate_screen = False
    synchronized_output = False
    """2026: a frame is being written; draw when it ends."""

    @property
    def reverse_video(self) -> bool:
        """DECSCNM: the screen's default colours are exchanged."""
        return pyte_modes.DECSCNM in self._screen.mode


class Emulator:
    """A terminal of `rows` by `columns` cells that draws what it is fed as xterm would.

    No input raises, whatever it is and however it is split. Lines that leave the top of the
    screen are kept, `scrollback_lines` of them at most.
    """

    def __init__(self, rows: int, columns: int, *, scrollback_lines: int = 10_000) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.modes = Modes(self._screen)
        self.bells = 0
        """Times that BEL rang."""
        self._seen_cursor: Cursor | None = None

    @property
    def rows(self) -> int:
        return int(self._screen.lines)

    @property
    def columns(self) -> int:
        return int(self._screen.columns)

    def feed(self, data: bytes | str) -> None:
        """Take what the remote side sent: bytes (UTF-8, split anywhere) or decoded text."""
        text = data if isinstance(data, str) else self._decoder.decode(data)
        self._stream.feed(text)

    def resize(self, rows: int, columns: int) -> None:
        """Change the size (at least 1 by 1): soft-wrapped lines flow anew, the cursor stays in
        its place in the text. The alternate screen is cut or filled up, not reflowed."""
        self._screen.resize(rows, columns)

    @property
    def display(self) -> list[str]:
        """The screen as text, a string per row; a wide character stands in it once."""
        return list(self._screen.display)

    @property
    def cursor(self) -> Cursor:
        cursor = self._screen.cursor
        return Cursor(cursor.y, min(cursor.x, self.columns - 1), not cursor.hidden)

    @property
    def title(self) -> str:
        """The window's title (OSC 0, 2), control characters removed."""
        return str(self._screen.title)

    @property
    def directory(self) -> str:
        """The working directory that the shell reported (OSC 7), or an empty string."""
        return ""

    @property
    def scrollback_length(self) -> int:
        """Lines that can be asked for above the screen."""
        return 0

    def runs(self, row: int) -> Sequence[Run]:
        """The cells of a row as runs of one style each, from the left; what isn't covered at
        the right is blank in `PLAIN`.

        `row` counts from 0 on the screen; -1 is the newest line of the scrollback, and
        `-scrollback_length` its oldest.
        """
        line = self._screen.buffer[row]
        cells = ((line[x].data, _style(line[x])) for x in range(self.columns))
        return [
            ("".join(text for text, _ in group), style)
            for style, group in groupby(cells, key=lambda cell: cell[1])
        ]

    def is_wrapped(self, row: int) -> bool:
        """Whether the text of `row` (as in `runs`) goes on in the next one."""
        return False

    def take_changes(self) -> Changes:
        """What changed since this was last asked; cheap when nothing did."""
        cursor, dirty = self.cursor, self._screen.dirty
        if not dirty and cursor == self._seen_cursor:
            return NOTHING
        changes = Changes(rows=sorted(dirty), cursor=cursor != self._seen_cursor)
        self._seen_cursor = cursor
        dirty.clear()
        return changes

    def take_replies(self) -> bytes:
        """What the terminal answers to the remote side's queries, once; never more than 64 KiB,
        and never anything that the remote side itself sent."""
        return b""


def _style(char: pyte.screens.Char) -> Style:
    attributes = 0
    for name, bit in (("bold", 1), ("italics", 4), ("blink", 16), ("reverse", 32)):
        attributes |= bit * getattr(char, name)
    if char.strikethrough:
        attributes |= Attributes.STRIKE
    return Style.of(attributes=attributes, underline=int(char.underscore)) if attributes else PLAIN
