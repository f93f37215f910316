"""A line's text made fit for cells: colours kept as inks, every other control shown or dropped.

Control functions are those of ECMA-48; colours by SGR (8.3.117) with xterm's 256 and direct
colours. What is returned never contains a control character, so it can't move a cursor, set a
title or reach a clipboard, and every terminal gives it the same width.
"""

import re
from typing import Final, NamedTuple

Colour = int | tuple[int, int, int] | None
"""One of the 256 colours of xterm's palette, or red, green and blue; None is the default."""


class Ink(NamedTuple):
    """How text is drawn, as the line's own escape sequences say."""

    foreground: Colour = None
    background: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN: Final = Ink()
"""Text without escape sequences."""


class Span(NamedTuple):
    """Text of one ink; it has no control characters."""

    text: str
    ink: Ink


TAB_STOPS: Final = 8
"""Columns between two tab stops."""

SEQUENCE: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[\]PX^_][^\n\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"  # everything else that ESC begins
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
"""A whole control sequence; of one that doesn't end, only its introducer, so nothing can hide."""

_UNFIT = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # controls, C0 and C1, but for the tab
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u061c\u180e"  # invisible ones, and direction
    "\ufe00-\ufe0f\U000e0000-\U000e0fff"  # variation selectors and tags: widths differ
    "\U0001f1e6-\U0001f1ff"  # flags are pairs of these: widths differ
    "\ud800-\udfff\ufff0-\ufffb]"
)
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""The controls among these."""

_DROPPED: Final = frozenset("\u200d\u200b\u200c\u2060\ufeff")
"""Joiners and the like: without them each part of a joined emoji has a width of its own that all
terminals agree on."""


def strip_sequences(text: str) -> str:
    """Take the control sequences out, as filters and searches see a line."""
    return SEQUENCE.sub("", text) if "\x1b" in text or "\x9b" in text else text


def plain(text: str) -> str:
    """A line for a file, a pipe or a clipboard: without control sequences, and every control
    character but the tab made visible, so that it is as harmless there as on the screen.
    """
    return text if text.isprintable() else _CONTROL.sub(_replace, strip_sequences(text))


def spans(text: str) -> list[Span]:
    """Divide a line into spans that can be drawn as they are."""
    if text.isascii() and text.isprintable():
        return [Span(text, PLAIN)] if text else []
    drawn: list[Span] = []
    ink, start, column = PLAIN, 0, 0
    for sequence in SEQUENCE.finditer(text):
        column = _add(drawn, text[start : sequence.start()], ink, column)
        ink = _after(sequence[0], ink)
        start = sequence.end()
    _add(drawn, text[start:], ink, column)
    return drawn


def visible(text: str) -> str:
    """A line as it is drawn, without its inks."""
    return "".join(span.text for span in spans(text))


def _add(drawn: list[Span], text: str, ink: Ink, column: int) -> int:
    """Add a piece made fit for cells, which begins at `column`; return the column after it."""
    if not text:
        return column
    fit = _UNFIT.sub(_replace, text)
    if "\t" in fit:
        fit = _expand_tabs(fit, column)
    if fit:
        drawn.append(Span(fit, ink))
    return column + len(fit)


def _replace(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if character in _DROPPED or 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF:
        return ""
    if 0x1F1E6 <= code <= 0x1F1FF:
        return chr(ord("A") + code - 0x1F1E6)
    return "\ufffd"


def _expand_tabs(text: str, column: int) -> str:
    parts = []
    for part in text.split("\t"):
        column += len(part)
        blanks = TAB_STOPS - column % TAB_STOPS
        parts.append(part + " " * blanks)
        column += blanks
    return "".join(parts)[: -blanks or None] if parts else text


# --- colours -------------------------------------------------------------------------------

_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]*)m")

_ON: Final = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}
"""What SGR's parameters switch on and off; blinking and hiding are not among them."""


def _after(sequence: str, ink: Ink) -> Ink:
    """The ink after a control sequence, which only SGR changes."""
    found = _SGR.fullmatch(sequence)
    if found is None:
        return ink
    body = found[1]
    codes = [int(code) if code.isdigit() else 0 for code in body.replace(":", ";").split(";")]
    while codes:
        ink = _apply(codes, ink)
    return ink


def _apply(codes: list[int], ink: Ink) -> Ink:
    """Take one attribute off the front of `codes`."""
    code = codes.pop(0)
    if code == 0:
        return PLAIN
    if change := _ON.get(code):
        return ink._replace(**change)
    if code in (38, 48):
        colour = _extended(codes)
        return ink._replace(foreground=colour) if code == 38 else ink._replace(background=colour)
    if code in range(30, 40) or code in range(90, 98):
        return ink._replace(foreground=_basic(code))
    if code in range(40, 50) or code in range(100, 108):
        return ink._replace(background=_basic(code))
    return ink


def _basic(code: int) -> Colour:
    """One of the sixteen colours, bright ones from 90 on; None for the default again."""
    if code in (39, 49):
        return None
    return code % 10 + (8 if code >= 90 else 0)


def _extended(codes: list[int]) -> Colour:
    """`5;n` or `2;r;g;b` from the front of `codes`; None where it is neither."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return codes.pop(0) & 0xFF
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (codes.pop(0) & 0xFF for _ in range(3))
        return red, green, blue
    return None
