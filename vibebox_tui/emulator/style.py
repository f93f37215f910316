"""How a cell is drawn: colours and attributes, interned so that equal styles are one object.

A colour is an `int`: `DEFAULT_COLOUR` (-1) for the terminal's own, 0 to 255 for the palette, and
`TRUE_COLOUR | 0xRRGGBB` for a direct colour. `colour_triplet` takes the last kind apart.
"""

from enum import IntFlag
from typing import Any
from weakref import WeakValueDictionary

DEFAULT_COLOUR = -1
"""The terminal's own foreground, background, or (for an underline) the foreground."""

TRUE_COLOUR = 0x1000000
"""Set in a colour whose lower 24 bits are red, green and blue."""


class Attributes(IntFlag):
    """What SGR switches on and off, and the protection that erasing looks at."""

    BOLD = 1 << 0
    DIM = 1 << 1
    ITALIC = 1 << 2
    UNDERLINE = 1 << 3
    BLINK = 1 << 4
    REVERSE = 1 << 5
    CONCEAL = 1 << 6
    STRIKE = 1 << 7
    OVERLINE = 1 << 8
    PROTECTED = 1 << 9
    """DECSCA: DECSED, DECSEL and DECSERA spare the cell."""
    GUARDED = 1 << 10
    """SPA to EPA (ISO 6429): ED, EL, ECH and DECERA spare the cell as well."""


class Style:
    """The look of a cell; compare with `is`, for two equal styles are the same object.

    `foreground`, `background` and `underline_colour` are colours as this module defines them,
    `attributes` the bits of `Attributes` as a plain int, `underline` the kind of line (0 none,
    1 single, 2 double, 3 curly, 4 dotted, 5 dashed) and `link` the address of an OSC 8 hyperlink
    or an empty string. Never change one: `Style.of` and `replaced` return others.
    """

    __slots__ = (
        "__weakref__",
        "attributes",
        "background",
        "erased",
        "foreground",
        "link",
        "underline",
        "underline_colour",
    )

    foreground: int
    background: int
    attributes: int
    underline: int
    underline_colour: int
    link: str
    erased: "Style"
    """What a cell looks like that is erased while this style is the pen: the background stays."""

    @staticmethod
    def of(
        foreground: int = DEFAULT_COLOUR,
        background: int = DEFAULT_COLOUR,
        attributes: int = 0,
        underline: int = 0,
        underline_colour: int = DEFAULT_COLOUR,
        link: str = "",
    ) -> "Style":
        """The one style with these properties."""
        key = (foreground, background, int(attributes), underline, underline_colour, link)
        style = _interned.get(key)
        if style is None:
            style = Style.__new__(Style)
            (
                style.foreground,
                style.background,
                style.attributes,
                style.underline,
                style.underline_colour,
                style.link,
            ) = key
            _interned[key] = style
            is_blank = key == (DEFAULT_COLOUR, background, 0, 0, DEFAULT_COLOUR, "")
            style.erased = style if is_blank else Style.of(background=background)
        return style

    def replaced(self, **properties: Any) -> "Style":
        """The style that differs from this one in `properties`, named as for `of`."""
        return Style.of(**{name: properties.get(name, getattr(self, name)) for name in _PROPERTIES})

    @property
    def bold(self) -> bool:
        return bool(self.attributes & Attributes.BOLD)

    @property
    def dim(self) -> bool:
        return bool(self.attributes & Attributes.DIM)

    @property
    def italic(self) -> bool:
        return bool(self.attributes & Attributes.ITALIC)

    @property
    def blink(self) -> bool:
        return bool(self.attributes & Attributes.BLINK)

    @property
    def reverse(self) -> bool:
        return bool(self.attributes & Attributes.REVERSE)

    @property
    def conceal(self) -> bool:
        return bool(self.attributes & Attributes.CONCEAL)

    @property
    def strike(self) -> bool:
        return bool(self.attributes & Attributes.STRIKE)

    @property
    def overline(self) -> bool:
        return bool(self.attributes & Attributes.OVERLINE)

    def __repr__(self) -> str:
        return (
            f"Style.of({self.foreground:#x}, {self.background:#x}, {self.attributes:#x},"
            f" {self.underline}, {self.underline_colour:#x}, {self.link!r})"
        )


_PROPERTIES = (
    "foreground",
    "background",
    "attributes",
    "underline",
    "underline_colour",
    "link",
)

_interned: WeakValueDictionary[tuple[int, int, int, int, int, str], Style] = WeakValueDictionary()

PLAIN = Style.of()
"""Default colours, no attribute: what a blank screen is made of."""


def colour_triplet(colour: int) -> tuple[int, int, int]:
    """Red, green and blue (0 to 255 each) of a colour with `TRUE_COLOUR` set."""
    return (colour >> 16) & 255, (colour >> 8) & 255, colour & 255
