"""When a link may try next: back-off, the shared breaker, and a user who won't wait."""

import asyncio
from collections.abc import Callable
from typing import Final

from vibebox_tui.client.backoff import Backoff
from vibebox_tui.client.breaker import COOL_DOWN
from vibebox_tui.client.server_access import ServerAccess

CROWD_SPREAD: Final = 1.0
"""Seconds over which links spread that all waited for the same server."""

Waiting = Callable[[float], None]
"""Is told, before a wait, how many seconds it will last at most."""


class Attempts:
    """The attempts of one link; `count` of them have failed in a row."""

    def __init__(self, access: ServerAccess) -> None:
        self.is_wanted_now = False
        """Whether somebody insists on an attempt without a wait."""
        self._access = access
        self._backoff = Backoff(access.chance)
        self._wake = asyncio.Event()

    @property
    def count(self) -> int:
        """Failures in a row."""
        return self._backoff.attempt

    def insist(self) -> None:
        """Somebody wants an attempt now: end any wait."""
        self.is_wanted_now = True
        self._wake.set()

    def look_again(self) -> None:
        """The server has been found to be there: end any wait for that."""
        self._wake.set()

    def begin(self) -> None:
        """An attempt begins: what was wanted is being done."""
        self.is_wanted_now = False

    def start_over(self) -> None:
        """The link has proved itself: failures so far don't count any more."""
        self._backoff.reset()

    async def back_off(self, waiting: Waiting, at_least: float = 0.0) -> None:
        """Count a failure and wait; not less than `at_least`, if the server asked for that."""
        access = self._access
        delay = self._backoff.next_delay(at_least)
        access.breaker.failed(access.clock.monotonic(), self.count)
        if self.count >= access.settings.max_attempts:
            delay = max(delay, COOL_DOWN)
        await self._pause(delay, waiting, until_news=not at_least)

    async def permission(self, waiting: Waiting) -> None:
        """Wait for the breaker, which lets one link at a time through while it is open."""
        access = self._access
        while not self.is_wanted_now and not access.breaker.may_try(access.clock.monotonic()):
            left = access.breaker.next_try(access.clock.monotonic()) or CROWD_SPREAD
            await self._pause(left, waiting, until_news=True)
        if self.is_wanted_now:
            access.breaker.force()

    async def somebody_insists(self) -> None:
        """Wait for as long as it takes until somebody wants another attempt."""
        while not self.is_wanted_now:
            self._wake.clear()
            await self._wake.wait()

    async def _pause(self, delay: float, waiting: Waiting, *, until_news: bool) -> None:
        clock = self._access.clock
        waiting(delay)
        until = clock.monotonic() + delay
        self._access.wait(self)
        try:
            while not self.is_wanted_now and (left := until - clock.monotonic()) > 0:
                self._wake.clear()
                if await self._woken(left) and until_news and not self.is_wanted_now:
                    await clock.sleep(min(left, CROWD_SPREAD * self._access.chance()))
                    return
        finally:
            self._access.leave(self)

    async def _woken(self, within: float) -> bool:
        """Whether somebody woke us before the time was over."""
        waking = asyncio.create_task(self._wake.wait())
        sleeping = asyncio.ensure_future(self._access.clock.sleep(within))
        try:
            await asyncio.wait([waking, sleeping], return_when=asyncio.FIRST_COMPLETED)
            return self._wake.is_set()
        finally:
            waking.cancel()
            sleeping.cancel()
