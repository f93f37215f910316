"""A server that is killed or replaced while its clients are in containers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.served import Served
from tests.integration.test_survival import (
    COLUMNS,
    FULL_SCREEN,
    ROWS,
    Log,
    Screen,
    followed,
    kill,
    present,
    replace,
)
from tests.server.containers import IMAGE, require_engine
from tests.support import wait_for
from vibebox_tui.client.client import Client
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
    CreateSessionRequest,
    Environment,
)

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(400)]

SLOW = 120.0
"""Seconds: an engine on a busy machine takes several for a container."""

WRITER = """
number=0
while [ ! -e /tmp/stop ]; do
  number=$((number + 1))
  echo line $number
  echo complaint $number >&2
  [ $((number % 100)) = 0 ] && sleep 0.1
done
echo end $number
while :; do sleep 0.1; done
"""
"""Numbered lines on both streams, several hundred a second, until a file is there."""


@pytest.fixture
def served(short_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    require_engine()
    monkeypatch.setenv("HOME", str(tmp_path))
    served = Served(short_path)
    served.start()
    yield served
    served.end()


async def test_clients_lack_nothing_when_the_server_comes_back(served: Served) -> None:
    async with served.client() as client:
        box = await started(client, "box")
        try:
            await lacks_nothing(served, client, box)
        finally:
            await client.rest.delete_environment(box.id)
    assert "Traceback" not in served.said


async def started(client: Client, name: str) -> Environment:
    """A new environment in a container that runs."""
    request = CreateEnvironmentRequest(
        name=name,
        runtime="docker",
        base_image=IMAGE,
        command=["sh", "-c", WRITER],
        container={"NetworkMode": "none"},
    )
    environment = await client.rest.create_environment(request)
    await client.rest.start(environment.id)
    await wait_for(lambda: runs(client, environment), SLOW, "the container")
    return environment


async def runs(client: Client, environment: Environment) -> bool:
    return (await client.rest.environment(environment.id)).status == "running"


async def lacks_nothing(served: Served, client: Client, box: Environment) -> None:
    size = CreateSessionRequest(rows=ROWS, cols=COLUMNS)
    still = await client.rest.create_session(box.id, size)
    shell = await client.rest.create_session(box.id, size)
    keeper = served.keeper.pid
    before = await present(client)
    log, drawn, typed = Log(), Screen(), Screen()
    async with (
        client.terminal(still.id, rows=ROWS, columns=COLUMNS) as still_link,
        client.terminal(shell.id, rows=ROWS, columns=COLUMNS) as shell_link,
        followed(log.follow(client, box), drawn.follow(still_link), typed.follow(shell_link)),
    ):
        still_link.send(FULL_SCREEN)
        await wait_for(lambda: "corner" in drawn.rows[9], SLOW, "the full screen")
        picture = drawn.rows
        await wait_for(lambda: log.is_live, SLOW, "the live log")
        shell_link.send("PS1=; mark=kept; echo $mark\r")
        await wait_for(lambda: "kept" in typed.rows, SLOW, "what was typed")
        for number, fault in enumerate((kill, replace)):
            shell_link.send(f"clear; sleep 1; echo while {number} no''body watched\r")
            await log.flows(resumed=number, more=200)
            await asyncio.to_thread(fault, served)
            served.assert_store_is_sound()
            said = f"while {number} nobody watched"
            await wait_for(lambda said=said: said in typed.rows, SLOW, said)
        shell_link.send("echo it is $mark in $(stty size); touch /tmp/stop\r")
        await wait_for(lambda: f"it is kept in {ROWS} {COLUMNS}" in typed.rows, SLOW, "an answer")
        await wait_for(lambda: log.is_whole, SLOW, "the end of the log")

        log.assert_nothing_lost_or_doubled()
        assert log.resumed == 2
        assert drawn.rows == picture
        assert await present(client) == before
        assert served.keeper.pid == keeper

        shell_link.send("exit 4\r")
        await wait_for(lambda: typed.ended == [4], SLOW, "the shell's own exit code")

    late = Screen()
    async with (
        client.terminal(still.id, rows=ROWS, columns=COLUMNS) as link,
        followed(late.follow(link)),
    ):
        await wait_for(lambda: late.rows == picture, SLOW, "the screen, drawn anew")
