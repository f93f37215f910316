"""The client against the real server: what a pane's worker sees."""

import asyncio
import sys

import pytest

from tests.client.reading import client_of, lines_until, next_of, next_where
from tests.running_server import RunningServer
from vibebox_tui.client.connection import Connection
from vibebox_tui.client.errors import RefusedError
from vibebox_tui.client.events import (
    EnvironmentChanged,
    LinkPhase,
    LinkState,
    LogLines,
    LogLiveNow,
    StatusUpdate,
    TerminalEnded,
    TerminalLiveNow,
    TerminalReset,
    TerminalSizeChanged,
    TerminalText,
)
from vibebox_tui.client.log_reader import LogCursor

COUNTING = (
    "import time\nfor i in range(1, {n} + 1): print(f'line {{i}}', flush=True)\ntime.sleep(60)"
)

pytestmark = pytest.mark.usefixtures("plain_shell")


def counting(count: int) -> list[str]:
    """A command that prints so many numbered lines and stays."""
    return [sys.executable, "-c", COUNTING.format(n=count)]


async def test_a_log_has_its_history_then_what_comes(server: RunningServer) -> None:
    environment = await server.create(*counting(50), start=True)
    await server.logged(environment.id, 50)
    async with client_of(server) as client, client.logs(environment.id, tail=10) as log:
        lines = await lines_until(log, "line 50")
        await next_of(log, LogLiveNow)
    assert lines[-10:] == [f"line {number}" for number in range(41, 51)]


async def test_a_log_goes_on_after_a_line(server: RunningServer) -> None:
    environment = await server.create(*counting(30), start=True)
    await server.logged(environment.id, 30)
    after = LogCursor(4)
    async with client_of(server) as client, client.logs(environment.id, after=after) as first:
        assert await lines_until(first, "line 30") == [f"line {n}" for n in range(5, 31)]
        await next_of(first, LogLiveNow)
        async with client.logs(environment.id, after=LogCursor(2)) as second:
            assert await lines_until(second, "line 30") == [f"line {n}" for n in range(3, 31)]
            await next_of(second, LogLiveNow)


async def test_a_second_reader_of_the_same_log_gets_its_own_history(server: RunningServer) -> None:
    environment = await server.create(*counting(30), start=True)
    await server.logged(environment.id, 30)
    async with client_of(server) as client, client.logs(environment.id, tail=5) as first:
        await next_of(first, LogLiveNow)
        async with client.logs(environment.id, tail=20) as second:
            lines = await lines_until(second, "line 30")
            await next_of(second, LogLiveNow)
    assert lines[-20:] == [f"line {number}" for number in range(11, 31)]


async def test_a_filtered_reader_gets_only_its_stream(server: RunningServer) -> None:
    script = "echo out1; echo err1 >&2; echo out2; echo err2 >&2; echo done >&2; sleep 60"
    environment = await server.create("sh", "-c", script, start=True)
    async with (
        client_of(server) as client,
        client.logs(environment.id) as everything,
        client.logs(environment.id, stream="stderr") as errors,
    ):
        assert set(await lines_until(everything, "done")) >= {"out1", "err1", "out2", "err2"}
        lines = await lines_until(errors, "done")
    assert [line for line in lines if line.startswith(("out", "err"))] == ["err1", "err2"]


async def test_a_reader_that_stops_reading_loses_nothing(server: RunningServer) -> None:
    environment = await server.create(*counting(5000), start=True)
    async with client_of(server) as client, client.logs(environment.id, tail=1) as slow:
        slow.capacity = 100
        async with client.logs(environment.id, tail=0) as fast:
            await next_of(fast, LinkState)
            await server.logged(environment.id, 5000)
            await lines_until(fast, "line 5000")
        assert slow.waiting_weight < 5000
        lines = await lines_until(slow, "line 5000")
    first = int(lines[0].split()[-1]) if lines[0].startswith("line") else 1
    numbered = [line for line in lines if line.startswith("line")]
    assert numbered == [f"line {number}" for number in range(first, 5001)]


async def test_status_comes_at_once_and_at_every_change(server: RunningServer) -> None:
    environment = await server.create("sleep", "60")
    async with client_of(server) as client, client.status(environment.id) as status:
        update = await next_of(status, StatusUpdate)
        assert update.status.status == "stopped"
        await client.rest.start(environment.id)
        await next_where(
            status, lambda each: isinstance(each, StatusUpdate) and each.status.status == "running"
        )


