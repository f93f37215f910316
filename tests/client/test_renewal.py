"""Tokens that expire while connected: replaced ahead of it, without anybody noticing."""

import asyncio
import re
import time
from typing import Any

import pytest

from tests.client.other_server import Peer, other_server
from tests.client.reading import client_of, next_of, next_where
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import AHEAD, Secret
from vibebox_tui.client.events import (
    LinkPhase,
    LinkState,
    LogLines,
    LogLiveNow,
    LogResumed,
    StatusUpdate,
    TerminalLiveNow,
    TerminalReset,
    TerminalText,
)

pytestmark = pytest.mark.usefixtures("plain_shell")


class ShortTokens:
    """Tokens that are due soon after they were made, each another one."""

    def __init__(self, make: Any, lives: list[float]) -> None:
        self.made: list[str] = []
        self.expires_at: float | None = None
        self._make = make
        self._lives = lives
        self._token = Secret("")

    async def token(self) -> Secret:
        if self.expires_at is None or self.expires_at - AHEAD <= time.time():
            life = self._lives.pop(0) if self._lives else 900.0
            self.expires_at = time.time() + AHEAD + life
            self._token = Secret(self._make(AHEAD + life + len(self.made)))
            self.made.append(self._token.reveal())
        return self._token

    async def refresh(self) -> Secret:
        raise AssertionError("nothing was refused")


async def test_a_log_goes_over_to_a_new_connection_unseen(server: RunningServer) -> None:
    script = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; sleep 0.005; done; sleep 60"
    environment = await server.create("sh", "-c", script, start=True)
    credentials = ShortTokens(lambda seconds: server.token(seconds=seconds), [0.3, 0.3, 0.3])
    lines: list[str] = []
    async with (
        client_of(server, credentials=credentials) as client,
        client.logs(environment.id) as log,
        asyncio.timeout(20),
    ):
        async for event in log:
            assert not isinstance(event, LinkState) or event.phase in (
                LinkPhase.CONNECTING,
                LinkPhase.CONNECTED,
            )
            assert not isinstance(event, LogResumed)
            if isinstance(event, LogLines):
                lines += [entry.message for entry in event.entries]
            if "line 300" in lines:
                break
        assert client.telemetry[0].connects >= 3
        assert client.telemetry[0].drop_count == 0
    numbered = [line for line in lines if line.startswith("line")]
    first = int(numbered[0].split()[1])
    assert numbered == [f"line {number}" for number in range(first, 301)]


async def test_a_terminal_goes_over_to_a_new_connection_unseen(server: RunningServer) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    credentials = ShortTokens(lambda seconds: server.token(seconds=seconds), [0.5])
    async with (
        client_of(server, credentials=credentials) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
        asyncio.timeout(20),
    ):
        await next_of(terminal, TerminalLiveNow)
        for number in range(100):
            terminal.send(f"echo got-$(({number}+0))-\n")
        await wait_for(lambda: client.telemetry[0].connects == 2)
        terminal.send("echo do$((1+1))ne\n")
        found = ""
        async for event in terminal:
            assert not isinstance(event, TerminalReset)
            if isinstance(event, TerminalText):
                found += event.data
            if "do2ne" in found:
                break
    assert [int(number) for number in re.findall(r"got-(\d+)-", found)] == list(range(100))


async def test_closes_first_where_the_server_knows_only_the_guide() -> None:
    open_at_once: list[int] = []

    async def behaviour(peer: Peer) -> None:
        standing = [each for each in server.peers if each.websocket.close_code is None]
        open_at_once.append(len(standing))
        await peer.send("env_status", environmentId="e", status="running")
        await peer.stay()

    names = iter("abcdefgh")
    credentials = ShortTokens(lambda seconds: next(names), [0.2, 0.2])
    async with (
        other_server(behaviour) as server,
        Client(ServerAddress.parse(server.address), credentials) as client,
        client.status("e") as status,
    ):
        for _ in range(3):
            await next_of(status, StatusUpdate)
        await next_where(status, lambda each: getattr(each, "phase", "") == LinkPhase.CONNECTED)
        assert [peer.token for peer in server.peers] == ["a", "b", "c"]
        assert [peer.websocket.close_code for peer in server.peers[:2]] == [1000, 1000]
    assert open_at_once == [1, 1, 1]


async def test_a_short_token_that_is_all_there_is_is_used_to_its_end(
    server: RunningServer,
) -> None:
    environment = await server.create("sleep", "60")
    credentials = ShortTokens(lambda seconds: server.token(), [])
    await credentials.token()
    credentials.expires_at = time.time() + AHEAD + 0.2
    stuck = credentials._token

    async def token() -> Secret:
        return stuck

    credentials.token = token  # type: ignore[method-assign]
    async with (
        client_of(server, credentials=credentials) as client,
        client.logs(environment.id) as log,
    ):
        await next_of(log, LogLiveNow)
        await wait_for(lambda: time.time() > (credentials.expires_at or 0) - AHEAD + 0.3)
        assert client.telemetry[0].connects == 1
