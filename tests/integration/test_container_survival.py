"""A server that is killed or replaced while its clients are in containers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.served import Served
from tests.integration.watching import COLUMNS, ROWS, Watch, kill, replace
from tests.server.containers import IMAGE, require_engine
from tests.support import wait_for
from vibebox_tui.client.client import Client
from vibebox_tui.protocol.models import (
    CreateEnvironmentRequest,
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
    watch = Watch(served, client, SLOW)
    async with watch.of(box, box) as link:
        link.send("PS1=; mark=kept; echo $mark\r")
        await watch.until(lambda: "kept" in watch.typed.rows, "what was typed")
        for number, fault in enumerate((kill, replace)):
            link.send(f"clear; sleep 1; echo while {number} no''body watched\r")
            await watch.survives(fault, more=200)
            said = f"while {number} nobody watched"
            await watch.until(lambda said=said: said in watch.typed.rows, said)  # type: ignore[misc]
        answer = f"it is kept in {ROWS} {COLUMNS}"
        link.send("echo it is $mark in $(stty size); touch /tmp/stop\r")
        await watch.until(lambda: answer in watch.typed.rows, "an answer")
        await watch.assert_all_is_there()
        link.send("exit 4\r")
        await watch.until(lambda: watch.typed.ended == [4], "the shell's own exit code")
