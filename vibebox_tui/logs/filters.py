"""Filters in a stack, and what a log shows of itself because of them."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from vibebox_tui.logs.batch import Batch, Indices
from vibebox_tui.logs.chunk import LEVEL_BITS, NOTE, STDERR
from vibebox_tui.logs.expressions import NotTerm, Term, parse_expression
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.protocol.messages import StreamFilter


@dataclass(frozen=True)
class Filter:
    """One filter: lets pass, or with `excludes` keeps out, the lines where all its terms hold."""

    source: str
    excludes: bool = False
    enabled: bool = True
    terms: tuple[Term, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def parse(cls, source: str, *, excludes: bool = False) -> "Filter":
        """Make a filter of what was typed; raises ExpressionError where that is wrong.

        A lone `!term` keeps out the whole records in which the term is found.
        """
        terms = parse_expression(source)
        if len(terms) == 1 and isinstance(terms[0], NotTerm):
            return cls(source, not excludes, True, (terms[0].term,))
        return cls(source, excludes, True, tuple(terms))

    def select(self, batch: Batch, among: Indices) -> Indices:
        """Those of the lines `among` that it lets pass; whole records of them."""
        hits = among
        for term in self.terms:
            if not hits:
                break
            hits = term.select(batch, hits)
        hits = batch.with_whole_records(hits)
        kept = set(hits)
        if self.excludes:
            return [index for index in among if index not in kept]
        return hits if len(among) == len(batch) else [i for i in among if i in kept]


@dataclass(frozen=True)
class Selection:
    """What is shown of a log: filters one on top of the other, a lowest level, a stream.

    Notes always pass. A line passes a filter with its whole record: a stack trace is shown for a
    word in any of its lines.
    """

    filters: tuple[Filter, ...] = ()
    lowest: Level = Level.UNKNOWN
    stream: StreamFilter = "all"

    @property
    def passes_all(self) -> bool:
        """Whether nothing is left out."""
        return self.lowest <= Level.TRACE and self.stream == "all" and not self._active

    @property
    def _active(self) -> list[Filter]:
        return [each for each in self.filters if each.enabled and each.terms]

    def select(self, batch: Batch) -> Indices:
        """The indices of the lines in `batch` that are shown."""
        hits = batch.having(self._passing)
        for each in self._active:
            hits = each.select(batch, hits)
        return batch.with_notes(hits)

    @cached_property
    def _passing(self) -> bytes:
        """For each value of a line's flags whether level and stream let it pass."""
        return bytes(self._passes(flags) for flags in range(256))

    def _passes(self, flags: int) -> bool:
        level = flags & LEVEL_BITS
        if flags & NOTE or level > Level.FATAL:
            return bool(flags & NOTE)
        stream = "stderr" if flags & STDERR else "stdout"
        enough = self.lowest <= Level.TRACE or Level(level).rank >= self.lowest
        return enough and self.stream in ("all", stream)

    # --- changes ---------------------------------------------------------------------------

    def with_filter(self, new: Filter) -> "Selection":
        """Put a filter on top; one of the same words replaces the old one."""
        others = tuple(
            f for f in self.filters if (f.source, f.excludes) != (new.source, new.excludes)
        )
        return replace(self, filters=(*others, new))

    def without_filters(self) -> "Selection":
        """Take all filters off; level and stream stay."""
        return replace(self, filters=())

    def toggle(self, index: int) -> "Selection":
        """Switch one filter off, or on again."""
        changed = list(self.filters)
        changed[index] = replace(changed[index], enabled=not changed[index].enabled)
        return replace(self, filters=tuple(changed))

    def without(self, index: int) -> "Selection":
        """Take one filter off."""
        return replace(self, filters=self.filters[:index] + self.filters[index + 1 :])


@dataclass(frozen=True)
class Found:
    """The lines among what is shown that a search finds; notes are not searched."""

    selection: Selection
    pattern: Pattern

    @property
    def passes_all(self) -> bool:
        """A search for nothing finds everything; there is none."""
        return False

    def select(self, batch: Batch) -> Indices:
        """The indices of the lines in `batch` that are found."""
        hits = self.pattern.select(batch)
        if not hits:
            return hits
        shown = set(batch.without_notes(self.selection.select(batch)))
        return [index for index in hits if index in shown]
