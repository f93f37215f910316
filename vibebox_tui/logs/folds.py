"""Records folded to their first line: a stack trace is there, and out of the way."""

from dataclasses import dataclass
from functools import cached_property

from vibebox_tui.logs.batch import Batch, Indices
from vibebox_tui.logs.chunk import CONTINUATION, NOTE, TURNED
from vibebox_tui.logs.filters import Selection


@dataclass(frozen=True)
class Folded:
    """What a selection shows, less the lines of folded records behind their first ones.

    With `folds` all records are folded but those that were turned, else only these.
    """

    selection: Selection
    folds: bool

    @property
    def passes_all(self) -> bool:
        """Never: which lines are hidden is told by each of them."""
        return False

    def select(self, batch: Batch) -> Indices:
        """The indices of the lines in `batch` that are shown."""
        hidden = batch.flags.translate(self.hidden)
        return [index for index in self.selection.select(batch) if not hidden[index]]

    @cached_property
    def hidden(self) -> bytes:
        """For each value of a line's flags, whether such a line is hidden."""
        return hidden_flags(folds=self.folds)


def hidden_flags(*, folds: bool) -> bytes:
    """For each value of a line's flags, whether such a line is hidden in its record."""
    return bytes(
        bool(flags & CONTINUATION and not flags & NOTE and bool(flags & TURNED) is not folds)
        for flags in range(256)
    )
