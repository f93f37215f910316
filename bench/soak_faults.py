"""What is done to the soak's connections and to its server, at random."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from soak_server import SoakServer

from tests.faults import FaultRelay
from vibebox_tui.client.client import Client

PAUSES: Final = (1.0, 4.0)
"""Seconds from the end of a fault to the next one, at least and at most."""

OUTAGES: Final = (0.5, 6.0)
"""Seconds that a fault lasts: some shorter than it takes to be noticed, some longer."""

IMPATIENCE: Final = 0.8
"""How often the user presses the key that reconnects at once, and doesn't wait."""

Fault = Callable[[], Awaitable[None]]


class Faults:
    """Does one thing after the other to `relay` and `server`, for as long as `run` is told."""

    def __init__(
        self,
        relay: FaultRelay,
        server: SoakServer,
        client: Client,
        chance: random.Random,
        *,
        spares_server: bool,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """How often each fault was done."""
        self._relay = relay
        self._server = server
        self._client = client
        self._chance = chance
        self._faults: dict[str, tuple[int, Fault]] = {
            "reset": (4, self._reset),
            "closed mid-frame": (4, self._close),
            "cut after some bytes": (4, self._cut),
            "black hole": (3, self._black_hole),
            "refused": (2, self._refuse),
            "late": (1, self._late),
            "slow": (2, self._slow),
            "server frozen": (2, self._freeze),
        }
        if not spares_server:
            self._faults |= {
                "server killed": (5, self._kill),
                "server restarted": (3, self._restart),
            }

    async def run(self, seconds: float) -> None:
        """Begin a fault whenever a pause is over, until the time is; whole at the end."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        names = list(self._faults)
        weights = [weight for weight, _ in self._faults.values()]
        while loop.time() < end:
            (name,) = self._chance.choices(names, weights)
            self.counts[name] += 1
            await self._faults[name][1]()
            await asyncio.sleep(self._chance.uniform(*PAUSES) / 2)
            if self._chance.random() < IMPATIENCE:
                self._client.retry_now()
            await asyncio.sleep(self._chance.uniform(*PAUSES) / 2)

    # --- the network -----------------------------------------------------------------------

    async def _reset(self) -> None:
        self._relay.reset()

    async def _close(self) -> None:
        self._relay.close()

    async def _cut(self) -> None:
        self._relay.cut_after(self._chance.randint(1, 100_000))

    async def _black_hole(self) -> None:
        self._relay.black_hole()
        await self._outage()
        if self._chance.random() < 0.5:
            self._relay.reset()
        self._relay.carry()

    async def _refuse(self) -> None:
        self._relay.is_refusing = True
        self._relay.reset()
        await self._outage()
        self._relay.is_refusing = False

    async def _late(self) -> None:
        self._relay.delay = 0.2
        await self._outage()
        self._relay.delay = 0.0

    async def _slow(self) -> None:
        self._relay.bytes_per_second = 50_000
        await self._outage()
        self._relay.bytes_per_second = 0

    # --- the server ------------------------------------------------------------------------

    async def _kill(self) -> None:
        await asyncio.to_thread(self._server.kill)
        await self._maybe_outage()
        await asyncio.to_thread(self._server.start)

    async def _restart(self) -> None:
        await asyncio.to_thread(self._server.stop)
        await self._maybe_outage()
        await asyncio.to_thread(self._server.start)

    async def _freeze(self) -> None:
        self._server.freeze()
        await self._outage()
        self._server.thaw()

    async def _maybe_outage(self) -> None:
        if self._chance.random() < 0.5:
            await self._outage()

    async def _outage(self) -> None:
        await asyncio.sleep(self._chance.uniform(*OUTAGES))
