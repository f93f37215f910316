"""Connections of which nobody knows yet whose they are: few at once, the newest let in."""

from collections.abc import Callable, Hashable


class WaitingRoom:
    """Has `places` for connections that haven't authenticated.

    Where all are taken, the one that has waited longest is sent away, of those from wherever the
    most are waiting. So whoever opens connections by the thousand loses their own, and who
    authenticates at once is never in the way of anybody.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._origins: dict[Hashable, str] = {}
        self._waiting: dict[str, dict[Hashable, Callable[[], None]]] = {}
        self.sent_away = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._origins)

    def enter(self, who: Hashable, send_away: Callable[[], None], origin: str = "") -> None:
        """Begin to wait, as the newest; `send_away` is called where the place is needed."""
        self.leave(who)
        self._origins[who] = origin
        self._waiting.setdefault(origin, {})[who] = send_away
        while len(self._origins) > self._places:
            crowd = max(self._waiting.values(), key=len)
            oldest = next(iter(crowd))
            away = crowd[oldest]
            self.leave(oldest)
            self.sent_away += 1
            away()

    def leave(self, who: Hashable) -> None:
        """Wait no longer: known, or gone; one who doesn't wait is no error."""
        origin = self._origins.pop(who, None)
        if origin is None:
            return
        crowd = self._waiting[origin]
        del crowd[who]
        if not crowd:
            del self._waiting[origin]
