"""The screen that is wanted and the one that is shown, and what turns one into the other."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from unicodedata import category

from rich.cells import cell_len, split_graphemes
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

UNKNOWN = "\x00"
"""What may be in a cell that we haven't written: equal to nothing that is ever wanted."""

WORTH_A_JUMP = 12
"""Cells that are written again rather than jumped over: a jump and a style cost as many bytes."""

_RESET = "\x1b[0m"


class Row:
    """The cells of a row in two lists, for a tuple per cell would keep the collector busy.

    `texts` has a character with what combines with it, an empty string for the right half of a
    wide one; `looks` the parameters of SGR for each, empty for a terminal's own colours.
    """

    __slots__ = ("looks", "texts")

    def __init__(self, texts: list[str], looks: list[str]) -> None:
        self.texts = texts
        self.looks = looks

    @classmethod
    def of(cls, segments: Iterable[Segment], colors: ColorSystem) -> "Row":
        """The cells that segments draw."""
        row = cls([], [])
        for text, style, control in segments:
            if control:
                continue
            before = len(row.texts)
            if text.isascii():
                row.texts.extend(text)
            else:
                row.texts.extend(_cells(text))
            row.looks.extend([_look(style, colors)] * (len(row.texts) - before))
        return row

    def copy(self) -> "Row":
        return Row(self.texts.copy(), self.looks.copy())

    def cut(self, length: int) -> None:
        """Drop what is beyond `length` cells."""
        del self.texts[length:]
        del self.looks[length:]

    def replace(self, start: int, cells: "Row") -> bool:
        """Put other cells from `start` on; whether that changed anything."""
        end = start + len(cells.texts)
        is_same = self.texts[start:end] == cells.texts and self.looks[start:end] == cells.looks
        if not is_same:
            self.texts[start:end] = cells.texts
            self.looks[start:end] = cells.looks
            self._mend_halves(start)
            self._mend_halves(end)
        return not is_same

    def _mend_halves(self, x: int) -> None:
        """Where what is left and right of column `x` doesn't belong together any more, or there
        is nothing right of it, half of a wide character is a blank."""
        texts = self.texts
        if not 0 < x <= len(texts):
            return
        is_wide, goes_on = cell_len(texts[x - 1]) > 1, x < len(texts) and not texts[x]
        if is_wide and not goes_on:
            texts[x - 1] = " "
        elif goes_on and not is_wide:
            texts[x] = " "

    def differences(self, shown: "Row") -> Iterator[tuple[int, int]]:
        """Ranges of columns to write so that `shown` becomes this, near ones joined."""
        if self.texts == shown.texts and self.looks == shown.looks:
            return
        start = end = -1
        cells = zip(self.texts, shown.texts, self.looks, shown.looks, strict=True)
        for x, (new, old, look, old_look) in enumerate(cells):
            if new == old and look == old_look:
                continue
            if start < 0:
                start = x
            elif x - end > WORTH_A_JUMP:
                yield self._whole_characters(start, end)
                start = x
            end = x + 1
        if start >= 0:
            yield self._whole_characters(start, end)

    def _whole_characters(self, start: int, end: int) -> tuple[int, int]:
        while start > 0 and not self.texts[start]:
            start -= 1
        while end < len(self.texts) and not self.texts[end]:
            end += 1
        return start, end


