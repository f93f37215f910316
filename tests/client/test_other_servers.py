"""Servers that know only the guide, or less, and servers that misbehave."""

import asyncio
import http
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from tests.client.other_server import Peer, other_server, raw_server
from tests.client.reading import lines_until, next_of, next_where
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import Credentials, StaticToken, TokenFile
from vibebox_tui.client.errors import RefusedError
from vibebox_tui.client.events import (
    InputUncertain,
    LinkPhase,
    LinkState,
    LogLiveNow,
    LogResumed,
    StatusUpdate,
    TerminalLiveNow,
    TerminalText,
)
from vibebox_tui.client.settings import ClientSettings

HASTY = ClientSettings(
    open_timeout=0.5, ping_interval=0.1, stale_after=0.4, drop_after=0.8, close_timeout=0.2
)


def client_at(
    address: str, credentials: Credentials | None = None, settings: ClientSettings = HASTY
) -> Client:
    return Client(
        ServerAddress.parse(address), credentials or StaticToken("good"), settings=settings
    )


def in_phase(phase: LinkPhase) -> Any:
    return lambda event: isinstance(event, LinkState) and event.phase is phase


def line(number: int) -> dict[str, Any]:
    return {"environmentId": "e", "stream": "stdout", "message": f"line {number}"}


# --- the guide and no more -----------------------------------------------------------------


async def test_lines_without_numbers_go_on_unproven() -> None:
    async def behaviour(peer: Peer) -> None:
        assert (await peer.receive("log_subscribe")) == {"environmentId": "e"}
        await peer.send("log", **line(peer.number))
        if peer.number == 1:
            await peer.close(1012)
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.logs("e") as log,
    ):
        await next_of(log, LogLiveNow)
        await lines_until(log, "line 1")
        await next_where(log, in_phase(LinkPhase.WAITING))
        client.retry_now()
        resumed = await next_of(log, LogResumed)
        assert (resumed.complete, resumed.missing) == (None, 0)
        await lines_until(log, "line 2")


PADDING = "." * 2000
"""Makes lines long enough for the kernel's buffers to be full before all are sent."""


async def test_a_slow_reader_of_lines_without_numbers_makes_the_server_wait() -> None:
    sent = 0

    async def behaviour(peer: Peer) -> None:
        nonlocal sent
        await peer.receive("log_subscribe")
        for number in range(1, 8_001):
            await peer.send("log", **line(number) | {"message": f"line {number} {PADDING}"})
            sent = number
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.logs("e") as log,
    ):
        log.capacity = 500
        await next_of(log, LogLiveNow)
        await asyncio.sleep(1.2)
        assert sent < 8_000
        assert log.waiting_weight < 4_000
        lines = await lines_until(log, f"line 8000 {PADDING}", within=30)
    assert lines == [f"line {number} {PADDING}" for number in range(1, 8_001)]
    assert len(server.peers) == 1


async def test_falls_back_to_a_connection_per_environment() -> None:
    async def behaviour(peer: Peer) -> None:
        if "environmentId" not in peer.query:
            await peer.send("error", message="environmentId is required")
            await peer.close(1008)
            return
        await peer.send("env_status", environmentId=peer.query["environmentId"], status="paused")
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("a") as first,
        client.status("b") as second,
    ):
        updates = [await next_of(each, StatusUpdate) for each in (first, second)]
        assert [each.status.environment_id for each in updates] == ["a", "b"]
        assert updates[0].status.status == "paused"
        assert updates[0].status.cpu_usage is None
        assert client.link.phase is LinkPhase.CONNECTED
    assert [peer.query.get("environmentId") for peer in server.peers] == [None, "a", "b"]


async def test_measures_the_round_trip_without_a_pong() -> None:
    async def behaviour(peer: Peer) -> None:
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        state = await next_where(
            status, lambda each: isinstance(each, LinkState) and each.round_trip is not None
        )
        assert 0 < state.round_trip < 1


async def test_a_pong_without_our_timestamp_measures_as_well() -> None:
    async def behaviour(peer: Peer) -> None:
        while True:
            await peer.receive("ping")
            await peer.websocket.send('{"type":"pong","payload":{},"timestamp":1}')

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        for _ in range(3):
            await next_where(
                status, lambda each: isinstance(each, LinkState) and each.round_trip is not None
            )


