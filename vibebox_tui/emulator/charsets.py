"""The character sets that SCS designates: final bytes to translation tables.

Source: DEC STD 070 and the VT220 and VT320 manuals; line drawing is pyte's table.
"""

from pyte import charsets as pyte_charsets

Charset = dict[int, str]
"""Code points that are drawn as others; ASCII is the empty table."""

ASCII: Charset = {}

_NATIONAL_POSITIONS = "#@[\\]^_`{|}~"
"""The code points that national replacement sets change."""


def _national(replacements: str) -> Charset:
    return {
        ord(position): character
        for position, character in zip(_NATIONAL_POSITIONS, replacements, strict=True)
        if position != character
    }


_DEC_GRAPHICS: Charset = {code: pyte_charsets.VT100_MAP[code] for code in range(0x5F, 0x7F)}

_FINNISH = _national("#@ÄÖÅÜ_éäöåü")
_FRENCH_CANADIAN = _national("#àâçêî_ôéùèû")
_NORWEGIAN = _national("#ÄÆØÅÜ_äæøåü")
_SWEDISH = _national("#ÉÄÖÅÜ_éäöåü")

CHARSETS: dict[str, Charset] = {
    "B": ASCII,
    "0": _DEC_GRAPHICS,
    "2": _DEC_GRAPHICS,
    "A": {ord("#"): "£"},
    "1": ASCII,
    "4": _national("£¾ĳ½|^_`¨f¼´"),
    "5": _FINNISH,
    "C": _FINNISH,
    "R": _national("£à°ç§^_`éùè¨"),
    "Q": _FRENCH_CANADIAN,
    "9": _FRENCH_CANADIAN,
    "K": _national("#§ÄÖÜ^_`äöüß"),
    "Y": _national("£§°çé^_ùàòèì"),
    "`": _NORWEGIAN,
    "E": _NORWEGIAN,
    "6": _NORWEGIAN,
    "Z": _national("£§¡Ñ¿^_`°ñç~"),
    "H": _SWEDISH,
    "7": _SWEDISH,
    "=": _national("ùàéçêîèôäöüû"),
}
"""Sets by the final byte of their designation; an unknown one leaves the set as it was."""
