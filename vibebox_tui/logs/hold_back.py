"""Lines of several logs put in order as they come: held back for a moment, for others to arrive."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Generic, TypeVar

HOLD_SECONDS: Final = 0.06
"""How long lines wait for earlier ones of other logs: servers gather for some hundredths."""

T = TypeVar("T")


@dataclass(slots=True)
class Record(Generic[T]):
    """Lines of one log that belong together, in their order; `time` is that of the first.

    `goes_on` says that they continue the last record of that log which was released.
    """

    time: int
    source: int
    lines: list[T]
    due: float
    goes_on: bool = False


class HoldBack(Generic[T]):
    """Gives back records in the order of their times, each at least `seconds` after it came.

    The order within a log is kept: a time that is before the one of the line before counts as
    that one.
    """

    def __init__(self, seconds: float = HOLD_SECONDS) -> None:
        self.seconds = seconds
        self._held: list[Record[T]] = []
        self._newest: dict[int, Record[T]] = {}
        """The last record of each log, held or released."""
        self._released: set[int] = set()
        """The logs whose last record was released."""

    def __len__(self) -> int:
        """How many records are held."""
        return len(self._held)

    def take(self, source: int, time: int, line: T, now: float, *, continues: bool) -> None:
        """Take the next line of a log; it may continue the one before it."""
        newest = self._newest.get(source)
        if newest is not None and continues and source not in self._released:
            newest.lines.append(line)
            return
        if newest is not None:
            time = newest.time if continues else max(time, newest.time)
        record = Record(time, source, [line], now + self.seconds, continues and newest is not None)
        self._newest[source] = record
        self._released.discard(source)
        self._held.append(record)

    def release(self, now: float) -> list[Record[T]]:
        """The records that are due, and with them those that are older than one of these."""
        until = max((each.time for each in self._held if each.due <= now), default=None)
        if until is None:
            return []
        return self._release([each for each in self._held if each.time <= until])

    def release_all(self) -> list[Record[T]]:
        """All that is held, due or not."""
        return self._release(self._held)

    def _release(self, records: list[Record[T]]) -> list[Record[T]]:
        released = {id(record) for record in records}
        self._held = [each for each in self._held if id(each) not in released]
        self._released |= {
            record.source for record in records if self._newest[record.source] is record
        }
        return sorted(records, key=attrgetter("time"))
