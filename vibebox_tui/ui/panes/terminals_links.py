"""Addresses in a terminal's text: those that a program declared, and those that look like one."""

import re

from vibebox_tui.ui.widgets.terminal_text import Cell, TerminalText

OPENED_SCHEMES = ("http://", "https://", "mailto:")
"""What a browser opens; other schemes start programs, and the text is anybody's."""

_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\x00-\x20]+")
_TRAILING = ".,;:!?"
"""What ends a sentence rather than an address."""


def address_at(text: TerminalText, cell: Cell) -> str:
    """The address of the link that `cell` belongs to, or an empty string.

    One that a program declared (OSC 8) counts before one that can be read; the latter may go on
    in the next row.
    """
    if declared := text.link_at(cell):
        return declared if declared.startswith(OPENED_SCHEMES) else ""
    for places, paragraph in text.paragraphs(around=cell.line):
        for match in _ADDRESS.finditer(paragraph):
            address = _without_trailing(match.group())
            if cell in places[match.start() : match.start() + len(address)]:
                return address
    return ""


def _without_trailing(address: str) -> str:
    """The address without what belongs to the sentence around it, a closing bracket say."""
    address = address.rstrip(_TRAILING)
    for opening, closing in ("()", "[]"):
        if address.endswith(closing) and address.count(closing) > address.count(opening):
            return _without_trailing(address[:-1])
    return address
