"""What is known of all environments: the model behind the list, the strip and the header."""

import itertools
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.protocol.messages import EnvironmentStatus
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.error_watch import Errors
from vibebox_tui.ui.servers import EnvironmentKey, labelled

UNKNOWN: Final = "unknown"
"""The state of an environment that can't be seen."""

HISTORY_SAMPLES: Final = 60
"""CPU samples kept for each environment's sparkline: two minutes at one every 2 s."""


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """One environment as it is to be shown.

    `key` tells it from those of all servers; `label` is its server's name where there are several.
    `number` is what the keys `1` to `9` mean and stays while the environment lives. `state` is
    `unknown` while the link is down. `cpu` is in percent of one core, `memory` in MiB, None where
    not known; `is_stale` says that they are the last known ones, seen at `seen_at` (seconds since
    the epoch). `cpu_history` is oldest first. `errors` are those in its log, None while nobody
    reads that.
    """

    number: int
    environment: Environment
    state: str
    message: str = ""
    cpu: float | None = None
    memory: float | None = None
    cpu_history: tuple[float | None, ...] = ()
    seen_at: float | None = None
    is_stale: bool = False
    is_pinned: bool = False
    is_marked: bool = False
    link: LinkState | None = None
    errors: Errors | None = None
    server: str = ""
    label: str = ""

    @property
    def key(self) -> EnvironmentKey:
        return EnvironmentKey(self.server, self.environment.id)

    @property
    def name(self) -> str:
        return self.environment.name

    @property
    def group(self) -> str:
        """What it belongs to with others, as a heading says it; empty where to nothing."""
        return self.environment.group

    @property
    def short_name(self) -> str:
        """Its name beneath that heading: a compose project's name isn't said twice."""
        return self.name.removeprefix(f"{self.environment.group}/")

    @property
    def full_name(self) -> str:
        """The name, with that of its server where there are several."""
        return labelled(self.name, self.label)


@dataclass(slots=True)
class _Member:
    number: int
    environment: Environment
    status: EnvironmentStatus | None = None
    seen_at: float | None = None
    is_pushed: bool = False
    cpu_history: deque[float | None] = field(default_factory=lambda: deque(maxlen=HISTORY_SAMPLES))
    is_pinned: bool = False
    is_marked: bool = False
    errors: Errors | None = None


class Numbers:
    """The numbers of the environments of all servers: who comes gets the lowest that is free."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self) -> int:
        """The lowest number, from 1, that nobody has."""
        number = next(number for number in itertools.count(1) if number not in self._taken)
        self._taken.add(number)
        return number

    def give_back(self, number: int) -> None:
        """Nobody has this number any more."""
        self._taken.discard(number)


class Roster:
    """The environments of one server with their newest status, in the server's order.

    `server` is its name, `label` that again where there are several; they share their `numbers`.
    """

    def __init__(
        self, server: str = "", label: str = "", *, numbers: Numbers | None = None
    ) -> None:
        self._server = server
        self._label = label
        self._numbers = numbers or Numbers()
        self._members: dict[str, _Member] = {}
        self._link: LinkState | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, environment_id: object) -> bool:
        return environment_id in self._members

    @property
    def ids(self) -> set[str]:
        return set(self._members)

    def replace(self, environments: Iterable[Environment], seen_at: float) -> None:
        """Take the server's list: what is not in it is gone, what is new gets the next number."""
        listed = {environment.id: environment for environment in environments}
        for gone in self.ids - set(listed):
            self.remove(gone)
        for environment in listed.values():
            self.put(environment, seen_at)

    def put(self, environment: Environment, seen_at: float) -> None:
        """Add or update one environment.

        Its own `status` counts only until one has been pushed: of two answers that crossed, the
        pushed one is the newer, and nothing would correct it.
        """
        member = self._members.get(environment.id)
        if member is None:
            member = _Member(self._numbers.take(), environment)
            self._members[environment.id] = member
        member.environment = environment
        if not member.is_pushed:
            member.status = EnvironmentStatus(
                environment.id, environment.status, environment.last_error
            )
            member.seen_at = seen_at

    def remove(self, environment_id: str) -> None:
        """Forget an environment; its number may be given to the next one."""
        if member := self._members.pop(environment_id, None):
            self._numbers.give_back(member.number)

    def note(self, status: EnvironmentStatus, seen_at: float) -> bool:
        """Take the newest status of an environment that is listed; say whether it is news, not
        just another sample.
        """
        member = self._members.get(status.environment_id)
        if member is None:
            return False
        before = member.status
        member.status, member.seen_at, member.is_pushed = status, seen_at, True
        if status.status == "running":
            member.cpu_history.append(status.cpu_usage)
        else:
            member.cpu_history.clear()
        return before is None or _told(status) != _told(before)

    def note_history(self, environment_id: str, cpu: Iterable[float | None]) -> None:
        """Take the course of CPU until now, oldest first, as the server has it.

        It replaces what has been pushed: an interruption leaves a hole there, and not here. By
        their order alone, since the server's clock need not be ours.
        """
        member = self._members.get(environment_id)
        if member is not None and member.status and member.status.status == "running":
            member.cpu_history = deque(cpu, maxlen=HISTORY_SAMPLES)

    def note_errors(self, environment_id: str, errors: Errors) -> None:
        """Take the errors of an environment's log."""
        if member := self._members.get(environment_id):
            member.errors = errors.copy()

    def forget_errors(self) -> None:
        """No log is read for errors any more: what is known of them grows old."""
        for member in self._members.values():
            member.errors = None

    def note_link(self, link: LinkState) -> None:
        """Take the state of the link that statuses come over."""
        self._link = link

    def toggle_pin(self, environment_id: str) -> None:
        """Keep an environment at the top of the list, or no longer."""
        if member := self._members.get(environment_id):
            member.is_pinned = not member.is_pinned

    def mark(self, environment_ids: Iterable[str], *, marked: bool) -> None:
        """Mark environments for an action on several, or unmark them."""
        for environment_id in environment_ids:
            if member := self._members.get(environment_id):
                member.is_marked = marked

    def rows(self) -> tuple[EnvironmentRow, ...]:
        """All environments by their number, as they are to be shown now."""
        members = sorted(self._members.values(), key=lambda member: member.number)
        return tuple(self._row(member) for member in members)

    def _row(self, member: _Member) -> EnvironmentRow:
        is_stale = is_down(self._link)
        status = member.status
        return EnvironmentRow(
            number=member.number,
            environment=member.environment,
            state=UNKNOWN if is_stale or status is None else status.status,
            message=(status.message or "") if status else "",
            cpu=status.cpu_usage if status else None,
            memory=status.memory_usage if status else None,
            cpu_history=tuple(member.cpu_history),
            seen_at=member.seen_at,
            is_stale=is_stale,
            is_pinned=member.is_pinned,
            is_marked=member.is_marked,
            link=self._link,
            errors=member.errors,
            server=self._server,
            label=self._label,
        )


def is_down(link: LinkState | None) -> bool:
    """Whether what came over this link may be old; not while it is opened for the first time."""
    if link is None or link.phase is LinkPhase.CONNECTED:
        return False
    return link.phase is not LinkPhase.CONNECTING or link.attempt > 0


def count_states(rows: Iterable[EnvironmentRow]) -> Counter[str]:
    """How many environments are in each state."""
    return Counter(row.state for row in rows)


def _told(status: EnvironmentStatus) -> tuple[object, ...]:
    """What of a status isn't a sample; the first sample is told apart from none."""
    return status.status, status.message, status.cpu_usage is None
