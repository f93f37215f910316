"""Older lines of several logs, given out from the newest backward without a seam."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from vibebox_tui.logs.times import UNKNOWN_TIME, to_milliseconds
from vibebox_tui.logs.whole_records import Entries, whole_records
from vibebox_tui.protocol.messages import LogEntry


@dataclass(slots=True)
class _Log:
    lead: Entries = field(default_factory=list)
    """Fetched, but maybe of a record that begins before it."""
    records: list[Entries] = field(default_factory=list)
    """Behind that, fetched, but older than what another log may still have: oldest first."""
    has_begun: bool = False
    """Whether there is nothing before what was fetched."""


class Backlog:
    """Pages of older lines of several logs, fetched one before the other.

    A line is given out only when every log was fetched back to its time: until then there may be
    another line behind it. Lines that belong together are given out together.
    """

    def __init__(self) -> None:
        self._logs: dict[int, _Log] = {}
        self._reached: int | None = None
        """Back to which time lines were given out, in milliseconds; None: none were."""

    @property
    def has_begun(self) -> bool:
        """Whether all there is was given out; not before a log is known."""
        logs = self._logs.values()
        return bool(logs) and all(log.has_begun and not log.records for log in logs)

    def wanted(self) -> list[int]:
        """The logs of which older lines have to be put before anything can be taken."""
        return [
            source for source, log in self._logs.items() if not log.records and not log.has_begun
        ]

    def knows(self, source: int) -> bool:
        """Whether there is anything known of a log's older lines."""
        return source in self._logs

    def oldest_waiting(self, source: int) -> int | None:
        """The number of the oldest line of a log that waits; None where none does."""
        log = self._logs.get(source, _Log())
        return next((each.seq for each in chain(log.lead, *log.records)), None)

    def put(self, source: int, entries: Sequence[LogEntry], *, has_begun: bool) -> None:
        """Add the page before all that there was of a log, or that there is none."""
        log = self._logs.setdefault(source, _Log())
        log.lead, records = whole_records([*entries, *log.lead], from_start=has_begun)
        log.records[:0] = records
        log.has_begun = has_begun

    def take(self) -> list[tuple[int, Entries]]:
        """What can be given out now: for each log its newest waiting lines, oldest first.

        A log that is put late has lines among those that were given out already: these come at
        once.
        """
        if not self.wanted():
            reached = max(
                (_time_of(log.records[0]) for log in self._logs.values() if not log.has_begun),
                default=UNKNOWN_TIME,
            )
            self._reached = reached if self._reached is None else min(self._reached, reached)
        if self._reached is None:
            return []
        taken = []
        for source, log in self._logs.items():
            start = _first_since(log.records, self._reached)
            taken.append((source, [*chain(*log.records[start:])]))
            del log.records[start:]
        return [(source, entries) for source, entries in taken if entries]

    def start_over(self) -> None:
        """What was given out last is to be fetched again, and what waits with it."""
        self._reached = None
        for log in self._logs.values():
            log.lead.clear()
            log.records.clear()
            log.has_begun = False


def _first_since(records: Sequence[Entries], since: int) -> int:
    """The index of the first record that isn't older; all where none is."""
    return next(
        (index for index, each in enumerate(records) if _time_of(each) >= since), len(records)
    )


def _time_of(record: Entries) -> int:
    """All lines of a record count as being of the time of its first one."""
    return to_milliseconds(record[0].timestamp)
