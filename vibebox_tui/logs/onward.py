"""Newer lines of several logs, given out from the oldest forward without a seam."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vibebox_tui.logs.times import UNKNOWN_TIME, to_milliseconds
from vibebox_tui.protocol.messages import LogEntry


@dataclass(slots=True)
class _Log:
    waiting: list[LogEntry] = field(default_factory=list)
    """Fetched, but maybe newer than what another log still has: oldest first."""
    reached: int = UNKNOWN_TIME
    """The newest time of what was fetched."""
    has_ended: bool = False
    """Whether there was nothing after what was fetched."""


class Onward:
    """Pages of newer lines of several logs, fetched one after the other.

    A line is given out only when every log was fetched up to its time: until then there may be
    another line before it.
    """

    def __init__(self) -> None:
        self._logs: dict[int, _Log] = {}

    @property
    def has_ended(self) -> bool:
        """Whether all there is was given out."""
        return all(log.has_ended and not log.waiting for log in self._logs.values())

    def wanted(self, sources: Sequence[int]) -> list[int]:
        """Those logs of which newer lines have to be put before anything can be taken."""
        logs = {source: self._logs.setdefault(source, _Log()) for source in sources}
        return [s for s, log in logs.items() if not log.waiting and not log.has_ended]

    def put(self, source: int, entries: Sequence[LogEntry], *, has_ended: bool) -> None:
        """Add the page after all that there was of a log, or that there is none."""
        log = self._logs.setdefault(source, _Log())
        log.waiting += entries
        log.reached = max(log.reached, *(to_milliseconds(each.timestamp) for each in entries), 0)
        log.has_ended = has_ended

    def take(self) -> list[tuple[int, list[LogEntry]]]:
        """What can be given out now: for each log its oldest waiting lines, oldest first."""
        going_on = [log.reached for log in self._logs.values() if not log.has_ended]
        taken = []
        for source, log in self._logs.items():
            end = _first_after(log.waiting, min(going_on)) if going_on else len(log.waiting)
            taken.append((source, log.waiting[:end]))
            del log.waiting[:end]
        return [(source, entries) for source, entries in taken if entries]

    def start_over(self) -> None:
        """What was given out last is to be fetched again, and what waits with it."""
        self._logs.clear()


def _first_after(entries: Sequence[LogEntry], time: int) -> int:
    """The index of the first entry that is newer; all where none is."""
    return next(
        (index for index, each in enumerate(entries) if to_milliseconds(each.timestamp) > time),
        len(entries),
    )
