"""What a server no longer has: each gap is named once, exactly, and to whom it is one."""

import asyncio
import json
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from tests.client.other_server import Peer, other_server
from tests.client.reading import lines_until, next_of
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import LOG_CAPACITY, Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import LinkPhase, LogHole, LogLines, LogLiveNow, LogResumed
from vibebox_tui.client.log_feed import SKIPPED
from vibebox_tui.client.log_reader import OTHER_EPOCH, RETENTION


def client_at(address: str) -> Client:
    return Client(ServerAddress.parse(address), StaticToken("t"), chance=lambda: 0.0)


def entry(seq: int) -> dict[str, Any]:
    return {"environmentId": "e", "stream": "stdout", "message": f"line {seq}", "seq": seq}


class LogPeer:
    """A server's end of one log subscription, in the words of the extensions."""

    def __init__(self, peer: Peer, request: dict[str, Any]) -> None:
        self.request = request
        self._peer = peer

    @classmethod
    async def of(cls, peer: Peer) -> "LogPeer":
        return cls(peer, await peer.receive("log_subscribe"))

    async def say(self, kind: str, **payload: Any) -> None:
        about = {"environmentId": "e", "requestId": self.request["requestId"]}
        await self._peer.send(kind, **about, **payload)

    async def begin(self, epoch: str = "1", gap: tuple[int, int] | None = None) -> None:
        named = None if gap is None else {"from": gap[0], "to": gap[1]}
        await self.say("log_subscribed", epoch=epoch, gap=named)

    async def lines(self, first: int, last: int) -> None:
        entries = [entry(seq) for seq in range(first, last + 1)]
        await self.say("logs", throughSeq=last, entries=entries)

    async def live(self, next_seq: int) -> None:
        await self.say("log_live", nextSeq=next_seq)

    def cut(self) -> None:
        self._peer.websocket.transport.abort()


async def told_until_resumed(log: Any, client: Client) -> tuple[list[Any], LogResumed]:
    """Lines (their numbers) and holes up to the end of an interruption; retries at once."""
    told: list[Any] = []
    async with asyncio.timeout(10):
        async for event in log:
            match event:
                case LogLines(entries):
                    told += [each.seq for each in entries]
                case LogHole():
                    told.append(event)
                case LogResumed():
                    return told, event
                case _ if getattr(event, "phase", None) is LinkPhase.WAITING:
                    client.retry_now()
    raise AssertionError("the subscription ended before")


async def test_a_gap_that_was_named_before_another_loss_is_gone_on_from() -> None:
    async def behaviour(peer: Peer) -> None:
        log = await LogPeer.of(peer)
        match peer.number:
            case 1:
                await log.begin()
                await log.lines(1, 5)
                await log.live(6)
            case 2:
                assert log.request["since"] == 5
                await log.begin(gap=(6, 10))
            case _:
                assert log.request["since"] == 10
                await log.begin(gap=(11, 20))
                await log.lines(21, 22)
                await log.live(23)
                await peer.stay()
        await asyncio.sleep(0.05)
        log.cut()

    async with (
        other_server(behaviour, has_features=True) as server,
        client_at(server.address) as client,
        client.logs("e") as log,
    ):
        await next_of(log, LogLiveNow)
        told, resumed = await told_until_resumed(log, client)
    assert told == [LogHole(6, 10, RETENTION), LogHole(11, 20, RETENTION), 21, 22]
    assert (resumed.complete, resumed.missing, resumed.caught_up) == (False, 15, 2)


async def test_lines_that_a_server_leaves_out_are_named() -> None:
    async def behaviour(peer: Peer) -> None:
        log = await LogPeer.of(peer)
        await log.begin()
        await log.lines(1, 2)
        await log.live(3)
        await log.lines(6, 6)
        await log.say("logs", throughSeq=9, entries=[])
        await log.lines(10, 10)
        await peer.stay()

    async with (
        other_server(behaviour, has_features=True) as server,
        client_at(server.address) as client,
        client.logs("e") as log,
    ):
        assert await next_of(log, LogHole) == LogHole(3, 5, SKIPPED)
        assert await next_of(log, LogHole) == LogHole(7, 9, SKIPPED)
        assert await lines_until(log, "line 10") == ["line 10"]


async def test_another_numbering_that_is_cut_off_is_begun_again_from_its_start() -> None:
    async def behaviour(peer: Peer) -> None:
        log = await LogPeer.of(peer)
        match peer.number:
            case 1:
                await log.begin()
                await log.lines(1, 50)
                await log.live(51)
            case 2:
                await log.begin(epoch="2", gap=(51, 51))
            case _:
                assert (log.request["since"], log.request["epoch"]) == (0, "2")
                await log.begin(epoch="2")
                await log.lines(1, 3)
                await log.live(4)
                await peer.stay()
        await asyncio.sleep(0.05)
        log.cut()

    async with (
        other_server(behaviour, has_features=True) as server,
        client_at(server.address) as client,
        client.logs("e") as log,
    ):
        await next_of(log, LogLiveNow)
        told, resumed = await told_until_resumed(log, client)
    assert told == [LogHole(None, None, OTHER_EPOCH), 1, 2, 3]
    assert resumed.complete is False


async def test_what_a_reader_has_got_by_itself_is_no_gap_for_it() -> None:
    """One that fell behind has pulled lines that the others, by then, can't have any more."""
    full = LOG_CAPACITY
    asked: list[str] = []
    pulled = asyncio.Event()

    def page(connection: ServerConnection, request: Request) -> Response | None:
        if "/logs?" not in request.path or "ws" in request.path:
            return None
        asked.append(request.path)
        body = {
            "data": [entry(seq) for seq in range(full + 1, full + 501)],
            "firstSeq": 1,
            "nextSeq": full + 501,
            "epoch": "1",
        }
        return connection.respond(200, json.dumps(body))

    async def behaviour(peer: Peer) -> None:
        log = await LogPeer.of(peer)
        await log.begin()
        for first in range(1, full + 1, 1000):
            await log.lines(first, first + 999)
        await log.lines(full + 1, full + 100)
        await log.live(full + 101)
        await pulled.wait()
        await log.say("log_gap", **{"from": full + 101, "to": full + 400})
        await log.lines(full + 401, full + 600)
        await peer.stay()

    async with (
        other_server(behaviour, has_features=True, answer=page) as server,
        client_at(server.address) as client,
        client.logs("e", tail=full) as log,
    ):
        feed = client._log_feeds["e"]
        await wait_for(lambda: feed.cursor == full + 100)
        told: list[Any] = []
        async with asyncio.timeout(10):
            async for event in log:
                if isinstance(event, LogLines):
                    told += [each.seq for each in event.entries]
                if isinstance(event, LogHole):
                    told.append(event)
                if told and told[-1] == full + 500:
                    pulled.set()
                if told and told[-1] == full + 600:
                    break
    assert len(asked) == 1
    assert told == list(range(1, full + 601))
