"""Where a far jump lands: the pages of some logs around a place, not those on the way to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from vibebox_tui.client.client import Client
from vibebox_tui.logs.ring import Line, Ring
from vibebox_tui.logs.times import to_iso
from vibebox_tui.protocol.models import LogPage
from vibebox_tui.ui.panes.logs_extent import FETCH_LINES, Bounds, Origins

NEAR_LINES: Final = 3 * FETCH_LINES
"""Lines between memory and a place that are rather fetched too: what is in memory is kept then."""


class Around(NamedTuple):
    """The pages of a log before and from its line number `seq` on."""

    seq: int
    before: LogPage
    after: LogPage


class Place(Protocol):
    """Where one goes to in some logs."""

    def is_in(self, ring: Ring) -> bool:
        """Whether no older lines have to be fetched to be there."""
        ...

    async def seqs(self, origins: Origins) -> dict[int, int]:
        """Of each log the number of the first line that is there or behind it."""
        ...

    def is_gone(self, around: Mapping[int, Around]) -> bool:
        """Whether what was to be there isn't any more."""
        return False


class Start(Place):
    """Where the logs begin."""

    def is_in(self, ring: Ring) -> bool:
        return False  # nobody knows that of the lines alone

    async def seqs(self, origins: Origins) -> dict[int, int]:
        return dict.fromkeys(origins, 1)


@dataclass(frozen=True)
class Moment(Place):
    """A time, in milliseconds since the epoch: to the first line that is not older."""

    time: int

    def is_in(self, ring: Ring) -> bool:
        return ring.times is None or ring.times[0] < self.time

    async def seqs(self, origins: Origins) -> dict[int, int]:
        return {source: await _first_since(*at, self.time) for source, at in origins.items()}


@dataclass(frozen=True)
class Spot(Place):
    """A certain line."""

    line: Line

    def is_in(self, ring: Ring) -> bool:
        return ring.oldest_seqs().get(self.line.source, math.inf) <= self.line.seq

    async def seqs(self, origins: Origins) -> dict[int, int]:
        others = {source: at for source, at in origins.items() if source != self.line.source}
        return {**await Moment(self.line.time).seqs(others), self.line.source: self.line.seq}

    def is_gone(self, around: Mapping[int, Around]) -> bool:
        found = around[self.line.source].after.data
        return not found or found[0].seq != self.line.seq


def is_near(seqs: Mapping[int, int], bounds: Mapping[int, Bounds]) -> bool:
    """Whether all these lines are just before those that one has."""
    return all(bounds[source].start - seq <= NEAR_LINES for source, seq in seqs.items())


async def fetch_around(origins: Origins, seqs: Mapping[int, int]) -> dict[int, Around]:
    """The pages around these lines of some logs. Raises VibeBoxError."""
    around = {}
    for source, seq in seqs.items():
        client, environment_id = origins[source]
        before = await client.rest.logs(environment_id, before_seq=seq, limit=FETCH_LINES)
        after = await client.rest.logs(environment_id, since_seq=seq - 1, limit=FETCH_LINES)
        around[source] = Around(seq, before, after)
    return around


async def _first_since(client: Client, environment_id: str, time: int) -> int:
    """The number of the first line that is not older, or the one that the next line will get."""
    page = await client.rest.logs(environment_id, since=to_iso(time), limit=1)
    return (page.data and page.data[0].seq) or page.next_seq
