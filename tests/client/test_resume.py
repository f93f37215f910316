"""Whatever happens to the connection: nothing lost, nothing twice, nothing typed vanishes."""

import asyncio
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress

import pytest

from tests.client.reading import client_of, lines_until, next_of, next_where
from tests.conftest import StartServer
from tests.faults import FaultRelay
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.client import Client
from vibebox_tui.client.errors import RefusedError
from vibebox_tui.client.events import (
    InputLost,
    InputPending,
    LinkPhase,
    LinkState,
    LogEvent,
    LogHole,
    LogLines,
    LogLiveNow,
    LogResumed,
    TerminalEvent,
    TerminalLiveNow,
    TerminalReset,
    TerminalText,
)
from vibebox_tui.client.settings import ClientSettings, PendingInput
from vibebox_tui.client.subscription import Subscription

pytestmark = pytest.mark.usefixtures("plain_shell")

WRITER = """
import time
for i in range(1, {n} + 1):
    print(f"line {{i}}", flush=True)
    time.sleep({pause})
time.sleep(60)
"""

IMPATIENT = ClientSettings(ping_interval=0.1, stale_after=0.4, drop_after=1.0, open_timeout=2.0)


def writing(count: int, pause: float) -> list[str]:
    """A command that prints numbered lines at intervals and stays."""
    return [sys.executable, "-c", WRITER.format(n=count, pause=pause)]


@pytest.fixture
async def relay(server: RunningServer) -> AsyncIterator[FaultRelay]:
    async with FaultRelay(server.port) as relay:
        yield relay


def through(relay: FaultRelay) -> str:
    return f"http://127.0.0.1:{relay.port}"


@asynccontextmanager
async def impatient_user(client: Client) -> AsyncIterator[None]:
    """Somebody who presses the key to retry whenever the dashboard waits."""

    async def press() -> None:
        async with client.watch_link() as link:
            async for state in link:
                if state.phase is LinkPhase.WAITING:
                    client.retry_now()

    user = asyncio.create_task(press())
    try:
        yield
    finally:
        user.cancel()
        with suppress(asyncio.CancelledError):
            await user


