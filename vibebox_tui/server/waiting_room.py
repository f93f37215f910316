"""Connections of which nobody knows yet whose they are: few at once, the newest let in."""

from collections.abc import Callable, Hashable


class WaitingRoom:
    """Has `places` for connections that haven't authenticated.

    Where all are taken, the one that has waited longest is sent away: whoever opens connections
    by the thousand loses their own, and who authenticates at once is never in the way of anybody.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._waiting: dict[Hashable, Callable[[], None]] = {}
        self.sent_away = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def enter(self, who: Hashable, send_away: Callable[[], None]) -> None:
        """Begin to wait, as the newest; `send_away` is called where the place is needed."""
        self._waiting.pop(who, None)
        self._waiting[who] = send_away
        while len(self._waiting) > self._places:
            oldest = next(iter(self._waiting))
            self.sent_away += 1
            self._waiting.pop(oldest)()

    def leave(self, who: Hashable) -> None:
        """Wait no longer: known, or gone; one who doesn't wait is no error."""
        self._waiting.pop(who, None)
