"""SGR: how a sequence's parameters change the pen.

Source: ECMA-48 8.3.117, ITU-T T.416 for the colon forms, xterm's ctlseqs for the rest.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from .style import DEFAULT_COLOUR, TRUE_COLOUR, Attributes, Style

Properties = dict[str, int]
"""Of a style being changed: foreground, background, underline_colour, attributes, underline."""

_MOST_STYLES = 32
"""Styles for which one parameter string remembers its effect: real programs use a few."""

_KEPT = Attributes.PROTECTED | Attributes.GUARDED
"""Attributes that are not SGR's to reset."""


class Rendition(dict[Style, Style]):
    """The effect of one parameter string: look the pen up in it to get the next one."""

    __slots__ = ("_parameters",)

    def __init__(self, parameters: str) -> None:
        super().__init__()
        self._parameters = parameters

    def __missing__(self, style: Style) -> Style:
        if len(self) >= _MOST_STYLES:
            self.clear()
        result = self[style] = apply_sgr(style, self._parameters)
        return result


def apply_sgr(style: Style, parameters: str) -> Style:
    """The style after `CSI parameters m`; what isn't known in it changes nothing."""
    properties: Properties = {
        "foreground": style.foreground,
        "background": style.background,
        "attributes": style.attributes,
        "underline": style.underline,
        "underline_colour": style.underline_colour,
    }
    values = iter(parameters.split(";"))
    for value in values:
        code, *details = map(_number, value.split(":"))
        if code in _COLOURS:
            colour = _colon_colour(details) if details else _semicolon_colour(values)
            if colour is not None:
                properties[_COLOURS[code]] = colour
        elif code == _UNDERLINE and details:
            if details[0] <= _LAST_UNDERLINE:
                properties["underline"] = details[0]
        elif (effect := _EFFECTS.get(code)) is not None and not details:
            effect(properties)
    return Style.of(**properties, link=style.link)


@lru_cache(maxsize=1024)
def sgr_parameters(style: Style) -> str:
    """The parameters that make `style` of a plain pen, beginning with the 0 that resets it."""
    codes = ["0"]
    codes += [code for bit, code in _ATTRIBUTE_CODES if style.attributes & bit]
    if style.underline:
        codes.append("4" if style.underline == 1 else f"4:{style.underline}")
    codes += _colour_codes(style.foreground, 30, 90)
    codes += _colour_codes(style.background, 40, 100)
    if style.underline_colour != DEFAULT_COLOUR:
        codes.append(f"58:{_colour_details(style.underline_colour, ':')}")
    return ";".join(codes)


def _number(text: str) -> int:
    return int(text[-5:]) if text.isdecimal() and text.isascii() else 0


def _semicolon_colour(values: Iterator[str]) -> int | None:
    """The colour of `38;5;n` or `38;2;r;g;b`, whose values are taken off the iterator."""
    kind = _number(next(values, ""))
    if kind == 5:
        index = next(values, None)
        return None if index is None else _palette_colour(_number(index))
    if kind == 2:
        return _direct_colour([_number(next(values, "")) for _ in range(3)])
    return None


def _colon_colour(details: list[int]) -> int | None:
    """The colour of `38:5:n`, `38:2:r:g:b` or `38:2:space:r:g:b`."""
    kind, *components = details
    if kind == 5 and components:
        return _palette_colour(components[0])
    if kind == 2 and len(components) >= 3:
        return _direct_colour(components[1:4] if len(components) > 3 else components)
    return None


def _palette_colour(index: int) -> int | None:
    return index if index <= 255 else None


def _direct_colour(components: list[int]) -> int | None:
    red, green, blue = components
    if max(components) > 255:
        return None
    return TRUE_COLOUR | red << 16 | green << 8 | blue


def _reset(properties: Properties) -> None:
    kept = properties["attributes"] & _KEPT
    properties.update(
        foreground=DEFAULT_COLOUR,
        background=DEFAULT_COLOUR,
        underline_colour=DEFAULT_COLOUR,
        attributes=kept,
        underline=0,
    )


def _set(name: str, value: int) -> Callable[[Properties], None]:
    return lambda properties: properties.update({name: value})


def _add(bit: int) -> Callable[[Properties], None]:
    return lambda properties: properties.update(attributes=properties["attributes"] | bit)


def _remove(bits: int) -> Callable[[Properties], None]:
    return lambda properties: properties.update(attributes=properties["attributes"] & ~bits)


_COLOURS = {38: "foreground", 48: "background", 58: "underline_colour"}

_UNDERLINE = 4
_LAST_UNDERLINE = 5

_EFFECTS: dict[int, Callable[[Properties], None]] = {
    0: _reset,
    1: _add(Attributes.BOLD),
    2: _add(Attributes.DIM),
    3: _add(Attributes.ITALIC),
    4: _set("underline", 1),
    5: _add(Attributes.BLINK),
    6: _add(Attributes.BLINK),
    7: _add(Attributes.REVERSE),
    8: _add(Attributes.CONCEAL),
    9: _add(Attributes.STRIKE),
    21: _set("underline", 2),
    22: _remove(Attributes.BOLD | Attributes.DIM),
    23: _remove(Attributes.ITALIC),
    24: _set("underline", 0),
    25: _remove(Attributes.BLINK),
    27: _remove(Attributes.REVERSE),
    28: _remove(Attributes.CONCEAL),
    29: _remove(Attributes.STRIKE),
    39: _set("foreground", DEFAULT_COLOUR),
    49: _set("background", DEFAULT_COLOUR),
    53: _add(Attributes.OVERLINE),
    55: _remove(Attributes.OVERLINE),
    59: _set("underline_colour", DEFAULT_COLOUR),
    **{30 + index: _set("foreground", index) for index in range(8)},
    **{90 + index: _set("foreground", 8 + index) for index in range(8)},
    **{40 + index: _set("background", index) for index in range(8)},
    **{100 + index: _set("background", 8 + index) for index in range(8)},
}

_ATTRIBUTE_CODES = (
    (Attributes.BOLD, "1"),
    (Attributes.DIM, "2"),
    (Attributes.ITALIC, "3"),
    (Attributes.BLINK, "5"),
    (Attributes.REVERSE, "7"),
    (Attributes.CONCEAL, "8"),
    (Attributes.STRIKE, "9"),
    (Attributes.OVERLINE, "53"),
)


def _colour_codes(colour: int, dark: int, bright: int) -> list[str]:
    if colour == DEFAULT_COLOUR:
        return []
    if colour < 8:
        return [str(dark + colour)]
    if colour < 16:
        return [str(bright + colour - 8)]
    return [f"{dark + 8}:{_colour_details(colour, ':')}"]


def _colour_details(colour: int, separator: str) -> str:
    if not colour & TRUE_COLOUR:
        return f"5{separator}{colour}"
    components = ((colour >> shift) & 255 for shift in (16, 8, 0))
    return separator.join(["2", "", *map(str, components)])
