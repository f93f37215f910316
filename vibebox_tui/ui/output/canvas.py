"""The screen that is wanted and the one that is shown, and what turns one into the other."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len, split_graphemes
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Cell = tuple[str, Style | None]
"""A character with what combines with it, and its look; the right half of a wide one is empty."""

UNKNOWN: Cell = ("\x00", None)
"""What may be in a cell that we haven't written: equal to nothing that is ever wanted."""

WORTH_A_JUMP = 12
"""Cells that are written again rather than jumped over: a jump and a style cost as many bytes."""

_RESET = "\x1b[0m"


class Canvas:
    """The cells of the user's terminal, as they should be and as they are.

    Strips are put where they belong as often as they come; `take_update` says what to write so
    that the terminal shows the newest of them, and nothing that it shows already.
    """

    def __init__(self) -> None:
        self.width = self.height = 0
        self._wanted: list[list[Cell]] = []
        self._shown: list[list[Cell]] = []
        self._dirty: set[int] = set()

    def resize(self, width: int, height: int) -> None:
        """Start with an empty screen of another size, of which nothing is known."""
        self.width, self.height = width, height
        self._wanted = [[(" ", None)] * width for _ in range(height)]
        self.forget()

    def forget(self) -> None:
        """Take nothing that the terminal shows for granted any more."""
        self._shown = [[UNKNOWN] * self.width for _ in range(self.height)]
        self._dirty = set(range(self.height))

    @property
    def is_dirty(self) -> bool:
        """Whether something may have to be written."""
        return bool(self._dirty)

    def put(self, x: int, y: int, segments: Iterable[Segment]) -> None:
        """Want `segments` from column `x` of row `y` on; what is beyond the edges is cut off."""
        if not 0 <= y < self.height:
            return
        cells = list(_cells(segments))[: max(0, self.width - x)]
        row, end = self._wanted[y], x + len(cells)
        if row[x:end] != cells:
            row[x:end] = cells
            _mend_halves(row, x)
            _mend_halves(row, end)
            self._dirty.add(y)

    def put_strips(self, x: int, y: int, strips: Iterable[Strip]) -> None:
        """Want these strips, one after the other."""
        for strip in strips:
            self.put(x, y, strip)
            x += strip.cell_length

    def take_update(self, colors: ColorSystem) -> str:
        """What to write; afterwards the terminal counts as showing what was wanted."""
        pen = _Pen(colors)
        for y in sorted(self._dirty):
            wanted, shown = self._wanted[y], self._shown[y]
            for start, end in _differences(wanted, shown):
                pen.write(start, y, wanted[start:end])
            self._shown[y] = wanted.copy()
        self._dirty.clear()
        return pen.finish()


class _Pen:
    """Collects text and the sequences around it, none of them twice in a row."""

    def __init__(self, colors: ColorSystem) -> None:
        self._colors = colors
        self._parts: list[str] = []
        self._look = ""

    def write(self, x: int, y: int, cells: Sequence[Cell]) -> None:
        self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        for style, group in groupby(cells, key=_style_of):
            self._use(style)
            self._parts.append("".join(text for text, _ in group))

    def finish(self) -> str:
        if self._look:
            self._parts.append(_RESET)
        return "".join(self._parts)

    def _use(self, style: Style | None) -> None:
        look = "" if style is None else Strip.render_ansi(style, self._colors)
        if look != self._look:
            self._parts.append(f"\x1b[0;{look}m" if look and self._look else _setting(look))
            self._look = look


def _setting(look: str) -> str:
    return f"\x1b[{look}m" if look else _RESET


def _style_of(cell: Cell) -> Style | None:
    return cell[1]


def _cells(segments: Iterable[Segment]) -> Iterator[Cell]:
    for text, style, control in segments:
        if control:
            continue
        if text.isascii():
            for character in text:
                yield character, style
        else:
            yield from _wide_cells(text, style)


def _wide_cells(text: str, style: Style | None) -> Iterator[Cell]:
    for start, end, width in split_graphemes(text)[0]:
        if width:
            yield text[start:end], style
        for _ in range(width - 1):
            yield "", style


def _mend_halves(row: list[Cell], x: int) -> None:
    """Where what is left and right of column `x` doesn't belong together any more, or there is
    nothing right of it, half of a wide character is a blank."""
    if not 0 < x <= len(row):
        return
    is_wide, goes_on = cell_len(row[x - 1][0]) > 1, x < len(row) and not row[x][0]
    if is_wide and not goes_on:
        row[x - 1] = (" ", row[x - 1][1])
    elif goes_on and not is_wide:
        row[x] = (" ", row[x][1])


def _differences(wanted: Sequence[Cell], shown: Sequence[Cell]) -> Iterator[tuple[int, int]]:
    """Ranges of columns to write so that `shown` becomes `wanted`, near ones joined."""
    if wanted == shown:
        return
    start = end = -1
    for x, (new, old) in enumerate(zip(wanted, shown, strict=True)):
        if new == old:
            continue
        if start < 0:
            start = x
        elif x - end > WORTH_A_JUMP:
            yield _whole_characters(wanted, start, end)
            start = x
        end = x + 1
    if start >= 0:
        yield _whole_characters(wanted, start, end)


def _whole_characters(wanted: Sequence[Cell], start: int, end: int) -> tuple[int, int]:
    while start > 0 and not wanted[start][0]:
        start -= 1
    while end < len(wanted) and not wanted[end][0]:
        end += 1
    return start, end
