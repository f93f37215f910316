"""The heartbeat of a connection: round trips, silence, and when to give up."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from websockets.exceptions import ConnectionClosed

from vibebox_tui.client.clock import Clock
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.websocket import Socket
from vibebox_tui.protocol.codec import encode
from vibebox_tui.protocol.messages import Ping, Pong

TICK: Final = 1.0
"""Seconds at most between two looks at how long the server has been silent."""

SHORTEST_LOOK: Final = 0.01
"""Seconds at least between two such looks."""

SLEPT: Final = 5.0
"""Seconds by which the wall clock runs ahead of the steady one where the machine has slept."""

GRACE: Final = 5.0
"""Seconds that a server gets to answer once the connection is in doubt, before it is given up."""

SECOND_PING: Final = 2.0
"""Seconds from the first ping to the second: the first one's answer waits for all that a program
does when it starts, and tells too long a round trip.
"""

PINGS_KEPT: Final = 16
"""Unanswered pings that are remembered: far more than there are before a link is dropped."""


class Heartbeat:
    """Pings a server, as the guide has it and, until that is answered, as RFC 6455 has it.

    `measured` is called after each round trip, `turned` when the connection becomes stale or
    recovers, `give_up` with a reason once the server has been silent for too long. Whatever the
    server sends shows that it lives; a ping only makes it say something.
    """

    def __init__(
        self,
        socket: Socket,
        settings: ClientSettings,
        clock: Clock,
        *,
        answers_pings: bool,
        measured: Callable[[], None],
        turned: Callable[[], None],
        give_up: Callable[[str], None],
    ) -> None:
        self.round_trip: float | None = None
        """The last one measured, in seconds."""
        self.is_stale = False
        self.is_excused = False
        """Whether the silence is ours: we don't read."""
        self._socket = socket
        self._settings = settings
        self._clock = clock
        self._answers_pings = answers_pings
        self._tell_measured = measured
        self._tell_turned = turned
        self._give_up = give_up
        self._numbers = itertools.count(round(clock.now() * 1000))
        self._pings: deque[tuple[int, float]] = deque(maxlen=PINGS_KEPT)
        self._proofs: dict[int, asyncio.Future[None]] = {}
        self._next_ping = self._heard_at = clock.monotonic()
        socket.heard = self.heard
        self._doubted_at: float | None = None
        self._task = asyncio.create_task(self._beat(), name="heartbeat")

    def heard(self) -> None:
        """Begin to count the silence anew."""
        self._heard_at = self._clock.monotonic()

    @property
    def silence(self) -> float:
        """Seconds since the server was last heard."""
        return self._clock.monotonic() - self._heard_at

    async def prove(self) -> None:
        """Ping, and return when the answer shows that all sent so far has arrived.

        Raises:
            ConnectionError: the connection ended before.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._proofs[self._ping()] = waiter
        await self._ping_plainly()
        await asyncio.wait([waiter])
        if waiter.cancelled():
            raise ConnectionError("the connection ended")

    def take(self, pong: Pong) -> None:
        """Find the ping that was answered; a server that doesn't echo answers in order."""
        self._answers_pings = True
        numbers = [number for number, _ in self._pings]
        if not numbers:
            return
        answered = pong.timestamp if pong.timestamp in numbers else numbers[0]
        while self._pings:
            number, sent_at = self._pings.popleft()
            self._prove(number)
            if number == answered:
                self._measured(self._clock.monotonic() - sent_at)
                return

    def doubt(self) -> None:
        """Ping at once; unless the server answers within `GRACE`, the connection is given up."""
        if self._doubted_at is None and not self.is_excused:
            self._next_ping = self._doubted_at = self._clock.monotonic()

    async def stop(self) -> None:
        """Beat no more; whoever waits for a proof gets none."""
        self._task.cancel()
        await asyncio.wait([self._task])
        proofs, self._proofs = self._proofs, {}
        for waiter in proofs.values():
            waiter.cancel()

    # ---------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        steady, wall = self._clock.monotonic(), self._clock.now()
        pause = min(SECOND_PING, self._settings.ping_interval)
        while True:
            if self._clock.monotonic() >= self._next_ping:
                self._next_ping = self._clock.monotonic() + pause
                pause = self._settings.ping_interval
                self._ping()
                await self._ping_plainly()
            await self._clock.sleep(self._until_look())
            before, steady = steady, self._clock.monotonic()
            wall_before, wall = wall, self._clock.now()
            if wall - wall_before > steady - before + SLEPT:
                self.doubt()
            if not self._look():
                return

    def _until_look(self) -> float:
        """Seconds until the next look: no later than the silence's next limit, or the next ping."""
        settings = self._settings
        limit = settings.drop_after if self.is_stale else settings.stale_after
        until_ping = self._next_ping - self._clock.monotonic()
        pause = min(TICK, settings.stale_after / 10, limit - self.silence, until_ping)
        return max(SHORTEST_LOOK, pause)

    def _look(self) -> bool:
        """Compare the silence with its limits; False where the connection was given up."""
        if self.is_excused:
            self.heard()
        silence = self.silence
        if silence >= self._settings.drop_after or self._is_doubt_confirmed(silence):
            self._give_up(f"no answer for {silence:.0f} s")
            return False
        self._set_stale(silence >= self._settings.stale_after)
        return True

    def _is_doubt_confirmed(self, silence: float) -> bool:
        """Whether nothing was heard since the connection came into doubt, for too long."""
        if self._doubted_at is None:
            return False
        doubted_for = self._clock.monotonic() - self._doubted_at
        if silence < doubted_for:
            self._doubted_at = None
            return False
        return doubted_for >= GRACE

    def _set_stale(self, is_stale: bool) -> None:
        if is_stale != self.is_stale:
            self.is_stale = is_stale
            self._tell_turned()

    def _ping(self) -> int:
        number = next(self._numbers)
        self._pings.append((number, self._clock.monotonic()))
        self._socket.send_now(encode(Ping(timestamp=number)))
        return number

    async def _ping_plainly(self) -> None:
        """Ping as RFC 6455 has it, unless the server has been seen to answer the guide's."""
        if self._answers_pings or self._socket.paused:
            return
        with suppress(ConnectionClosed):
            answered = await self._socket.ping()
            asyncio.ensure_future(answered).add_done_callback(self._take_plain_pong)

    def _take_plain_pong(self, answered: "asyncio.Future[float]") -> None:
        if answered.cancelled() or answered.exception() is not None or self._answers_pings:
            return
        if self._pings:
            self._prove(self._pings.popleft()[0])
        self._measured(answered.result())

    def _prove(self, number: int) -> None:
        waiter = self._proofs.pop(number, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _measured(self, round_trip: float) -> None:
        self.round_trip = round_trip
        self.is_stale = False
        self._tell_measured()
