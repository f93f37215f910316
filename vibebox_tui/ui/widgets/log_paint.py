"""What a line of a log looks like: segments in the theme's styles, without a widget."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rich.cells import cell_len, get_character_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from vibebox_tui.logs.ansi import PLAIN, Colour, Ink
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.logs.readable import Piece
from vibebox_tui.logs.ring import Line

LEVEL_LETTERS: Final = {
    Level.UNKNOWN: " ",
    Level.TRACE: "T",
    Level.DEBUG: "D",
    Level.INFO: "I",
    Level.WARN: "W",
    Level.ERROR: "E",
    Level.FATAL: "F",
}
"""What stands before a line for its level, so that it isn't told by colour alone."""


@dataclass(frozen=True)
class LogStyles:
    """The theme's styles for the parts of a log; only `hit` and `cursor` have a background."""

    time: Style
    name: Style
    note: Style
    hit: Style
    mark: Style
    cursor: Style
    sources: Sequence[Style]
    levels: Mapping[Level, Style]
    texts: Mapping[Level, Style]


def message_segments(
    pieces: Iterable[Piece], level: Level, styles: LogStyles, pattern: Pattern | None
) -> list[Segment]:
    """A line's message; what `pattern` finds in it is marked as a hit."""
    base = styles.texts[level]
    segments = [
        Segment(piece.text, styles.name if piece.is_name else _style_of(piece.ink, base))
        for piece in pieces
        if piece.text
    ]
    return _with_hits(segments, pattern, styles.hit) if pattern is not None else segments


def note_segments(text: str, width: int, rule: str, styles: LogStyles) -> list[Segment]:
    """A line of our own, as a rule across the whole width with its text in it."""
    lead = f"{rule}{rule} {text} "
    return [Segment(lead + rule * max(0, width - cell_len(lead)), styles.note)]


def level_segment(line: Line, mark: str, styles: LogStyles) -> list[Segment]:
    """The mark, if the line has one, and the letter of its level; continuations have none."""
    letter = " " if line.is_continuation else LEVEL_LETTERS[line.level]
    return [
        Segment(mark if line.is_marked else " ", styles.mark),
        Segment(f"{letter} ", styles.levels[line.level]),
    ]


def fit(segments: list[Segment], width: int) -> list[Segment]:
    """Cut segments off after `width` cells, or fill them up with blanks."""
    length = Segment.get_line_length(segments)
    if length > width:
        return Segment.adjust_line_length(segments, width, pad=False)
    return [*segments, Segment(" " * (width - length))] if length < width else segments


def wrap(segments: Iterable[Segment], width: int) -> list[list[Segment]]:
    """Break segments into rows of at most `width` cells, never within a wide character."""
    rows: list[list[Segment]] = [[]]
    room = width
    for text, style, _ in segments:
        rest = text
        while rest:
            fitting = _fitting(rest, room)
            if fitting:
                rows[-1].append(Segment(rest[:fitting], style))
                room -= cell_len(rest[:fitting])
                rest = rest[fitting:]
            if rest:
                if room == width:  # a wide character in a row of one cell
                    rest = rest[1:]
                    continue
                rows.append([])
                room = width
    return rows


def _fitting(text: str, room: int) -> int:
    """How many of the first characters of `text` fit into `room` cells."""
    if text.isascii():
        return min(len(text), room)
    for index, character in enumerate(text):
        room -= get_character_cell_size(character)
        if room < 0:
            return index
    return len(text)


def _with_hits(segments: list[Segment], pattern: Pattern, style: Style) -> list[Segment]:
    hits = pattern.hits("".join(segment.text for segment in segments))
    if not hits:
        return segments
    cuts = [cut for hit in hits for cut in hit]
    inside = _Inside(hits)
    marked: list[Segment] = []
    at = 0
    for segment in segments:
        end = at + len(segment.text)
        bounds = [at, *(cut for cut in cuts if at < cut < end), end]
        for start, stop in pairwise(bounds):
            piece = segment.text[start - at : stop - at]
            own = segment.style or Style.null()
            marked.append(Segment(piece, own + style if inside(start) else own))
        at = end
    return marked


class _Inside:
    """Whether an index, asked for in ascending order, is within one of the ranges."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._ranges = ranges
        self._next = 0

    def __call__(self, index: int) -> bool:
        while self._next < len(self._ranges) and self._ranges[self._next][1] <= index:
            self._next += 1
        return self._next < len(self._ranges) and self._ranges[self._next][0] <= index


@lru_cache(maxsize=1024)
def _style_of(ink: Ink, base: Style) -> Style:
    """The line's own inks over the style of its level."""
    if ink == PLAIN:
        return base
    return base + Style(
        color=_colour(ink.foreground),
        bgcolor=_colour(ink.background),
        bold=ink.bold or None,
        dim=ink.dim or None,
        italic=ink.italic or None,
        underline=ink.underline or None,
        reverse=ink.reverse or None,
        strike=ink.strike or None,
    )


def _colour(colour: Colour) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)
