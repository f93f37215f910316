"""`vibebox logs`, as a program of its own, against a real server."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.running_server import RunningServer
from vibebox_tui.cli.failures import BROKEN_PIPE
from vibebox_tui.cli.log_following import FollowedLog
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.events import LogEvent, LogLines, LogLiveNow
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.logs.filters import Selection
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import Environment, LogPage
from vibebox_tui.server.log_block import LogBlock, blocks_of
from vibebox_tui.server.records import LogLine

NOON = 1_760_011_200_000
"""2025-10-09T12:00:00Z"""

API = (
    "INFO GET /health 200",
    "ERROR db timeout",
    "  at pool.acquire (db.js:41)",
    "\x1b[33mWARN\x1b[0m slow \x1b]0;title\x07query",
    "INFO GET /orders 200",
)


async def fill(server: RunningServer, name: str, *messages: str, start: int = NOON) -> str:
    """An environment whose log has these lines, a second apart; its id."""
    environment = await server.create("true", name=name)
    lines = [
        LogLine(start + 1000 * n, "stderr" if text.startswith(("ERROR", " ")) else "stdout", text)
        for n, text in enumerate(messages)
    ]
    await server.server.backend.store.append_logs(environment.id, blocks_of(lines))
    return environment.id


async def start_logs(server: RunningServer, home: Path, *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vibebox_tui", "logs", *arguments,
        env={
            "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8",
            "VIBEBOX_URL": server.address, "VIBEBOX_TOKEN": server.token(),
        },
        stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def run_logs(server: RunningServer, home: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit status, output and complaints."""
    process = await start_logs(server, home, *arguments)
    async with asyncio.timeout(30):
        output, complaints = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), complaints.decode()


async def test_prints_the_log_as_it_came_without_escape_sequences(
    server: RunningServer, tmp_path: Path
):
    await fill(server, "api", *API)
    status, output, complaints = await run_logs(server, tmp_path, "api")
    assert (status, complaints) == (0, "")
    assert output.splitlines() == [*API[:3], "WARN slow query", API[4]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--level", "error"], list(API[1:3])),
        (["--grep", "acquire"], list(API[1:3])),
        (["--grep", "get /(health|orders)"], [API[0], API[4]]),
        (["--tail", "1"], [API[4]]),
        (["--since", "2025-10-09T12:00:04Z"], [API[4]]),
        (["--until", "2025-10-09T12:00:00.500Z"], [API[0]]),
    ],
)
async def test_prints_only_what_is_wanted(
    server: RunningServer, tmp_path: Path, options: list[str], expected: list[str]
):
    await fill(server, "api", *API)
    status, output, _ = await run_logs(server, tmp_path, "api", *options)
    assert (status, output.splitlines()) == (0, expected)


async def test_the_exit_status_is_as_that_of_grep(server: RunningServer, tmp_path: Path):
    await fill(server, "api", *API)
    assert (await run_logs(server, tmp_path, "api", "--grep", "nowhere"))[0] == 1
    assert (await run_logs(server, tmp_path, "api", "--tail", "0"))[0] == 1
    for wrong in (
        ["missing"],
        ["api", "--grep", "("],
        ["api", "--level", "loud"],
        ["api", "--since", "soon"],
        ["api", "-f", "--until", "-5m"],
        ["api", "--tail", "1", "--since", "-5m"],
    ):
        status, output, complaints = await run_logs(server, tmp_path, *wrong)
        assert (status, output) == (2, "")
        assert "Traceback" not in complaints
        assert complaints.startswith("vibebox: ")


async def test_whoever_reads_no_further_ends_it_by_a_broken_pipe(
    server: RunningServer, tmp_path: Path
):
    await fill(server, "api", *(f"INFO {n} {'x' * 100}" for n in range(5000)))
    process = await start_logs(server, tmp_path, "api")
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"INFO 0 ")
    process.stdout._transport.close()  # type: ignore[attr-defined]
    async with asyncio.timeout(30):
        assert await process.wait() == BROKEN_PIPE


async def test_no_control_character_leaves_it(server: RunningServer, tmp_path: Path):
    await fill(server, "api", "a\x9d52;c;AAAA\x9cb\x07c\x08d\x7fe\rf")
    for options in ([], ["--json"]):
        status, output, _ = await run_logs(server, tmp_path, "api", *options)
        assert status == 0
        assert output.rstrip("\n").isprintable()