async def test_a_terminal_names_its_session_in_the_url() -> None:
    async def behaviour(peer: Peer) -> None:
        if peer.query.get("sessionId") != "s":
            await peer.stay()
            return
        size = await peer.receive("terminal_resize")
        assert size == {"sessionId": "s", "rows": 24, "cols": 80}
        await peer.send("terminal_output", sessionId="s", data="hello")
        typed = await peer.receive("terminal_input")
        assert typed == {"sessionId": "s", "data": "ls\n"}
        await peer.send("terminal_output", sessionId="s", data="files")
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.terminal("s", rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        assert (await next_of(terminal, TerminalText)).data == "hello"
        terminal.send("ls\n")
        assert (await next_of(terminal, TerminalText)).data == "files"


async def test_output_that_has_gathered_comes_as_one() -> None:
    async def behaviour(peer: Peer) -> None:
        await peer.receive("terminal_resize")
        for number in range(100):
            await peer.send("terminal_output", sessionId="s", data=f"{number} ")
        await peer.receive("terminal_resize")
        await peer.send("terminal_output", sessionId="s", data="end")
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.terminal("s", rows=24, columns=80) as terminal,
    ):
        await wait_for(lambda: terminal.waiting_weight > 200)  # of 290 characters
        pieces: list[str] = []
        while "99 " not in "".join(pieces):
            pieces.append((await next_of(terminal, TerminalText)).data)
        assert "".join(pieces) == "".join(f"{number} " for number in range(100))
        assert len(pieces) < 50
        terminal.resize(30, 100)
        assert (await next_of(terminal, TerminalText)).data == "end"


async def test_input_cut_off_is_told_as_uncertain() -> None:
    async def behaviour(peer: Peer) -> None:
        if "sessionId" in peer.query:
            await peer.receive("terminal_resize")
            peer.websocket.transport.pause_reading()
            await asyncio.sleep(0.3)
            peer.websocket.transport.abort()
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.terminal("s", rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        terminal.send("rm -rf build\n")
        assert await next_of(terminal, InputUncertain) == InputUncertain("rm -rf build\n")


# --- tokens --------------------------------------------------------------------------------


async def refuse_bad_tokens(peer: Peer) -> None:
    """As the guide has it."""
    if peer.token != "good":
        await peer.close(4401, "invalid token")
        return
    await peer.send("env_status", environmentId="e", status="running")
    await peer.stay()


async def refuse_bad_tokens_without_a_code(peer: Peer) -> None:
    """As seen in the wild."""
    if peer.token != "good":
        await peer.send("error", message="Authentication failed", error="Invalid or expired token")
        peer.websocket.protocol.send_close()
        peer.websocket.send_data()
        return
    await peer.send("env_status", environmentId="e", status="running")
    await peer.stay()


@pytest.mark.parametrize("behaviour", [refuse_bad_tokens, refuse_bad_tokens_without_a_code])
async def test_a_refused_token_is_renewed_once(behaviour: Any, tmp_path: Path) -> None:
    path = tmp_path / "credential"
    path.write_text("bad")
    credentials = TokenFile(path)
    await credentials.token()
    path.write_text("good")
    async with (
        other_server(behaviour) as server,
        client_at(server.address, credentials) as client,
        client.status("e") as status,
    ):
        await next_of(status, StatusUpdate, within=2)
    assert [peer.token for peer in server.peers] == ["bad", "good"]


@pytest.mark.parametrize("behaviour", [refuse_bad_tokens, refuse_bad_tokens_without_a_code])
async def test_a_token_refused_for_good_asks_the_user(behaviour: Any) -> None:
    async with (
        other_server(behaviour) as server,
        client_at(server.address, StaticToken("bad")) as client,
        client.status("e") as status,
    ):
        refused = await next_where(status, in_phase(LinkPhase.REFUSED))
        assert refused.login_required
        client.log_in_again(StaticToken("good"))
        await next_of(status, StatusUpdate)
    assert len(server.peers) == 2


# --- what a close means --------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1008, 1009, 4403])
async def test_stays_away_after(code: int) -> None:
    async def behaviour(peer: Peer) -> None:
        await peer.close(code, "so it is")

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        refused = await next_where(status, in_phase(LinkPhase.REFUSED))
        assert refused.reason == "so it is"
        assert not refused.login_required
        client.retry_now()
        await next_where(status, in_phase(LinkPhase.CONNECTED))
        await next_where(status, in_phase(LinkPhase.REFUSED))
    assert len(server.peers) == 2


@pytest.mark.parametrize("code", [1001, 1011, 1012, 3456, 4999])
async def test_comes_back_after(code: int) -> None:
    async def behaviour(peer: Peer) -> None:
        if peer.number == 1:
            await peer.close(code)
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        waiting = await next_where(status, in_phase(LinkPhase.WAITING))
        assert waiting.retry_at is not None
        assert waiting.reason
        await next_where(status, in_phase(LinkPhase.CONNECTED))
    assert len(server.peers) == 2


async def test_leaves_a_busy_server_alone_for_a_while() -> None:
    async def behaviour(peer: Peer) -> None:
        await peer.close(1013)

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        waiting = await next_where(status, in_phase(LinkPhase.WAITING))
        assert waiting.retry_at is not None
        assert waiting.retry_at - waiting.since > 9


# --- misbehaviour --------------------------------------------------------------------------


async def test_malformed_frames_are_counted_and_the_connection_lives_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frames: list[str | bytes] = [
        "not JSON",
        "[]",
        '{"type":"no_such_type","payload":{}}',
        '{"type":"env_status","payload":{"environmentId":7}}',
        b"not deflated",
        '{"type":"log","payload":{"environmentId":"e","stream":"stdout","message":"\xff"}}'.encode(
            "latin-1"
        ),
    ]

    async def behaviour(peer: Peer) -> None:
        for frame in frames:
            await peer.websocket.send(frame, text=isinstance(frame, str) or frame[:1] == b"{")
        await peer.send("env_status", environmentId="e", status="running")
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        await next_of(status, StatusUpdate)
        assert client.telemetry[0].malformed == len(frames)
        assert client.telemetry[0].connects == 1
    assert "malformed frame" in caplog.text


async def test_a_server_that_accepts_and_never_answers_is_given_up() -> None:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with (
        raw_server(behaviour) as address,
        client_at(address) as client,
        client.status("e") as status,
    ):
        waiting = await next_where(status, in_phase(LinkPhase.WAITING))
        assert "no answer" in waiting.reason


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"\x00\x01garbage\r\n\r\n", "speaks no HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "speaks no HTTP"),
        (b"", "closed before an answer"),
    ],
)
async def test_what_is_no_web_server_is_told_in_a_sentence(said: bytes, words: str) -> None:
    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    async with (
        raw_server(behaviour) as address,
        client_at(address) as client,
        client.status("e") as status,
    ):
        waiting = await next_where(status, in_phase(LinkPhase.WAITING))
        assert words in waiting.reason