class Canvas:
    """The cells of the user's terminal, as they should be and as they are.

    Strips are put where they belong as often as they come; `take_update` says what to write so
    that the terminal shows the newest of them, and nothing that it shows already.
    """

    def __init__(self, colors: ColorSystem = ColorSystem.TRUECOLOR) -> None:
        self.colors = colors
        """What the terminal can show."""
        self.width = self.height = 0
        self._wanted: list[Row] = []
        self._shown: list[Row] = []
        self._dirty: set[int] = set()

    def resize(self, width: int, height: int) -> None:
        """Start with an empty screen of another size, of which nothing is known."""
        self.width, self.height = width, height
        self._wanted = [Row([" "] * width, [""] * width) for _ in range(height)]
        self.forget()

    def forget(self) -> None:
        """Take nothing that the terminal shows for granted any more."""
        width = self.width
        self._shown = [Row([UNKNOWN] * width, [""] * width) for _ in range(self.height)]
        self._dirty = set(range(self.height))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.width, self.height

    @property
    def is_dirty(self) -> bool:
        """Whether something may have to be written."""
        return bool(self._dirty)

    def put(self, x: int, y: int, segments: Iterable[Segment]) -> None:
        """Want `segments` from column `x` of row `y` on; what is beyond the edges is cut off."""
        if not 0 <= y < self.height:
            return
        cells = Row.of(segments, self.colors)
        cells.cut(max(0, self.width - x))
        if self._wanted[y].replace(x, cells):
            self._dirty.add(y)

    def put_strips(self, x: int, y: int, strips: Iterable[Strip]) -> None:
        """Want these strips, one after the other."""
        for strip in strips:
            self.put(x, y, strip)
            x += strip.cell_length

    def take_update(self) -> str:
        """What to write; afterwards the terminal counts as showing what was wanted."""
        pen = _Pen()
        for y in sorted(self._dirty):
            wanted = self._wanted[y]
            for start, end in wanted.differences(self._shown[y]):
                pen.write(start, y, wanted.texts[start:end], wanted.looks[start:end])
            self._shown[y] = wanted.copy()
        self._dirty.clear()
        return pen.finish()


class _Pen:
    """Collects text and the sequences around it, none of them twice in a row."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._look = ""

    def write(self, x: int, y: int, texts: list[str], looks: list[str]) -> None:
        self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        at = 0
        for look, group in groupby(looks):
            end = at + sum(1 for _ in group)
            self._use(look)
            run = "".join(texts[at:end])
            self._parts.append(run if run.isascii() else _anchored(x + at, texts[at:end]))
            at = end

    def finish(self) -> str:
        if self._look:
            self._parts.append(_RESET)
        return "".join(self._parts)

    def _use(self, look: str) -> None:
        if look != self._look:
            self._parts.append(f"\x1b[0;{look}m" if look and self._look else _setting(look))
            self._look = look


def _setting(look: str) -> str:
    return f"\x1b[{look}m" if look else _RESET


def _look(style: Style | None, colors: ColorSystem) -> str:
    return "" if style is None else Strip.render_ansi(style, colors)


def _anchored(x: int, texts: Iterable[str]) -> str:
    """The cells of a row from column `x` on, so that each stands in its own column although the
    terminal may think a character narrower or wider than we do.
    """
    parts: list[str] = []
    is_lost = False
    """Whether the terminal's cursor may be elsewhere."""
    for column, text in enumerate(texts, x + 1):
        if not text:
            continue  # the right half of a wide character
        if is_lost:
            parts.append(f"\x1b[{column}G")
        if is_lost := not _is_sure(text):
            parts.append(f"{' ' * cell_len(text)}\x1b[{column}G")
        parts.append(text)
    return "".join(parts)


@lru_cache(maxsize=4096)
def _is_sure(text: str) -> bool:
    """Whether all terminals agree on how many cells a character takes: not where it is combined of
    several, nor where it is a picture or unassigned.
    """
    if len(text) > 1:
        return False
    is_picture = "\u2600" <= text < "\u2800" or text >= "\U0001f000"
    return not is_picture and category(text) not in _UNSURE


_UNSURE = frozenset({"Mn", "Mc", "Me", "Cn", "Cf", "Co"})
"""Categories of characters that terminals don't agree about: marks, unassigned and private ones."""


def _cells(text: str) -> list[str]:
    cells = []
    for start, end, width in split_graphemes(text)[0]:
        if width:
            cells.append(text[start:end])
            cells.extend([""] * (width - 1))
    return cells
