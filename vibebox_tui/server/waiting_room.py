"""Connections of which nobody knows yet whose they are: few at once, the newest let in."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Who = TypeVar("Who", bound=Hashable)


class WaitingRoom(Generic[Who]):
    """Has `places` for connections that haven't authenticated.

    Where all are taken, the one that has waited longest is sent away, of those from wherever the
    most are waiting. So whoever opens connections by the thousand loses their own, and who
    authenticates at once is never in the way of anybody.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._origins: dict[Who, str] = {}
        self._waiting: dict[str, dict[Who, Callable[[], None]]] = {}
        self.sent_away = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._origins)

    def enter(self, who: Who, send_away: Callable[[], None], origin: str = "") -> None:
        """Begin to wait, as the newest; `send_away` is called where the place is needed."""
        self.leave(who)
        self._origins[who] = origin
        self._waiting.setdefault(origin, {})[who] = send_away
        while len(self._origins) > self._places:
            self.send_one_away()

    def leave(self, who: Who) -> None:
        """Wait no longer: known, or gone; one who doesn't wait is no error."""
        origin = self._origins.pop(who, None)
        if origin is None:
            return
        crowd = self._waiting[origin]
        del crowd[who]
        if not crowd:
            del self._waiting[origin]

    def call(self) -> tuple[Who, str]:
        """Take out who is next, and say from where: each origin in turn, who came first."""
        origin, crowd = next(iter(self._waiting.items()))
        who = next(iter(crowd))
        self.leave(who)
        if crowd:
            self._waiting[origin] = self._waiting.pop(origin)
        return who, origin

    def send_one_away(self) -> bool:
        """Send away who has waited longest in the largest crowd; False where nobody waits."""
        if not self._waiting:
            return False
        crowd = max(self._waiting.values(), key=len)
        who, away = next(iter(crowd.items()))
        self.leave(who)
        self.sent_away += 1
        away()
        return True
