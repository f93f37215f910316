"""The marks of logs that a pane doesn't show at the moment: they are there when it shows them."""

from collections.abc import Mapping

from vibebox_tui.client.client import Client
from vibebox_tui.logs.lost_marks import LostMarks

Origin = tuple[Client, str]
"""Which log is meant, whatever number it has as a source: the client and the environment's id."""


class MarksAside:
    """Marks by the log that they are of, for as long as a pane lives."""

    def __init__(self) -> None:
        self._marks: dict[Origin, LostMarks] = {}

    def leave(self, marks: LostMarks, origins: Mapping[int, Origin]) -> None:
        """Keep the marks of some logs, which are shown no more."""
        for source, own in marks.by_source().items():
            if source in origins:
                self._marks.setdefault(origins[source], LostMarks()).join(own, 0)

    def bring_back(self, origin: Origin, marks: LostMarks, source: int) -> None:
        """Add to `marks` those of a log, which is shown as that source from now on."""
        if (own := self._marks.pop(origin, None)) is not None:
            marks.join(own, source)
