"""Lines in, lines that pass out: a selection applied to a stream of entries."""

from collections.abc import Iterable
from typing import Final

from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.ring import Line, Ring
from vibebox_tui.logs.view import View
from vibebox_tui.protocol.messages import LogEntry

KEPT_BYTES: Final = 4 * 1024 * 1024
"""Memory for the lines before, to which what comes may belong."""

_AT_ONCE: Final = 1.0
"""Seconds that a slice of scanning may take: nobody waits for anything else here."""


class Sifter:
    """Takes a log's entries in order and gives back the lines that `selection` lets pass.

    A line that came before is not given back later, even if a continuation makes its record pass.
    """

    def __init__(self, selection: Selection) -> None:
        self._ring = Ring(KEPT_BYTES)
        self._view = View(self._ring, selection)

    def take(self, entries: Iterable[LogEntry]) -> list[Line]:
        """Add entries; the new lines among them that pass."""
        before = self._ring.end
        self._ring.append(entries)
        while not self._view.scan(_AT_ONCE):
            pass
        first = self._view.row(before)
        positions = self._view.positions(first, len(self._view) - first)
        return [self._ring.line(position) for position in positions]
