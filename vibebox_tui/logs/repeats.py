"""Repeated records collapsed to their first, with a count."""

import re
from dataclasses import dataclass

from vibebox_tui.logs.batch import Batch, Indices
from vibebox_tui.logs.chunk import CONTINUATION, NOTE
from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.folds import Folded

_TIME = re.compile(r"[\d\-:T.,Z+/ \[\]]*")
"""The time that a line begins with: it differs where nothing else does."""


@dataclass(frozen=True)
class Collapsed:
    """What a selection shows, less the records that say the same as the one before them.

    The time at a line's beginning doesn't count, and of folded records only the line that is
    seen. A run ends with its chunk.
    """

    selection: Selection | Folded

    @property
    def passes_all(self) -> bool:
        """Never: to know which lines repeat, all have to be looked at."""
        return False

    def select(self, batch: Batch) -> Indices:
        """The indices of the lines in `batch` that are shown."""
        return self.runs(batch)[0]

    def runs(self, batch: Batch) -> tuple[Indices, list[int]]:
        """The lines that are shown, and for each how often its record was said in a row."""
        shown: Indices = []
        counts: list[int] = []
        before: tuple[str, ...] | None = None
        head = 0
        for record in _records(batch, self.selection.select(batch)):
            said = tuple(_TIME.sub("", batch.lines[index], count=1) for index in record)
            if said == before and not batch.flags[record[0]] & NOTE:
                counts[head] += 1
                continue
            before, head = said, len(shown)
            shown.extend(record)
            counts.extend([1] * len(record))
        return shown, counts


def _records(batch: Batch, hits: Indices) -> list[Indices]:
    """Group hits by the record that they belong to."""
    records: list[Indices] = []
    for hit in hits:
        if records and batch.flags[hit] & CONTINUATION and hit == records[-1][-1] + 1:
            records[-1].append(hit)
        else:
            records.append([hit])
    return records
