"""In which order the list shows environments, and which of them."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Final

from vibebox_tui.ui.roster import EnvironmentRow


class SortKey(Enum):
    """A column to sort by; the value is its title."""

    NUMBER = "#"
    NAME = "NAME"
    STATE = "STATE"
    CPU = "CPU"
    MEMORY = "MEM"

    def next(self) -> "SortKey":
        """The next column, and after the last one the first."""
        keys = list(SortKey)
        return keys[(keys.index(self) + 1) % len(keys)]


URGENCY: Final = {"error": 0, "unknown": 1, "starting": 2, "stopping": 2, "running": 3}
"""States by how much they want to be looked at; all others come last."""

_LAST: Final = 9

_GROUPED: Final = frozenset({SortKey.NUMBER, SortKey.NAME})
"""Orders in which what belongs together stays together; the others are one list of ranks."""

_Sortable = tuple[float | int | str, ...]

_KEYS: Final[dict[SortKey, Callable[[EnvironmentRow], _Sortable]]] = {
    SortKey.NUMBER: lambda row: (row.number,),
    SortKey.NAME: lambda row: (row.name.casefold(), row.number),
    SortKey.STATE: lambda row: (URGENCY.get(row.state, _LAST), row.number),
    SortKey.CPU: lambda row: (-_known(row.cpu), row.number),
    SortKey.MEMORY: lambda row: (-_known(row.memory), row.number),
}


def arrange(
    rows: Iterable[EnvironmentRow],
    key: SortKey = SortKey.NUMBER,
    *,
    is_reversed: bool = False,
    wanted: str = "",
    servers: Sequence[str] = (),
) -> list[EnvironmentRow]:
    """The rows that match, sorted by `key` (usage: highest first), the pinned ones before all.

    Where `is_grouped` says so, those of several `servers` stand in the order of these; and of each
    server sections follow one another in the order of their first rows, after what is in none.
    `wanted` has words that must each occur in the name, the group, the server, the state or the
    id, whatever their case.
    """
    words = wanted.casefold().split()
    matching = [row for row in rows if all(word in _searched(row) for word in words)]
    matching.sort(key=_KEYS[key], reverse=is_reversed)
    if is_grouped(key):
        titles = dict.fromkeys(["", *(section(row) for row in matching)])
        places = {title: place for place, title in enumerate(titles)}
        matching.sort(key=lambda row: places[section(row)])
        at = {name: place for place, name in enumerate(servers)}
        matching.sort(key=lambda row: at.get(home(row), -1))
    matching.sort(key=lambda row: not row.is_pinned)
    return matching


def is_grouped(key: SortKey) -> bool:
    """Whether rows sorted by `key` stand in sections."""
    return key in _GROUPED


def home(row: EnvironmentRow) -> str:
    """The server that a row stands beneath; empty where there is only one, or it stands above."""
    return "" if row.is_pinned else row.label


def section(row: EnvironmentRow) -> str:
    """The title of what a row belongs to; empty where it stands by itself."""
    return "" if row.is_pinned else row.group


def _searched(row: EnvironmentRow) -> str:
    return f"{row.name} {row.group} {row.label} {row.state} {row.key.id}".casefold()


def _known(value: float | None) -> float:
    return -1.0 if value is None else value
