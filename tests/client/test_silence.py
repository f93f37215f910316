"""Links whose other end has gone without a word: noticed in time, replaced, nothing lost."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.client.clocks import FakeClock
from tests.client.reading import client_of, lines_until, next_of, next_where
from tests.faults import FaultRelay
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import (
    LinkPhase,
    LinkState,
    LogLines,
    LogLiveNow,
    LogResumed,
    StatusUpdate,
)
from vibebox_tui.client.heartbeat import GRACE
from vibebox_tui.client.settings import ClientSettings

STEP = 0.5
"""Seconds by which a test's clock advances at a time."""

COUNTING = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done"


class Phases:
    """When, by a test's clock, a client's link first came to each phase."""

    def __init__(self, client: Client, clock: FakeClock) -> None:
        self.seen: dict[LinkPhase, float] = {}
        self._client = client
        self._clock = clock

    async def advance(self, seconds: float) -> None:
        """Let time pass, in steps, with what is due in between really done."""
        for _ in range(round(seconds / STEP)):
            self._clock.advance(STEP)
            for _ in range(5):
                await asyncio.sleep(0.002)
                self.seen.setdefault(self._client.link.phase, self._clock.now())


@asynccontextmanager
async def watched_by_the_clock(
    server: RunningServer,
) -> AsyncIterator[tuple[FaultRelay, Client, FakeClock]]:
    """A status subscription, all as by default but for the clock, which is the test's."""
    environment = await server.create("sleep", "600")
    clock = FakeClock()
    async with (
        FaultRelay(server.port) as relay,
        Client(
            ServerAddress.parse(f"http://127.0.0.1:{relay.port}"),
            StaticToken(server.token()),
            clock=clock,
        ) as client,
        client.status(environment.id) as status,
    ):
        await next_of(status, StatusUpdate)
        await wait_for(lambda: client.telemetry[0].round_trips)
        yield relay, client, clock


async def test_one_that_vanished_is_stale_within_15_s_and_replaced_within_30(
    server: RunningServer,
) -> None:
    async with watched_by_the_clock(server) as (relay, client, clock):
        relay.forget()
        phases, vanished_at = Phases(client, clock), clock.now()
        await phases.advance(14)
        assert set(phases.seen) == {LinkPhase.CONNECTED}
        await phases.advance(1)
        assert phases.seen[LinkPhase.STALE] - vanished_at <= 15
        phases.seen.pop(LinkPhase.CONNECTED)
        await phases.advance(15)
        await wait_for(lambda: client.link.phase is LinkPhase.CONNECTED)
        assert clock.now() - vanished_at <= 30
        assert (relay.accepted, client.telemetry[0].stale_count) == (2, 1)


async def test_stale_says_since_when_nothing_was_heard(server: RunningServer) -> None:
    async with watched_by_the_clock(server) as (relay, client, clock):
        relay.forget()
        vanished_at = clock.now()
        phases = Phases(client, clock)
        await phases.advance(16)
        assert client.link.phase is LinkPhase.STALE
        assert client.link.since == vanished_at


async def test_the_gap_in_a_log_begins_where_the_silence_did(server: RunningServer) -> None:
    async with watched_by_the_clock(server) as (relay, client, clock):
        (environment,) = await client.rest.environments()
        async with client.logs(environment.id) as log:
            await next_of(log, LogLiveNow)
            await wait_for(lambda: client.telemetry[1].round_trips)
            relay.forget()
            vanished_at = clock.now()
            await Phases(client, clock).advance(30)
            resumed = await next_of(log, LogResumed)
        assert resumed.complete
        assert resumed.lost_at == vanished_at
        assert resumed.restored_at - vanished_at <= 30


async def test_who_asks_need_not_wait_for_that(server: RunningServer) -> None:
    async with watched_by_the_clock(server) as (relay, client, clock):
        client.retry_now()
        phases = Phases(client, clock)
        await phases.advance(2 * GRACE)
        assert relay.accepted == 1, "it answered"
        relay.forget()
        client.retry_now()
        await phases.advance(GRACE + 2 * STEP)
        assert client.telemetry[0].drop_count == 1
        await phases.advance(2)
        await wait_for(lambda: client.link.phase is LinkPhase.CONNECTED)
        assert relay.accepted == 2


async def test_after_a_change_of_our_own_address_the_log_goes_on(server: RunningServer) -> None:
    environment = await server.create("sh", "-c", COUNTING, start=True)
    settings = ClientSettings(ping_interval=0.2, stale_after=0.4, drop_after=0.8)
    async with (
        FaultRelay(server.port) as relay,
        client_of(server, address=f"http://127.0.0.1:{relay.port}", settings=settings) as client,
        client.logs(environment.id) as log,
    ):
        await next_of(log, LogLiveNow)
        relay.forget()
        numbers = await numbers_until_resumed(log)
    assert relay.accepted == 2
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_a_name_that_has_moved_to_another_address_is_found_there(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = await server.create("sh", "-c", COUNTING, start=True)
    async with FaultRelay(server.port) as old, FaultRelay(server.port) as new:
        places = {"box.example": old.port}

        async def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
            place = ("127.0.0.1", places[host])
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        async with (
            client_of(server, address="http://box.example") as client,
            client.logs(environment.id) as log,
        ):
            await next_of(log, LogLiveNow)
            places["box.example"] = new.port
            old.is_refusing = True
            old.reset()
            numbers = await numbers_until_resumed(log)
        assert (old.accepted, new.accepted) == (1, 1)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_pings_keep_a_proxy_from_closing_a_quiet_link(server: RunningServer) -> None:
    environment = await server.create("sleep", "600")
    settings = ClientSettings(ping_interval=0.1)
    async with FaultRelay(server.port) as proxy:
        proxy.idle_timeout = 2.0
        address = f"http://127.0.0.1:{proxy.port}"
        async with (
            client_of(server, address=address, settings=settings) as client,
            client.logs(environment.id) as log,
        ):
            await next_of(log, LogLiveNow)
            trips = client.telemetry[0].round_trips
            await wait_for(lambda: trips and trips[-1][0] - trips[0][0] > proxy.idle_timeout + 0.5)
            assert client.telemetry[0].drop_count == 0
            assert proxy.accepted == 1


async def test_a_proxy_that_closes_what_is_quiet_for_less_loses_nothing(
    server: RunningServer,
) -> None:
    script = "sleep 1.5; for i in 1 2 3; do echo line $i; done; exec sleep 600"
    environment = await server.create("sh", "-c", script, start=True)
    async with FaultRelay(server.port) as proxy:
        proxy.idle_timeout = 0.3
        async with (
            client_of(server, address=f"http://127.0.0.1:{proxy.port}") as client,
            client.logs(environment.id) as log,
        ):
            await next_of(log, LogLiveNow)
            lost = await next_where(log, lambda each: getattr(each, "retry_at", None) is not None)
            assert lost.reason == "the connection was cut"
            proxy.idle_timeout = 0.0
            assert await lines_until(log, "line 3") == ["line 1", "line 2", "line 3"]


async def numbers_until_resumed(log: Any) -> list[int]:
    """The numbers of all lines up to the first that came after an interruption."""
    numbers: list[int] = []
    is_over = False
    async with asyncio.timeout(15):
        async for event in log:
            if isinstance(event, LogResumed):
                assert event.complete
                is_over = True
            if isinstance(event, LogLines):
                numbers += [int(entry.message.split()[1]) for entry in event.entries]
                if is_over:
                    return numbers
            assert not isinstance(event, LinkState) or event.phase is not LinkPhase.REFUSED
    raise AssertionError("the log ended before")
