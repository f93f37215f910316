"""Lines on their way through filters: each form of their text is made once, when it is needed."""

from functools import cached_property
from itertools import compress

from vibebox_tui.logs.chunk import CONTINUATION, NOTE, Chunk

Indices = list[int]
"""Indices of lines within a batch, in ascending order."""

_IS_CONTINUATION = bytes(bool(flags & CONTINUATION) for flags in range(256))
_IS_NOTE = bytes(bool(flags & NOTE) for flags in range(256))


class Batch:
    """The lines of a chunk from index `start` on, which is the beginning of a record."""

    def __init__(self, chunk: Chunk, start: int = 0) -> None:
        self.chunk = chunk
        self.start = start
        self.flags = bytes(chunk.flags[start:])

    def __len__(self) -> int:
        return len(self.flags)

    @cached_property
    def text(self) -> str:
        """All lines without escape sequences, joined by line feeds."""
        return self.chunk.searchable(self.start)

    @cached_property
    def lines(self) -> list[str]:
        """Each line without escape sequences."""
        return self.text.split("\n") if self.flags else []

    @cached_property
    def lowered(self) -> str:
        """`text` in lower case."""
        return self.text.lower()

    @cached_property
    def lowered_lines(self) -> list[str]:
        """`lines` in lower case."""
        return self.lowered.split("\n") if self.flags else []

    @property
    def sources(self) -> bytearray:
        """Which merged environment each line is from."""
        return self.chunk.sources[self.start :]

    def with_whole_records(self, hits: Indices) -> Indices:
        """Add to `hits` every other line of their records."""
        if not hits or not any(self.flags.translate(_IS_CONTINUATION)):
            return hits
        whole: Indices = []
        end = 0
        for hit in hits:
            if hit >= end:
                start, end = self._record(hit)
                whole.extend(range(start, end))
        return whole

    def heads(self, hits: Indices) -> Indices:
        """Those of `hits` that begin a record."""
        return [hit for hit in hits if not self.flags[hit] & CONTINUATION]

    def having(self, passing: bytes) -> Indices:
        """The lines whose flags, looked up in `passing` (256 values), are let pass."""
        return list(compress(range(len(self.flags)), self.flags.translate(passing)))

    def without_notes(self, hits: Indices) -> Indices:
        """Those of `hits` that came from the environment."""
        return [hit for hit in hits if not self.flags[hit] & NOTE]

    def with_notes(self, hits: Indices) -> Indices:
        """Add every note to `hits`: what was interrupted is told whatever the filter."""
        if not any(self.flags.translate(_IS_NOTE)):
            return hits
        return sorted({*hits, *self.having(_IS_NOTE)})

    def _record(self, hit: int) -> tuple[int, int]:
        start, end = hit, hit + 1
        while start > 0 and self.flags[start] & CONTINUATION:
            start -= 1
        while end < len(self.flags) and self.flags[end] & CONTINUATION:
            end += 1
        return start, end
