"""The samples of containers: one stream each, and the figures that others have too."""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from tests.conftest import StartServer
from tests.running_server import RunningServer, receive, send
from tests.server.containers import IMAGE, IS_DOCKER, InsideWithContainers, require_engine
from tests.server.engine_proxy import EngineProxy
from tests.server.test_docker_environments import SLOW, started
from tests.support import wait_for
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.runtimes.docker.address import find_address

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]

WATCHERS = 20

STEADY = """
head -c 40000000 /dev/zero > /root/file; cat /root/file > /dev/null
held=$(head -c 8000000 /dev/zero | tr '\\0' x)
while :; do :; done
"""
"""A load that changes no more: CPU as much as there is, 8 MB held, 40 MB of page cache."""

CACHED = 38.0
"""MiB of its page cache."""

FORMAT = "{{json .}}" if IS_DOCKER else "json"

UNITS = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 1000**2, "MiB": 1024**2, "GB": 1000**3}


async def test_one_stream_however_many_watch(
    start_server: StartServer, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_engine()
    async with EngineProxy(short_path, find_address() or "") as proxy:
        monkeypatch.setenv("DOCKER_HOST", proxy.address)
        server = await start_server()
        environments = [await runs_in_a_container(server) for _ in range(2)]
        try:
            await asyncio.gather(*(watch(server, environments) for _ in range(WATCHERS)))
            for environment in environments:
                assert proxy.streams_of_stats(environment.container_id or "-") == 1
        finally:
            for environment in environments:
                await server.server.environments.delete(environment.id)


async def test_the_figures_are_those_of_the_engines_own_command(
    containers: InsideWithContainers,
) -> None:
    environment = await started(containers, STEADY, cpu_limit=0.4, memory_limit=128)
    told: dict[str, float | None] = {}

    async def agree() -> bool:
        theirs = await asyncio.to_thread(figures, environment.container_id or "-")
        status = containers.environments.status(environment.id)
        told.update(ours_cpu=status.cpu_usage, ours_memory=status.memory_usage, **theirs)
        return is_near(status.cpu_usage, theirs["cpu"]) and is_near(
            status.memory_usage, theirs["memory"]
        )

    try:
        await wait_for(agree, SLOW)
    except AssertionError as error:
        raise AssertionError(f"no agreement: {told}") from error
    if IS_DOCKER:  # Podman doesn't tell how much of it is page cache
        assert (told["ours_memory"] or 0) < CACHED


def figures(container_id: str) -> dict[str, float]:
    """CPU in percent of one core and memory in MiB, as `docker stats` or `podman stats` has it."""
    program = "docker" if IS_DOCKER else "podman"
    command = [program, "stats", "--no-stream", "--format", FORMAT, container_id]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    if IS_DOCKER:
        found = json.loads(said)
        cpu, memory = found["CPUPerc"], found["MemUsage"]
    else:
        (found,) = json.loads(said)
        cpu, memory = found["cpu_percent"], found["mem_usage"]
    number, unit = re.findall(r"([\d.]+)\s*(\w+)", memory)[0]
    return {"cpu": float(cpu.rstrip("%")), "memory": float(number) * UNITS[unit] / UNITS["MiB"]}


def is_near(ours: float | None, theirs: float) -> bool:
    return ours is not None and theirs > 0 and abs(ours - theirs) <= 0.15 * theirs


async def runs_in_a_container(server: RunningServer) -> Environment:
    return await server.create(
        "sh", "-c", "while :; do sleep 0.1; done",
        runtime="docker", base_image=IMAGE, container={"NetworkMode": "none"}, start=True,
    )  # fmt: skip


async def watch(server: RunningServer, environments: list[Environment]) -> None:
    """What a dashboard does: follow the status of all, and read the figures of each."""
    async with server.websocket("status") as websocket, server.http() as http:
        for environment in environments:
            await send(websocket, "env_subscribe", environmentId=environment.id)
        for environment in environments:
            await sample_of(websocket, environment)
            answer = await http.get(f"/environments/{environment.id}/stats")
            assert answer.json()["memoryUsage"] > 0
        assert (await http.get("/environments")).status_code == 200


async def sample_of(websocket: ClientConnection, environment: Environment) -> dict[str, Any]:
    while True:
        payload = (await receive(websocket, "env_status", SLOW))["payload"]
        if payload["environmentId"] == environment.id and "cpuUsage" in payload:
            found: dict[str, Any] = payload
            return found