async def test_garbage_in_place_of_a_frame_is_survived() -> None:
    async def behaviour(peer: Peer) -> None:
        if peer.number == 1:
            peer.websocket.transport.write(b"\xff" * 100)
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        waiting = await next_where(status, in_phase(LinkPhase.WAITING))
        assert "no WebSocket message" in waiting.reason
        client.retry_now()
        await next_where(status, in_phase(LinkPhase.CONNECTED))


async def test_nobody_there_is_told_in_a_sentence() -> None:
    async with client_at("http://127.0.0.1:1") as client, client.status("e") as status:
        waiting = await next_where(status, in_phase(LinkPhase.WAITING))
        assert waiting.reason == "nobody listens there"
        assert (waiting.attempt, waiting.max_attempts) == (1, 10)


@pytest.mark.parametrize(
    ("status_code", "phase", "words"),
    [
        (401, LinkPhase.REFUSED, "token"),
        (403, LinkPhase.REFUSED, "allow"),
        (404, LinkPhase.REFUSED, "no VibeBox API"),
        (418, LinkPhase.REFUSED, "418"),
        (200, LinkPhase.REFUSED, "200"),
        (502, LinkPhase.WAITING, "502"),
        (503, LinkPhase.WAITING, "503"),
    ],
)
async def test_an_http_answer_in_place_of_the_upgrade(
    status_code: int, phase: LinkPhase, words: str
) -> None:
    def answer(connection: ServerConnection, request: Request) -> Response:
        phrase = http.HTTPStatus(status_code).phrase
        return Response(status_code, phrase, Headers({"Content-Length": "0", "Retry-After": "7"}))

    async def behaviour(peer: Peer) -> None:
        await peer.stay()

    async with (
        other_server(behaviour, answer=answer) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        state = await next_where(status, in_phase(phase))
        assert words in state.reason
        if status_code == 503:
            assert state.retry_at is not None
            assert state.retry_at - state.since > 6


async def test_an_environment_that_is_gone_ends_its_reader() -> None:
    async def behaviour(peer: Peer) -> None:
        await peer.receive("env_subscribe")
        details = {"environmentId": "e"}
        await peer.send(
            "error", error="Environment not found", code="ENV_NOT_FOUND", details=details
        )
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        with pytest.raises(RefusedError, match="Environment not found"):
            await next_of(status, StatusUpdate)


async def test_subscribes_again_after_it_was_too_fast() -> None:
    async def behaviour(peer: Peer) -> None:
        await peer.receive("env_subscribe")
        await peer.send("error", error="slow", code="RATE_LIMITED", details={"retryAfter": 50})
        await peer.receive("env_subscribe")
        await peer.send("env_status", environmentId="e", status="running")
        await peer.stay()

    async with (
        other_server(behaviour) as server,
        client_at(server.address) as client,
        client.status("e") as status,
    ):
        await next_of(status, StatusUpdate)
