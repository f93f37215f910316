"""Bulk work gives way to keys: who types sees what it does before another slice is drawn."""

import asyncio
from typing import Final

GRACE: Final = 0.03
"""Seconds that bulk work waits after a key: until then its effect has been drawn, on a machine with
a core to spare. A held key comes again as soon; between two there is time for a slice."""


class KeysFirst:
    """Tells work that goes on slice by slice when to wait, and lets others run in any case."""

    def __init__(self) -> None:
        self._until = 0.0

    def note_key(self) -> None:
        """A key has come."""
        self._until = asyncio.get_running_loop().time() + GRACE

    async def give_way(self) -> None:
        """Return when others have run, and no key has come just now."""
        await asyncio.sleep(max(0.0, self._until - asyncio.get_running_loop().time()))
