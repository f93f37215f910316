"""The samples of containers: one stream each, and the figures that others have too."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from tests.conftest import StartServer
from tests.running_server import RunningServer, receive, send
from tests.server.containers import IMAGE, require_engine
from tests.server.engine_proxy import EngineProxy
from tests.server.test_docker_environments import SLOW
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.runtimes.docker.address import find_address

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]

WATCHERS = 20


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
