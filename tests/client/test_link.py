"""Links that can't connect: how often they try, and how many at once."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from email.utils import formatdate
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from tests.client.other_server import Peer, other_server
from tests.client.reading import next_of, next_where
from tests.support import wait_for
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


async def test_many_that_are_lost_together_do_not_come_back_together() -> None:
    """Ten terminals and a restart of the server: each waits for a time of its own."""

    async def behaviour(peer: Peer) -> None:
        await all_are_there.wait()
        await peer.close(1012)

    count = 10
    all_are_there = asyncio.Event()
    chances = itertools.cycle(number / count for number in range(count))
    async with (
        other_server(behaviour) as server,
        Client(
            ServerAddress.parse(server.address), StaticToken("t"), chance=lambda: next(chances)
        ) as client,
        AsyncExitStack() as opened,
    ):
        terminals = [
            await opened.enter_async_context(client.terminal(f"s{number}", rows=24, columns=80))
            for number in range(count)
        ]
        await wait_for(lambda: len(server.peers) >= count)
        all_are_there.set()
        waits = []
        for terminal in terminals:
            state = await next_where(terminal, waiting(1))
            waits.append(state.retry_at - state.since)
    waits.sort()
    assert waits[0] > 0.99
    assert min(later - earlier for earlier, later in itertools.pairwise(waits)) > 0.05


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
async def test_waits_as_long_as_a_busy_server_asks_but_not_longer_than_the_user(
    status: int, form: str
) -> None:
    attempts = 0

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        nonlocal attempts
        attempts += 1
        if attempts > 1:
            return None
        response = connection.respond(status, "too busy")
        now = client._access.clock.now()
        response.headers["Retry-After"] = (
            "90" if form == "seconds" else formatdate(now + 90, usegmt=True)
        )
        return response

    async def behaviour(peer: Peer) -> None:
        await peer.send("env_status", environmentId="e", status="running")
        await peer.stay()

    async with (
        other_server(behaviour, answer=answer) as server,
        client_at(server.address) as client,
        client.status("e") as status_of_it,
    ):
        state = await next_where(status_of_it, waiting(1))
        assert 88 < state.retry_at - state.since <= 92
        client.retry_now()
        await next_of(status_of_it, StatusUpdate, within=2)
        assert attempts == 2


async def test_the_users_key_tries_at_once_also_where_the_breaker_is_open() -> None:
    async with client_at(NOBODY, max_attempts=1) as client, client.status("e") as status:
        await next_where(status, waiting(1))
        assert client._access.breaker.next_try(client._access.clock.monotonic()) > 50
        client.retry_now()
        await next_where(status, waiting(2), within=2)