async def test_several_logs_are_merged_by_time(server: RunningServer, tmp_path: Path):
    await fill(server, "api", "one", "three", "five")
    await fill(server, "worker", "two", "four", start=NOON + 500)
    status, output, _ = await run_logs(server, tmp_path, "worker", "api")
    assert status == 0
    assert [line.split() for line in output.splitlines()] == [
        ["api", "one"], ["worker", "two"], ["api", "three"], ["worker", "four"], ["api", "five"],
    ]  # fmt: skip


async def test_json_has_every_fact_of_a_line(server: RunningServer, tmp_path: Path):
    await fill(server, "api", *API)
    _, output, _ = await run_logs(server, tmp_path, "api", "--json", "--level", "error")
    assert json.loads(output.partition("\n")[0]) == {
        "environment": "api", "seq": 2, "timestamp": "2025-10-09T12:00:01.000Z",
        "stream": "stderr", "level": "error", "message": "ERROR db timeout",
    }  # fmt: skip


async def test_a_long_history_comes_whole_and_once(server: RunningServer, tmp_path: Path):
    await fill(server, "api", *(f"line {n}" for n in range(2500)))
    _, output, _ = await run_logs(server, tmp_path, "api")
    assert output.splitlines() == [f"line {n}" for n in range(2500)]
    _, output, _ = await run_logs(server, tmp_path, "api", "--tail", "1200")
    assert output.splitlines() == [f"line {n}" for n in range(1300, 2500)]


async def test_follows_until_interrupted_and_prints_each_line_once(
    server: RunningServer, tmp_path: Path
):
    environment_id = await fill(server, "api", "first", "second")
    process = await start_logs(server, tmp_path, "api", "-f")
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"first\n"
        assert await process.stdout.readline() == b"second\n"
        store = server.server.backend.store
        entries = await store.append_logs(
            environment_id, [LogBlock.of(NOON + 9000, "stdout", ["third"])]
        )
        server.server.backend.service.broadcast_log(entries)
        assert await process.stdout.readline() == b"third\n"
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
        assert await process.stdout.read() == b""


async def test_what_is_logged_before_the_subscription_begins_is_not_lost(server: RunningServer):
    environment_id = await fill(server, "api", "first", "second")
    address, token = ServerAddress.parse(server.address), StaticToken(server.token())
    async with Client(address, token) as client:
        environment = await client.rest.environment(environment_id)

        async def pages(environment: Environment) -> AsyncIterator[LogPage]:
            yield await client.rest.logs(environment.id, since_seq=0)

        events: Subscription[LogEvent] = Subscription(
            capacity=100, opened=lambda _: None, closed=lambda _: None
        )
        log = FollowedLog(environment, events, Selection(), client.rest)
        assert [line.text async for line in log.history(pages)] == ["first", "second"]
        between = blocks_of([LogLine(NOON + 9000, "stdout", "third")])
        await server.server.backend.store.append_logs(environment_id, between)
        third = LogEntry(environment_id, "stdout", "third", None, 3)
        fourth = LogEntry(environment_id, "stdout", "fourth", None, 4)
        events.put(LogLiveNow())
        events.put(LogLines([third, fourth]))
        async with events:
            live = log.live()
            assert [line.text for line in await anext(live)] == ["third"]
            assert [line.text for line in await anext(live)] == ["fourth"]


async def test_several_logs_are_followed_by_time(server: RunningServer, tmp_path: Path):
    api = await fill(server, "api", "one", "three")
    worker = await fill(server, "worker", "two", start=NOON + 500)
    process = await start_logs(server, tmp_path, "api", "worker", "-f")
    assert process.stdout is not None
    async with asyncio.timeout(30):
        words = [(await process.stdout.readline()).split() for _ in range(3)]
        assert words == [[b"api", b"one"], [b"worker", b"two"], [b"api", b"three"]]
        backend = server.server.backend
        late = [
            await backend.store.append_logs(each, blocks_of([LogLine(NOON + at, "stdout", text)]))
            for each, at, text in ((worker, 9500, "five"), (api, 9000, "four"))
        ]
        for entries in late:
            backend.service.broadcast_log(entries)
        assert (await process.stdout.readline()).split() == [b"api", b"four"]
        assert (await process.stdout.readline()).split() == [b"worker", b"five"]
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
