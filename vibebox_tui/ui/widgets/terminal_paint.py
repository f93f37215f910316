"""Rows of an emulator as Textual strips: colours of a theme, nothing that a program sent raw."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes
from rich.color import Color
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.cache import FIFOCache
from textual.strip import Strip

from vibebox_tui.emulator import (
    DEFAULT_COLOUR,
    TRUE_COLOUR,
    Attributes,
    Run,
    Style,
    colour_triplet,
)
from vibebox_tui.emulator.palette import BACKGROUND, FOREGROUND, RGB, Palette

CACHED_ROWS = 512
"""Rows kept painted: a tall screen twice over, so that scrolling by a line paints one."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What a terminal might act on; an emulator has none in its cells, and none may pass."""

_ATTRIBUTES = (
    (Attributes.BOLD, RichStyle(bold=True)),
    (Attributes.DIM, RichStyle(dim=True)),
    (Attributes.ITALIC, RichStyle(italic=True)),
    (Attributes.BLINK, RichStyle(blink=True)),
    (Attributes.REVERSE, RichStyle(reverse=True)),
    (Attributes.CONCEAL, RichStyle(conceal=True)),
    (Attributes.STRIKE, RichStyle(strike=True)),
    (Attributes.OVERLINE, RichStyle(overline=True)),
)

_UNDERLINED, _DOUBLY_UNDERLINED = RichStyle(underline=True), RichStyle(underline2=True)
_DOUBLE = 2
"""The emulator's number for a double underline; other kinds are drawn as a single one."""


class Mark(NamedTuple):
    """Cells `start` to `end` (exclusive) of a row that look different: `style` over their own.

    Where `style` is None the cells are reversed, whatever they are: a cursor is always seen. On
    cells that are underlined already `underlined` holds instead, where that is given, and `blank`
    stands in place of a blank. Characters that are half in it are marked as a whole.
    """

    start: int
    end: int
    style: RichStyle | None = None
    underlined: RichStyle | None = None
    blank: str = ""


class TerminalPaint:
    """Paints rows in `base`, the colours that the theme has for a terminal's default ones.

    What the remote side has changed in its `palette` is painted so, the rest as the user's
    terminal or theme has it.
    """

    def __init__(self, base: RichStyle, palette: Palette | None = None) -> None:
        self._palette = dict(palette.changed) if palette else {}
        dynamic = palette.dynamic if palette else {}
        self.base = base + RichStyle(
            color=_true_colour(dynamic.get(FOREGROUND)),
            bgcolor=_true_colour(dynamic.get(BACKGROUND)),
        )
        self._styles: dict[Style, RichStyle] = {}
        self._strips: FIFOCache[tuple[tuple[Run, ...], int], Strip] = FIFOCache(CACHED_ROWS)

    def strip(self, runs: Sequence[Run], width: int) -> Strip:
        """A row of `width` cells; equal rows are the same strip."""
        key = (tuple(runs), width)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._painted(runs, width)
        return strip

    def _painted(self, runs: Sequence[Run], width: int) -> Strip:
        styles, base, missing = self._styles, self.base, width
        segments = []
        for text, style in runs:
            rich_style = styles.get(style)
            if rich_style is None:
                rich_style = styles[style] = base + self._look_of(style)
            segments.append(Segment(text if text.isprintable() else harmless(text), rich_style))
            missing -= cell_len(text)
        if missing < 0:
            return Strip(segments).adjust_cell_length(width, base)
        if missing:
            segments.append(Segment(" " * missing, base))
        return Strip(segments, width)

    def _look_of(self, style: Style) -> RichStyle:
        changed = self._palette
        return rich_style_of(style) + RichStyle(
            color=_true_colour(changed.get(style.foreground)),
            bgcolor=_true_colour(changed.get(style.background)),
        )


def marked(strip: Strip, marks: Sequence[Mark]) -> Strip:
    """`strip` with `marks` over it, the later over the earlier."""
    for mark in marks:
        width = strip.cell_length
        start, end = _whole(strip, max(0, mark.start), min(mark.end, width))
        if start < end:
            before, within, after = strip.divide([start, end, width])
            look = [_marked(text, style, mark) for text, style, _ in within]
            strip = Strip([*before, *look, *after], width)
    return strip


def _whole(strip: Strip, start: int, end: int) -> tuple[int, int]:
    """Columns from `start` to `end`, and the other halves of wide characters at both ends."""
    if (text := strip.text).isascii():
        return start, end
    column = 0
    for _, _, width in split_graphemes(text)[0]:
        if column < start < column + width:
            start = column
        if column < end < column + width:
            end = column + width
        column += width
    return start, end


def _marked(text: str, style: RichStyle | None, mark: Mark) -> Segment:
    over = mark.style
    if mark.underlined is not None and style is not None and style.underline:
        over = mark.underlined
    shown = mark.blank if mark.blank and text.isspace() else text
    if shown is not text:  # a bar is drawn in the colours of the text
        return Segment(shown, style)
    return Segment(text, _over(style, over))


def endorsed(strip: Strip, words: Sequence[Segment]) -> Strip:
    """`strip` with `words` at its right end, where that is blank; else as it is."""
    width = sum(word.cell_length for word in words)
    room = strip.cell_length - width
    if room < 0 or not strip.crop(room).text.isspace():
        return strip
    return Strip([*strip.crop(0, room), *words], strip.cell_length)


def harmless(text: str) -> str:
    """`text` with a space for every control character."""
    return _CONTROLS.sub(" ", text)


@lru_cache(4096)
def rich_style_of(style: Style) -> RichStyle:
    """The emulator's style in Rich's terms; colours that are the terminal's own stay unset.

    Hyperlinks are left out: an address from the remote side is no business of the user's
    terminal, the view opens it when it is asked to.
    """
    rich_style = RichStyle(
        color=_colour(style.foreground),
        bgcolor=_colour(style.background),
    )
    for bit, attribute in _ATTRIBUTES:
        if style.attributes & bit:
            rich_style += attribute
    if style.underline:
        rich_style += _DOUBLY_UNDERLINED if style.underline == _DOUBLE else _UNDERLINED
    return rich_style


def _colour(colour: int) -> Color | None:
    if colour == DEFAULT_COLOUR:
        return None
    if colour & TRUE_COLOUR:
        return Color.from_rgb(*colour_triplet(colour))
    return Color.from_ansi(colour)


def _true_colour(colour: RGB | None) -> Color | None:
    return Color.from_rgb(*(part >> 8 for part in colour)) if colour else None


@lru_cache(4096)
def _over(style: RichStyle | None, over: RichStyle | None) -> RichStyle:
    style = style or RichStyle.null()
    if over is not None:
        return style + over
    return style + RichStyle(reverse=not style.reverse)