async def test_tells_of_environments_that_come_and_go(server: RunningServer) -> None:
    async with client_of(server) as client, client.environment_changes() as changes:
        await next_where(
            changes, lambda each: isinstance(each, LinkState) and each.round_trip is not None
        )
        environment = await server.create("sleep", "60")
        change = await next_of(changes, EnvironmentChanged)
    assert change == EnvironmentChanged(environment.id, "created")


async def test_an_unknown_environment_is_an_error_for_its_reader_alone(
    server: RunningServer,
) -> None:
    environment = await server.create("sleep", "60")
    async with (
        client_of(server) as client,
        client.logs("no-such-environment") as wrong,
        client.logs(environment.id) as right,
    ):
        with pytest.raises(RefusedError):
            await next_of(wrong, LogLiveNow)
        await next_of(right, LogLiveNow)


async def test_a_terminal_shows_what_is_typed_into_it(server: RunningServer) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalReset)
        await next_of(terminal, TerminalLiveNow)
        terminal.send("echo $((6*7))\n")
        await next_where(
            terminal, lambda each: isinstance(each, TerminalText) and "42" in each.data
        )
        terminal.resize(30, 100)
        changed = await next_of(terminal, TerminalSizeChanged)
        assert (changed.rows, changed.columns) == (30, 100)
        terminal.send("exit 3\n")
        ended = await next_of(terminal, TerminalEnded)
        assert ended.exit_code == 3
        assert [event async for event in terminal] == []


async def test_a_size_that_comes_while_it_attaches_is_asked_for_afterwards(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        attach = terminal.opened

        def attach_and_resize(connection: Connection) -> None:
            attach(connection)
            terminal.resize(30, 100)

        monkeypatch.setattr(terminal, "opened", attach_and_resize)
        reset = await next_of(terminal, TerminalReset)
        assert (reset.rows, reset.columns) == (24, 80)
        changed = await next_of(terminal, TerminalSizeChanged)
        assert (changed.rows, changed.columns) == (30, 100)


async def test_an_unknown_session_is_an_error(server: RunningServer) -> None:
    async with (
        client_of(server) as client,
        client.terminal("no-such-session", rows=24, columns=80) as terminal,
    ):
        with pytest.raises(RefusedError):
            await next_of(terminal, TerminalLiveNow)


async def test_a_flood_in_a_terminal_waits_for_its_reader(server: RunningServer) -> None:
    environment = await server.create("sleep", "60", start=True)
    session = await server.open_session(environment.id)
    async with (
        client_of(server) as client,
        client.terminal(session.id, rows=24, columns=80) as terminal,
    ):
        await next_of(terminal, TerminalLiveNow)
        terminal.send("seq 1 200000; echo END-$((1+1))\n")
        await asyncio.wait_for(terminal_says(terminal, "END-2"), 30)
        assert terminal.waiting_weight <= terminal.capacity * 2


async def terminal_says(terminal: object, text: str) -> None:
    """Return when `text` has come, in one piece or over the edge of two."""
    tail = ""
    async for event in terminal:  # type: ignore[attr-defined]
        if isinstance(event, TerminalText):
            tail = (tail + event.data)[-4096:] if len(event.data) < 4096 else event.data
            if text in tail:
                return


async def test_the_link_tells_its_round_trip(server: RunningServer) -> None:
    environment = await server.create("sleep", "60")
    async with (
        client_of(server) as client,
        client.watch_link() as link,
        client.status(environment.id),
    ):
        state = await next_where(link, lambda each: each.round_trip is not None)
        assert state.phase is LinkPhase.CONNECTED
        assert 0 < state.round_trip < 5
        assert client.telemetry[0].connects == 1


async def test_works_over_a_unix_socket(uds_server: RunningServer) -> None:
    environment = await uds_server.create(*counting(3), start=True)
    async with client_of(uds_server) as client, client.logs(environment.id) as log:
        assert [each.id for each in await client.rest.environments()] == [environment.id]
        assert (await lines_until(log, "line 3"))[-3:] == ["line 1", "line 2", "line 3"]


async def test_closing_the_client_ends_every_reader(server: RunningServer) -> None:
    environment = await server.create("sleep", "60")
    client = client_of(server)
    async with client.logs(environment.id) as log, client.status(environment.id) as status:
        await next_of(log, LogLiveNow)
        await client.close()
        assert not [each async for each in log if isinstance(each, LogLines)]
        assert not [each async for each in status if isinstance(each, EnvironmentChanged)]
    assert client.link.phase is LinkPhase.CLOSED
