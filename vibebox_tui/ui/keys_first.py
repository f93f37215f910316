"""Bulk work gives way to keys: who types sees what it does before another slice is drawn."""

import asyncio
import math
from time import monotonic
from typing import Final

PATIENCE: Final = 0.15
"""Seconds that bulk work waits for a key to have its effect; it may be one that takes longer."""

FRAME: Final = 0.02
"""Seconds after that until the effect has been drawn: Textual draws sixty times a second."""

_STEP: Final = 0.004
"""Seconds between two looks at whether a key has had its effect."""


class KeysFirst:
    """Tells work that goes on slice by slice when to wait, and lets others run in any case."""

    def __init__(self) -> None:
        self._came_at = self._settled_at = -math.inf

    def came(self) -> None:
        """A key has come; may be said by any thread."""
        self._came_at = monotonic()

    def settled(self) -> None:
        """The keys that have come have had their effect, which is still to be drawn."""
        self._settled_at = monotonic()

    @property
    def is_under_way(self) -> bool:
        """Whether a key has come whose effect is still to be seen, and not for too long."""
        return self._settled_at < self._came_at and monotonic() < self._came_at + PATIENCE

    async def give_way(self) -> None:
        """Return when others have run, and what was typed last is on the screen; held keys, of
        which there is no end, delay it no longer than `PATIENCE`."""
        await asyncio.sleep(0)
        end = monotonic() + PATIENCE
        while (now := monotonic()) < min(end, self._due):  # noqa: ASYNC110 - `came` is no coroutine's
            await asyncio.sleep(min(_STEP, self._due - now))

    @property
    def _due(self) -> float:
        """Until when to wait, as far as is known now."""
        is_under_way = self._settled_at < self._came_at
        return self._came_at + PATIENCE if is_under_way else self._settled_at + FRAME
