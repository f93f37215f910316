"""What a pane has of its logs: of each source, from which line up to which one."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from vibebox_tui.client.client import Client
from vibebox_tui.logs.ring import Ring
from vibebox_tui.protocol.messages import LogEntry

FETCH_LINES: Final = 1000
"""Lines that are fetched of a log at a time."""

Origins = Mapping[int, tuple[Client, str]]
"""Where each source can be asked for lines: its client, and its environment's id."""

Pages = list[tuple[int, list[LogEntry]]]
"""Entries by their source, oldest first."""


class Bounds(NamedTuple):
    """The numbers of the first line that one has of a source, and of the one after the last."""

    start: int
    end: int


class Extent:
    """The part of some logs that is in `ring`, or on its way there: without holes, but it may begin
    after the logs do, and end before them.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.has_unnumbered = False
        """Whether there were lines without a number: these can't be had again."""
        self._ends: dict[int, int] = {}

    def begin(self, source: int, seq: int) -> None:
        """Have nothing of a source, but go on with that number in either direction."""
        self._ends[source] = self.ring.borders[source] = seq

    def note(self, source: int, entries: Sequence[LogEntry]) -> None:
        """Take note of what has come of a source."""
        self._heed_cuts()
        if entries and entries[-1].seq:
            self._ends[source] = max(self._ends.get(source, 0), entries[-1].seq + 1)
        elif entries:
            self.has_unnumbered = True

    def bounds(self) -> dict[int, Bounds]:
        """Of each source whose lines are numbered what there is; others can't be asked for any."""
        self._heed_cuts()
        starts = self.ring.borders | self.ring.oldest_seqs()
        return {source: Bounds(starts.get(source, end), end) for source, end in self._ends.items()}

    def _heed_cuts(self) -> None:
        if self.ring.cut_at:
            self._ends |= self.ring.cut_at
            self.ring.cut_at.clear()
