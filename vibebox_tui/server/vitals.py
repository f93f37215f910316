"""How the server itself is: how late its event loop is, and whether it can do what it is for."""

import asyncio
import time
from collections import deque
from typing import Final

_LOOK_SECONDS: Final = 0.25
"""Time between two looks at how late the loop is."""

_KEPT_SECONDS: Final = 60.0
"""The worst delay is that of the last minute: more than the time between two scrapes."""


class Vitals:
    """Watches the event loop from `watch` on; `is_stopping` is set where the server stops."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._delays: deque[float] = deque([0.0], maxlen=round(_KEPT_SECONDS / _LOOK_SECONDS))

    @property
    def delay(self) -> float:
        """Seconds by which the loop was late at the last look."""
        return self._delays[-1]

    @property
    def worst_delay(self) -> float:
        """The most that it was late within the last minute, in seconds."""
        return max(self._delays)

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            due = time.monotonic() + _LOOK_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            self._delays.append(max(0.0, time.monotonic() - due))
