"""A terminal: bytes in, a screen out."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .changes import NOTHING, Changes
from .line import Line, Run
from .modes import CursorShape, Modes
from .palette import Palette
from .screen import Screen
from .stream import Stream
from .system import Copied


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the cursor is, from 0, and how it looks."""

    row: int
    column: int
    visible: bool = True
    shape: CursorShape = CursorShape.BLOCK
    blinking: bool = True


_SURROGATES = re.compile("[\ud800-\udfff]")


class Emulator:
    """A terminal of `rows` by `columns` cells that draws what it is fed as xterm would.

    No input raises, whatever it is and however it is split. Lines that leave the top of the
    screen are kept, `scrollback_lines` of them at most and in 800 bytes each on average. With
    `resizable` the remote side may change the size (DECCOLM, XTWINOPS 8); with `clipboard` it
    may copy (OSC 52).
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        *,
        scrollback_lines: int = 10_000,
        resizable: bool = False,
        clipboard: bool = False,
    ) -> None:
        self.screen = Screen(
            max(1, columns),
            max(1, rows),
            scrollback_lines,
            resizable=resizable,
            clipboard_allowed=clipboard,
        )
        self._stream = Stream(self.screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")(_ERRORS)
        self._fed = True
        self._seen: list[Line] = []
        self._seen_cursor: Cursor | None = None
        self._seen_taken = 0

    @property
    def rows(self) -> int:
        return self.screen.lines

    @property
    def columns(self) -> int:
        return self.screen.columns

    @property
    def modes(self) -> Modes:
        """What the remote side has switched on; only to be read."""
        return self.screen.modes

    def feed(self, data: bytes | str) -> None:
        """Take what the remote side sent: bytes (UTF-8, split anywhere) or decoded text."""
        self._fed = True
        if isinstance(data, str):
            text = data if data.isascii() else _SURROGATES.sub("\ufffd", data)
        else:
            text = self._decoder.decode(data)
        self._stream.feed(text)

    def skip(self, text: str) -> int:
        """Take the beginning of `text` without drawing it, as far as all of it will have scrolled
        away by its end; the number of characters taken, often 0. The rest has to be fed next,
        in one go or in pieces."""
        undecoded, _ = self._decoder.getstate()
        if undecoded:
            return 0
        self._fed = True
        return self._stream.skip(text if text.isascii() else _SURROGATES.sub("\ufffd", text))

    @property
    def unfinished(self) -> bytes:
        """The sequence or the character that what was fed so far ends in the middle of: what
        brings another terminal to where this one is in it."""
        undecoded, _ = self._decoder.getstate()
        return self._stream.unfinished.encode() + undecoded

    def resize(self, rows: int, columns: int) -> None:
        """Change the size (at least 1 by 1): soft-wrapped lines flow anew, the cursor stays in
        its place in the text. The alternate screen is cut or filled up, not reflowed."""
        self._fed = True
        self.screen.resize(max(1, rows), max(1, columns))

    @property
    def display(self) -> list[str]:
        """The screen as text, a string per row; a wide character stands in it once."""
        return self.screen.display

    @property
    def cursor(self) -> Cursor:
        cursor, modes = self.screen.cursor, self.screen.modes
        return Cursor(
            cursor.y, cursor.x, modes.cursor_visible, modes.cursor_shape, modes.cursor_blinking
        )

    @property
    def title(self) -> str:
        """The window's title (OSC 0, 2), control characters removed."""
        return self.screen.title

    @property
    def icon_name(self) -> str:
        """The icon's title (OSC 0, 1), control characters removed."""
        return self.screen.icon_name

    @property
    def directory(self) -> str:
        """The working directory that the shell reported (OSC 7), or an empty string."""
        return self.screen.directory

    @property
    def palette(self) -> Palette:
        """The colours behind the numbers; only to be read."""
        return self.screen.palette

    @property
    def bells(self) -> int:
        """Times that BEL rang."""
        return self.screen.bells

    @property
    def scrollback_length(self) -> int:
        """Lines that can be asked for above the screen."""
        return len(self.screen.scrollback)

    def runs(self, row: int) -> Sequence[Run]:
        """The cells of a row as runs of one style each, from the left; what isn't covered at
        the right is blank in `PLAIN`. A run may have the style of the one before it.

        `row` counts from 0 on the screen; -1 is the newest line of the scrollback, and
        `-scrollback_length` its oldest.
        """
        return self.screen.line_at(row).collected_runs()

    def is_wrapped(self, row: int) -> bool:
        """Whether the text of `row` (as in `runs`) goes on in the next one."""
        return self.screen.line_at(row).wrapped

    def marks(self, row: int) -> str:
        """The shell's marks on `row` (OSC 133): A where a prompt, B where a command, C where its
        output begins, D where it ended; an empty string mostly."""
        return self.screen.line_at(row).mark

    def exit_status(self, row: int) -> int | None:
        """What the command of the prompt on `row` ended with; None while nobody said (OSC 133)."""
        return self.screen.line_at(row).exit_status

    def take_changes(self) -> Changes:
        """What changed since this was last asked; costs nothing when nothing did."""
        if not self._fed:
            return NOTHING
        self._fed = False
        screen, cursor, seen = self.screen, self.cursor, self._seen
        rows, everything = screen.rows, screen.everything_changed
        changed = list(range(len(rows)))
        if not everything and len(seen) == len(rows):
            changed = [y for y in changed if rows[y].changed or rows[y] is not seen[y]]
        for y in changed:
            rows[y].changed = False
        scrolled = min(screen.scrollback.taken - self._seen_taken, len(screen.scrollback))
        changes = Changes(changed, scrolled, everything, cursor != self._seen_cursor)
        screen.everything_changed = False
        self._seen, self._seen_cursor = list(rows), cursor
        self._seen_taken = screen.scrollback.taken
        return changes

    def take_replies(self) -> bytes:
        """What the terminal answers to the remote side's queries, once; never more than 64 KiB,
        and never anything that the remote side itself sent."""
        return self.screen.take_replies()

    def take_copied(self) -> Copied | None:
        """What the remote side copied last since this was last asked, if it may and did."""
        copied, self.screen.copied = self.screen.copied, None
        return copied


def _keep_c1(error: UnicodeError) -> tuple[str, int]:
    """Decode a byte that is no UTF-8: C1 controls to lone surrogates, for the parser to judge,
    everything else to the replacement character."""
    assert isinstance(error, UnicodeDecodeError)
    first = error.object[error.start]
    if error.end - error.start == 1 and 0x80 <= first <= 0x9F:
        return chr(0xDC00 + first), error.end
    return "\ufffd", error.end


_ERRORS = "vibebox-keep-c1"
codecs.register_error(_ERRORS, _keep_c1)
