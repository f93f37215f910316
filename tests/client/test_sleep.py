"""A machine that slept: what didn't survive is replaced within seconds, what did stays."""

import time

from tests.client.clocks import SleepyClock
from tests.client.reading import next_of, next_where
from tests.faults import FaultRelay
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import LinkPhase, LinkState, StatusUpdate
from vibebox_tui.client.heartbeat import GRACE, SLEPT
from vibebox_tui.client.settings import ClientSettings


async def test_a_connection_that_died_in_a_sleep_is_replaced_soon_after(
    server: RunningServer,
) -> None:
    environment = await server.create("sleep", "600", start=True)
    clock = SleepyClock()
    async with (
        FaultRelay(server.port) as relay,
        Client(
            ServerAddress.parse(f"http://127.0.0.1:{relay.port}"),
            StaticToken(server.token()),
            clock=clock,
            chance=lambda: 0.0,
        ) as client,
        client.status(environment.id) as status,
    ):
        await next_of(status, StatusUpdate)
        relay.black_hole()
        woke_at = time.monotonic()
        clock.slept += 8 * 3600
        lost = await next_where(
            status,
            lambda event: isinstance(event, LinkState) and event.phase is LinkPhase.WAITING,
            within=ClientSettings().drop_after - 5,
        )
        assert "no answer" in lost.reason
        assert time.monotonic() - woke_at < 3 * GRACE
        relay.reset()
        relay.carry()
        await next_of(status, StatusUpdate)


async def test_a_connection_that_survived_a_sleep_stays(server: RunningServer) -> None:
    environment = await server.create("sleep", "600", start=True)
    clock = SleepyClock()
    async with (
        Client(
            ServerAddress.parse(server.address), StaticToken(server.token()), clock=clock
        ) as client,
        client.status(environment.id) as status,
    ):
        await next_of(status, StatusUpdate)
        (link,) = client.telemetry
        answered = len(link.round_trips)
        clock.slept += SLEPT + 60
        await wait_for(lambda: len(link.round_trips) > answered, what="an answer after the sleep")
        assert client.link.phase is LinkPhase.CONNECTED
        assert (link.connects, link.drop_count) == (1, 0)
