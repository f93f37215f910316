"""Logins that last, against the real server's rotation."""

import asyncio
import os
import stat
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.client.clocks import FakeClock, SleepyClock
from tests.client.reading import next_of
from tests.faults import FaultRelay
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.errors import LoginRequiredError
from vibebox_tui.client.events import LogLiveNow, LogResumed
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.saved_login import SavedLogin, forget_login, login_file, save_login
from vibebox_tui.protocol.models import CreateUserRequest, Tokens


class Countdown:
    """Exchanges at the server, counting."""

    def __init__(self, rest: RestClient) -> None:
        self.count = 0
        self._rest = rest

    async def __call__(self, refresh_token: str) -> Tokens:
        self.count += 1
        return await self._rest.refresh(refresh_token)


@pytest.fixture
async def rest(server: RunningServer) -> AsyncIterator[RestClient]:
    address = ServerAddress.parse(server.address)
    async with RestClient(address, StaticToken(server.token())) as rest:
        await rest.create_user(CreateUserRequest("ann@example.com", "a long password", "admin"))
        yield rest


@pytest.fixture
async def path(server: RunningServer, rest: RestClient, tmp_path: Path) -> Path:
    """The file of a login that has just been made."""
    path = tmp_path / "logins" / "server.json"
    tokens = await rest.login("ann@example.com", "a long password")
    save_login(path, ServerAddress.parse(server.address), tokens)
    # a token is told from another by its times, which are in whole seconds
    logged_in = int(time.time())
    await wait_for(lambda: int(time.time()) > logged_in)
    return path


async def test_the_file_is_private_and_stays_so(path: Path, rest: RestClient) -> None:
    credentials = SavedLogin(path, rest.refresh)
    before = content(path)
    await credentials.token()
    await credentials.refresh()
    assert content(path) != before
    assert modes(path.parent) == {0o600}
    assert mode(path.parent) == 0o700


def content(path: Path) -> bytes:
    return path.read_bytes()


def replace(path: Path, text: str) -> None:
    path.write_text(text)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(directory: Path) -> set[int]:
    return {mode(each) for each in directory.iterdir()}


async def test_a_fresh_login_needs_no_exchange(path: Path, rest: RestClient) -> None:
    exchange = Countdown(rest)
    token = await SavedLogin(path, exchange).token()
    assert exchange.count == 0
    assert token.reveal().count(".") == 2


async def test_is_exchanged_ahead_of_the_expiry_and_after_a_long_sleep(
    path: Path, rest: RestClient
) -> None:
    exchange, clock = Countdown(rest), FakeClock(now=0.0)
    credentials = SavedLogin(path, exchange, clock=clock)
    first = await credentials.token()
    assert credentials.expires_at is not None
    clock.advance(credentials.expires_at - 31)
    assert await credentials.token() == first
    clock.advance(2)
    assert await credentials.token() != first
    assert exchange.count == 1


async def test_two_dashboards_exchange_it_once(path: Path, rest: RestClient) -> None:
    exchange = Countdown(rest)
    dashboards = [SavedLogin(path, exchange) for _ in range(4)]
    old = [await dashboard.token() for dashboard in dashboards]
    new = await asyncio.gather(*(dashboard.refresh() for dashboard in dashboards))
    assert len(set(new)) == 1
    assert set(new).isdisjoint(old)
    assert exchange.count == 1


async def test_dashboards_in_processes_of_their_own_exchange_it_once(
    server: RunningServer, path: Path, tmp_path: Path
) -> None:
    """A refresh token that is used a second time would revoke the login for all of them."""
    go = tmp_path / "go"
    program = [sys.executable, str(Path(__file__).parent / "exchange.py")]
    dashboards = [
        await asyncio.create_subprocess_exec(
            *(*program, server.address, str(path), str(go)),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for _ in range(3)
    ]
    before = content(path)
    async with asyncio.timeout(30):
        for dashboard in dashboards:
            assert dashboard.stdout is not None
            assert await dashboard.stdout.readline() == b"ready\n"
        go.touch()
        said = [(await dashboard.communicate())[0].decode().split() for dashboard in dashboards]
    assert [dashboard.returncode for dashboard in dashboards] == [0, 0, 0]
    assert len({token for token, _ in said}) == 1
    assert {email for _, email in said} == {"ann@example.com"}
    assert content(path) != before
    assert mode(path) == 0o600


async def test_a_login_given_up_asks_the_user(path: Path, rest: RestClient) -> None:
    credentials = SavedLogin(path, rest.refresh)
    await credentials.token()
    forget_login(path)
    with pytest.raises(LoginRequiredError, match="not logged in"):
        await credentials.refresh()
    replace(path, "{}")
    with pytest.raises(LoginRequiredError, match="damaged"):
        await credentials.refresh()
    replace(path, '{"address": "x", "refreshToken": "unknown"}')
    with pytest.raises(LoginRequiredError, match="log in again"):
        await credentials.refresh()


def test_each_server_has_its_own_file() -> None:
    addresses = ["http://h:1", "http://h:2", "http://h_1", "unix:/a", "http://h:1/other"]
    files = {login_file(ServerAddress.parse(address)) for address in addresses}
    assert len(files) == len(addresses)


async def test_a_link_goes_on_after_a_sleep_longer_than_the_tokens_life(
    server: RunningServer, path: Path, rest: RestClient
) -> None:
    """Whichever comes first after it, the renewal or the server's word, the log goes on."""
    environment = await server.create("sh", "-c", "seq 1 5; exec sleep 600", start=True)
    await server.logged(environment.id, 5)
    exchange = Countdown(rest)
    clock = SleepyClock()
    login = SavedLogin(path, exchange, clock=clock)
    async with (
        FaultRelay(server.port) as relay,
        Client(ServerAddress.parse(f"http://127.0.0.1:{relay.port}"), login, clock=clock) as client,
    ):
        async with client.logs(environment.id) as log:
            await next_of(log, LogLiveNow)
            assert exchange.count == 0
            clock.slept += 8 * 3600
            relay.reset()
            resumed = await next_of(log, LogResumed)
        assert resumed.complete
        assert exchange.count == 1
