"""Links that can't connect: how often they try, and how many at once."""

import asyncio
from typing import Any

import pytest

from tests.client.other_server import Peer, other_server
from tests.client.reading import next_of, next_where
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import LinkPhase, LinkState, StatusUpdate
from vibebox_tui.client.settings import ClientSettings

NOBODY = "http://127.0.0.1:1"


def client_at(address: str, **settings: Any) -> Client:
    return Client(
        ServerAddress.parse(address), StaticToken("t"), settings=ClientSettings(**settings)
    )


def waiting(attempt: int) -> Any:
    return lambda event: (
        isinstance(event, LinkState)
        and event.phase is LinkPhase.WAITING
        and event.attempt == attempt
    )


async def test_waits_longer_each_time_and_tells_until_when() -> None:
    async with client_at(NOBODY) as client, client.status("e") as status:
        waits = []
        for attempt in range(1, 5):
            state = await next_where(status, waiting(attempt))
            waits.append(state.retry_at - state.since)
            client.retry_now()
    for wait, least in zip(waits, (1, 2, 4, 8), strict=True):
        assert least - 0.1 <= wait <= 3 * least


async def test_tries_once_a_minute_after_so_many_failures() -> None:
    async with client_at(NOBODY, max_attempts=2) as client, client.status("e") as status:
        await next_where(status, waiting(1))
        client.retry_now()
        state = await next_where(status, waiting(2))
        assert 59 < state.retry_at - state.since <= 61
        async with client.logs("e") as log:
            held = await next_where(
                log, lambda each: isinstance(each, LinkState) and each.phase is LinkPhase.WAITING
            )
            assert held.retry_at is not None
            assert client.telemetry[1].attempts == 0
            client.retry_now()
            await next_where(log, waiting(1))
            assert client.telemetry[1].attempts == 1


async def test_the_first_that_gets_through_tells_the_others() -> None:
    is_up = False

    async def behaviour(peer: Peer) -> None:
        if not is_up:
            await peer.close(1012)
        await peer.send("env_status", environmentId="e", status="running")
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address, max_attempts=1) as client,
        client.logs("e") as log,
    ):
        await next_where(log, waiting(1))
        is_up = True
        async with client.status("e") as status, asyncio.timeout(5):
            await next_where(
                status, lambda each: isinstance(each, LinkState) and each.retry_at is not None
            )
            client._status_lanes.links[0].retry_now()
            await next_of(status, StatusUpdate)
            await next_where(
                log, lambda each: isinstance(each, LinkState) and each.phase is LinkPhase.CONNECTED
            )


@pytest.mark.parametrize("code", [1011, 1012])
async def test_one_that_fails_beside_others_that_work_holds_up_only_itself(code: int) -> None:
    async def behaviour(peer: Peer) -> None:
        if peer.endpoint == "logs":
            await peer.close(code)
        await peer.send("env_status", environmentId="e", status="running")
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address, max_attempts=1) as client,
        client.status("e") as status,
    ):
        await next_of(status, StatusUpdate)
        async with client.logs("e") as log:
            state = await next_where(log, waiting(1))
            assert state.retry_at - state.since > 59
            assert client.link.phase is LinkPhase.WAITING
            async with client.terminal("s", rows=24, columns=80) as terminal:
                await next_where(
                    terminal,
                    lambda each: isinstance(each, LinkState) and each.phase is LinkPhase.CONNECTED,
                )
