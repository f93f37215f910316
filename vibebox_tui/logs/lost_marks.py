"""Marked lines that have left the memory: kept with their records, marked again if they come."""

from collections import Counter
from typing import Final

from vibebox_tui.logs.chunk import IS_MARKED, Chunk, NewLine

KEPT_BYTES: Final = 8 * 1024 * 1024
"""Memory for marked lines of one log that left it; beyond that the first ones are given up."""

MARK_BYTES: Final = 500
"""What keeping a mark takes beside the text, near enough."""

Record = tuple[NewLine, ...]
"""The lines of a record, some of them marked."""

_Key = tuple[int, int, bytes]
"""A marked line, wherever it stands: its source, its number (or its time, below 0), its text."""


class LostMarks:
    """The marks of one log that aren't in memory, within a bound."""

    def __init__(self, max_bytes: int = KEPT_BYTES) -> None:
        self.max_bytes = max_bytes
        self._given_up: Counter[int] = Counter()
        """By source how many marks there was no room for."""
        self._kept: dict[_Key, tuple[Record, int]] = {}
        """With each mark its record and the bytes that keeping it takes."""
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def given_up(self) -> int:
        """How many marks there was no room for."""
        return self._given_up.total()

    def keep(self, chunk: Chunk) -> None:
        """Keep the marked lines of a chunk that is dropped."""
        marked = chunk.flags.translate(IS_MARKED)
        record: Record = ()
        start = end = at = -1
        while (at := marked.find(1, at + 1)) >= 0:
            cost = MARK_BYTES
            if at >= end:
                start, end = chunk.record_start(at), chunk.record_end(at)
                record = tuple(chunk.new_line(index) for index in range(start, end))
                cost += sum(len(line[0]) for line in record)
            key = _key(record[at - start])
            self._bytes += cost - self._kept.get(key, (record, 0))[1]
            self._kept[key] = record, cost
        self._give_up()

    def take(self, line: NewLine) -> bool:
        """Whether a line that has come is one of these; from now on it isn't any more."""
        _, cost = self._kept.pop(_key(line), ((), 0)) if line[1] else ((), 0)
        self._bytes -= cost
        return cost > 0

    def records(self) -> list[Record]:
        """The records that have these marks, those first that were kept first."""
        return list({id(record): record for record, _ in self._kept.values()}.values())

    def by_source(self) -> "dict[int, LostMarks]":
        """The marks of each source by themselves."""
        parts: dict[int, LostMarks] = {}
        for source in {key[0] for key in self._kept} | set(self._given_up):
            part = parts[source] = LostMarks(self.max_bytes)
            part._kept = {key: kept for key, kept in self._kept.items() if key[0] == source}
            part._bytes = sum(cost for _, cost in part._kept.values())
            part._given_up[source] = self._given_up[source]
        return parts

    def join(self, others: "LostMarks", source: int) -> None:
        """Keep the marks of another log with these, as those of a source with that number."""
        renumbered: dict[int, Record] = {}
        for (_, number, data), (record, cost) in others._kept.items():
            if id(record) not in renumbered:
                renumbered[id(record)] = tuple((*line[:4], source) for line in record)
            self._kept[source, number, data] = renumbered[id(record)], cost
            self._bytes += cost
        self._given_up[source] += others.given_up
        self._give_up()

    def _give_up(self) -> None:
        while self._bytes > self.max_bytes:
            first = next(iter(self._kept))
            self._bytes -= self._kept.pop(first)[1]
            self._given_up[first[0]] += 1


def _key(line: NewLine) -> _Key:
    data, seq, time, _, source = line
    return source, seq or -time, data