async def test_a_log_goes_on_exactly_where_it_was_cut(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create(*writing(400, 0.005), start=True)
    lines: list[str] = []
    resumed: list[LogResumed] = []
    async with (
        client_of(server, address=through(relay)) as client,
        impatient_user(client),
        client.logs(environment.id) as log,
        asyncio.timeout(30),
    ):
        await next_of(log, LogLiveNow)
        lost_at = 50
        async for event in log:
            if isinstance(event, LogLines):
                lines += [entry.message for entry in event.entries]
            if isinstance(event, LogResumed):
                resumed.append(event)
            if len(lines) >= lost_at and len(resumed) < 4:
                lost_at = len(lines) + 50
                relay.reset()
            if "line 400" in lines:
                break
    first = int(next(line for line in lines if line.startswith("line")).split()[1])
    assert [line for line in lines if line.startswith("line")] == [
        f"line {number}" for number in range(first, 401)
    ]
    assert resumed
    assert all(each.complete and each.missing == 0 for each in resumed)


async def test_a_cut_in_the_middle_of_a_frame_loses_nothing(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create(*writing(3000, 0), start=True)
    await server.logged(environment.id, 3000)
    async with client_of(server, address=through(relay)) as client, impatient_user(client):
        relay.cut_after(20_011)
        async with client.logs(environment.id, tail=3000) as log:
            lines = await lines_until(log, "line 3000", within=20)
            await next_of(log, LogLiveNow)
    assert relay.accepted >= 2
    assert lines[-3000:] == [f"line {number}" for number in range(1, 3001)]
    assert len(lines) == len(set(lines))


async def test_names_what_retention_took_meanwhile(start_server: StartServer) -> None:
    async with reader_of_a_stopped_server(start_server) as (client, log, first, port):
        change_store(first, "DELETE FROM log_chunks")
        change_store(first, "UPDATE logs SET next_seq = 100 + next_seq")
        await start_server(port=port)
        client.retry_now()
        hole = await next_of(log, LogHole)
        resumed = await next_of(log, LogResumed)
    assert hole.first is not None
    assert hole.last == hole.first + 99
    assert (resumed.complete, resumed.missing, resumed.caught_up) == (False, 100, 0)


async def test_says_so_where_the_numbers_are_others(start_server: StartServer) -> None:
    async with reader_of_a_stopped_server(start_server) as (client, log, first, port):
        change_store(first, "UPDATE logs SET epoch = 'another'")
        await start_server(port=port)
        client.retry_now()
        hole = await next_of(log, LogHole)
        resumed = await next_of(log, LogResumed)
    assert (hole.first, hole.last) == (None, None)
    assert resumed.complete is False


@asynccontextmanager
async def reader_of_a_stopped_server(
    start_server: StartServer,
) -> "AsyncIterator[tuple[Client, Subscription[LogEvent], RunningServer, int]]":
    """Somebody who has read ten lines of a server that then stopped."""
    first = await start_server()
    environment = await first.create(*writing(10, 0), start=True)
    await first.logged(environment.id, 10)
    async with client_of(first) as client, client.logs(environment.id) as log:
        await lines_until(log, "line 10")
        await next_of(log, LogLiveNow)
        port = first.port
        await first.stop()
        await next_where(log, in_phase(LinkPhase.WAITING))
        yield client, log, first, port


def change_store(server: RunningServer, statement: str) -> None:
    """Do to a stopped server's store what time or somebody else may do."""
    path = server.settings.data_directory / "vibebox.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)


async def test_a_silent_link_is_stale_then_replaced(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create("sleep", "60")
    client = client_of(server, address=through(relay), settings=IMPATIENT)
    async with client, client.status(environment.id) as status:
        await next_where(status, in_phase(LinkPhase.CONNECTED))
        relay.black_hole()
        await next_where(status, in_phase(LinkPhase.STALE), within=3)
        lost = await next_where(status, in_phase(LinkPhase.WAITING), within=3)
        assert "no answer" in lost.reason
        relay.carry()
        client.retry_now()
        await next_where(status, in_phase(LinkPhase.CONNECTED))
        assert client.telemetry[0].stale_count == 1
        assert [drop.code for drop in client.telemetry[0].drops] == [1006]


async def test_a_link_that_answers_again_in_time_is_kept(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create("sleep", "60")
    client = client_of(server, address=through(relay), settings=IMPATIENT)
    async with client, client.status(environment.id) as status:
        await next_where(status, in_phase(LinkPhase.CONNECTED))
        relay.black_hole()
        await next_where(status, in_phase(LinkPhase.STALE), within=3)
        relay.carry()
        await next_where(status, in_phase(LinkPhase.CONNECTED), within=3)
        assert relay.accepted == 1


async def test_a_terminal_goes_on_from_its_position(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server, address=through(relay)) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        terminal.send("(sleep 0.5; echo mean$((1+1))while) & echo be$((1+1))fore\n")
        await says(terminal, "be2fore")
        relay.reset()
        await next_where(terminal, in_phase(LinkPhase.WAITING))
        await asyncio.sleep(0)
        client.retry_now()
        text, resets = await until(terminal, "mean2while")
    assert "mean2while" in text
    assert resets == 0


async def test_what_was_typed_is_written_once_whenever_the_link_was_cut(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    settings = ClientSettings(pending_input=PendingInput.ALWAYS)
    async with (
        client_of(server, address=through(relay), settings=settings) as client,
        impatient_user(client),
        client.terminal(session.id, rows=24, columns=200) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        terminal.send("stty -echo; PS1=; while read n; do echo got-$n-; done\n")
        typist = asyncio.create_task(type_and_cut(terminal, relay))
        text, _ = await until(terminal, "got-100-", within=40)
        await typist
    numbers = [int(number) for number in re.findall(r"got-(\d+)-", text)]
    assert numbers == list(range(1, 101))


async def type_and_cut(terminal: "Subscription[TerminalEvent]", relay: FaultRelay) -> None:
    for number in range(1, 101):
        terminal.send(f"{number}\n")  # type: ignore[attr-defined]
        if number % 25 == 0:
            relay.reset()
        await asyncio.sleep(0.005)


async def test_asks_before_it_sends_what_was_typed_meanwhile(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server, address=through(relay)) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        relay.is_refusing = True
        relay.reset()
        await next_where(terminal, in_phase(LinkPhase.WAITING))
        terminal.send("echo wai$((1+1))ted\n")
        pending = await next_of(terminal, InputPending)
        assert pending == InputPending(20)
        relay.is_refusing = False
        client.retry_now()
        held = await next_where(terminal, lambda each: each == InputPending(20, held=True))
        assert held
        terminal.release_pending()
        await next_where(terminal, lambda each: each == InputPending(0))
        await says(terminal, "wai2ted")


async def test_typing_beyond_the_bound_is_refused_and_told(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server, address=through(relay)) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        relay.is_refusing = True
        relay.reset()
        await next_where(terminal, in_phase(LinkPhase.WAITING))
        terminal.send("x" * 65_536)
        terminal.send("yz")
        assert await next_where(
            terminal, lambda each: isinstance(each, InputPending) and each.refused == 2
        ) == InputPending(65_536, refused=2)
        terminal.discard_pending()
        assert await next_of(terminal, InputPending) == InputPending(0)


async def test_what_is_not_answered_is_told(server: RunningServer, relay: FaultRelay) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server, address=through(relay)) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        relay.black_hole()
        terminal.send("echo unans$((1+1))wered\n")
        sent = await next_where(terminal, lambda each: isinstance(each, InputPending))
        assert sent == InputPending(0, unanswered=24)
        assert terminal.unconfirmed_input == "echo unans$((1+1))wered\n"
        relay.carry()
        seen: list[TerminalEvent] = []

        def is_answered(event: TerminalEvent) -> bool:
            seen.append(event)
            text = "".join(each.data for each in seen if isinstance(each, TerminalText))
            return InputPending(0) in seen and "unans2wered" in text

        await next_where(terminal, is_answered)  # the shell may be quicker than the receipt
        assert terminal.unconfirmed_input == ""


async def test_what_was_typed_for_a_session_that_is_gone_is_told_as_lost(
    server: RunningServer, relay: FaultRelay
) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server, address=through(relay)) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        relay.is_refusing = True
        relay.reset()
        await next_where(terminal, in_phase(LinkPhase.WAITING))
        terminal.send("make deploy\n")
        async with server.http() as http:
            assert (await http.delete(f"/sessions/{session.id}")).is_success
        relay.is_refusing = False
        client.retry_now()
        assert await next_of(terminal, InputLost) == InputLost("make deploy\n")
        with suppress(RefusedError):
            async for _ in terminal:
                pass
        assert terminal.is_closed


@pytest.mark.parametrize("policy", [PendingInput.ALWAYS, PendingInput.NEVER])
async def test_the_setting_says_whether_what_was_typed_meanwhile_is_sent(
    server: RunningServer, relay: FaultRelay, policy: PendingInput
) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    settings = ClientSettings(pending_input=policy)
    async with (
        client_of(server, address=through(relay), settings=settings) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        relay.is_refusing = True
        relay.reset()
        await next_where(terminal, in_phase(LinkPhase.WAITING))
        terminal.send("echo wai$((1+1))ted\n")
        told = await next_of(terminal, InputPending)
        is_kept = policy is PendingInput.ALWAYS
        assert told == (InputPending(20) if is_kept else InputPending(0, refused=20))
        relay.is_refusing = False
        client.retry_now()
        if is_kept:
            await says(terminal, "wai2ted")
        else:
            await next_of(terminal, TerminalLiveNow)
        terminal.send("echo af$((1+1))ter\n")
        text, _ = await until(terminal, "af2ter")
        assert is_kept or "wai2ted" not in text


async def test_comes_back_after_the_server_restarts(start_server: StartServer) -> None:
    first = await start_server()
    environment = await first.create(*writing(5, 0), start=True)
    await first.logged(environment.id, 5)
    async with client_of(first) as client, client.logs(environment.id) as log:
        await lines_until(log, "line 5")
        await next_of(log, LogLiveNow)
        port = first.port
        await first.stop()
        lost = await next_where(log, in_phase(LinkPhase.WAITING))
        assert lost.reason
        second = await start_server(port=port)
        client.retry_now()
        resumed = await next_of(log, LogResumed)
        assert resumed.complete
        await second.server.environments.start(environment.id)
        await lines_until(log, "line 5")


async def test_many_links_come_back_without_a_crowd(
    server: RunningServer, relay: FaultRelay
) -> None:
    environments = [await server.create("sleep", "60") for _ in range(5)]
    async with client_of(server, address=through(relay)) as client:
        logs = [client.logs(environment.id) for environment in environments]
        for log in logs:
            await log.__aenter__()
        for log in logs:
            await next_of(log, LogLiveNow)
        assert relay.accepted == 1
        relay.reset()
        for log in logs:
            await next_of(log, LogResumed)
        assert relay.accepted == 2
        for log in logs:
            await log.close()


async def test_nothing_is_left_open_after_closing(server: RunningServer, relay: FaultRelay) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    before = asyncio.all_tasks()
    async with (
        client_of(server, address=through(relay)) as client,
        client.logs(environment.id) as log,
        client.status(environment.id),
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(log, LogLiveNow)
        await next_of(terminal, TerminalLiveNow)
    await wait_for(lambda: relay.open_connections == 0)
    ours = [task for task in asyncio.all_tasks() - before if task.get_name().startswith(OUR_TASKS)]
    assert ours == []


OUR_TASKS = ("link", "heartbeat", "log catch-up", "close a terminal")


def in_phase(phase: LinkPhase) -> Callable[[object], bool]:
    return lambda event: isinstance(event, LinkState) and event.phase is phase


async def says(terminal: "Subscription[TerminalEvent]", text: str) -> None:
    await until(terminal, text)


async def until(
    terminal: "Subscription[TerminalEvent]", text: str, within: float = 10.0
) -> tuple[str, int]:
    """All output until `text` has come, and how often the screen began anew."""
    found, resets = "", 0
    async with asyncio.timeout(within):
        async for event in terminal:
            if isinstance(event, TerminalText):
                found += event.data
            if isinstance(event, TerminalReset):
                resets += 1
            if text in found:
                return found, resets
    raise AssertionError("the terminal ended before")
