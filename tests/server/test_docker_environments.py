"""Environments in containers: states, ends in words, definitions, limits."""

import asyncio
import contextlib
import socket
import subprocess
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.server.containers import IS_DOCKER, InsideWithContainers, Outside
from tests.support import wait_for
from vibebox_tui.protocol.models import Environment, UpdateEnvironmentRequest
from vibebox_tui.server.errors import (
    ConflictError,
    InvalidRequestError,
    StartFailedError,
)

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]

SLOW = 120.0
"""Seconds: an engine on a busy machine takes several for a container."""

HOST = Path("/etc/hostname").read_text(encoding="utf-8").strip()

SERVES = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done"


async def reaches(inside: InsideWithContainers, environment: Environment, wanted: str) -> str:
    """Wait for a status; what is said with it."""
    get = inside.environments.get
    await wait_for(lambda: get(environment.id).status == wanted, SLOW, wanted)
    return inside.environments.status(environment.id).message or ""


async def started(inside: InsideWithContainers, script: str, **fields: object) -> Environment:
    environment = await inside.create("sh", "-c", script, **fields)
    await inside.environments.start(environment.id)
    await wait_for(lambda: environment.status != "starting", SLOW)
    return environment


async def test_goes_from_stopped_to_running_and_back(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    assert environment.status == "running"
    assert environment.container_id is not None
    assert len(environment.container_id) == 64
    first = environment.container_id
    await containers.environments.stop(environment.id)
    assert await reaches(containers, environment, "stopped") == "stopped"
    await containers.environments.restart(environment.id)
    await reaches(containers, environment, "running")
    assert environment.container_id == first, "what was written in it must still be there"
    await containers.environments.restart(environment.id)
    await wait_for(lambda: containers.audience.course()[-1] == "stopping", SLOW)
    await wait_for(lambda: containers.audience.course()[-1] == "running", SLOW)
    assert containers.audience.course() == [
        "stopped", "starting", "running", "stopping", "stopped",
        "starting", "running", "stopping", "stopped", "starting", "running",
    ]  # fmt: skip


async def test_may_not_be_started_twice(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    with pytest.raises(ConflictError, match="is running and can't be started"):
        await containers.environments.start(environment.id)


@pytest.mark.parametrize(
    ("script", "status", "message"),
    [
        ("exit 0", "stopped", "finished, exit code 0"),
        ("exit 3", "error", "exit code 3"),
        ("kill -9 $$; sleep 1; sh -c 'kill -9 1'; exit 9", "error", "exit code 9"),
    ],
)
async def test_says_how_it_ended(
    containers: InsideWithContainers, script: str, status: str, message: str
) -> None:
    environment = await started(containers, f"echo last words; {script}")
    assert await reaches(containers, environment, status) == message
    assert containers.audience.messages() == ["last words"]


async def test_out_of_memory_is_said_in_words(containers: InsideWithContainers) -> None:
    eater = "a=0123456789abcdef; while :; do a=$a$a; done"
    environment = await started(containers, eater, memory_limit=16)
    message = await reaches(containers, environment, "error")
    assert "out of memory, with a limit of 16 MiB (exit code 137)" in message


async def test_killed_by_a_signal_is_named(
    containers: InsideWithContainers, outside: Outside
) -> None:
    environment = await started(containers, "while :; do sleep 0.1; done")
    assert environment.container_id
    await outside.kill(environment.container_id)
    await wait_for(lambda: environment.status != "running", SLOW)
    assert "SIGKILL (exit code 137)" in (
        containers.environments.status(environment.id).message or ""
    )


async def test_stopped_from_elsewhere_is_no_error_and_started_from_there_is_seen(
    containers: InsideWithContainers, outside: Outside
) -> None:
    environment = await started(containers, "while :; do sleep 0.1; done")
    assert environment.container_id
    await outside.docker.containers.container(environment.container_id).kill(signal="SIGTERM")
    await outside.docker.containers.container(environment.container_id).stop(t=0)
    await wait_for(lambda: environment.status in ("stopped", "error"), SLOW)
    await outside.start(environment.container_id)
    await reaches(containers, environment, "running")


async def test_what_can_never_be_started_is_refused(containers: InsideWithContainers) -> None:
    with pytest.raises(InvalidRequestError, match="baseImage"):
        await containers.create("true", base_image="")
    with pytest.raises(InvalidRequestError, match="Privileged"):
        await containers.create("true", container={"Privileged": True})
    with pytest.raises(InvalidRequestError, match="workingDirectory"):
        await containers.create("true", working_directory="relative")


async def test_an_image_that_is_nowhere_is_a_sentence(containers: InsideWithContainers) -> None:
    environment = await containers.create("true", base_image="localhost:9/vibebox/nowhere:1")
    with contextlib.suppress(StartFailedError):  # it may take longer than an answer waits
        await containers.environments.start(environment.id)
    message = await reaches(containers, environment, "error")
    assert "nowhere:1 can't be pulled" in message
    said = [status.message or "" for status in containers.audience.statuses]
    assert any(message.startswith("pulling localhost:9/vibebox") for message in said)


async def test_a_command_that_isnt_there_is_a_sentence(containers: InsideWithContainers) -> None:
    environment = await containers.create("/nowhere/program")
    with pytest.raises(StartFailedError, match="/nowhere/program"):
        await containers.environments.start(environment.id)
    assert environment.status == "error"


async def test_is_made_as_it_was_defined(
    containers: InsideWithContainers, outside: Outside
) -> None:
    environment = await started(
        containers,
        "pwd; echo $COLOUR; cat /data/name; id -u; while :; do sleep 0.1; done",
        working_directory="/tmp",
        environment_variables={"COLOUR": "green"},
        cpu_limit=0.5,
        memory_limit=64,
        container={
            "Labels": {"team": "blue"},
            "User": "1234",
            "Tmpfs": {"/scratch": ""},
            "Mounts": [
                {"Type": "bind", "Source": "/etc/hostname", "Target": "/data/name"},
            ],
            "ExposedPorts": {"80/tcp": {}},
        },
    )
    await wait_for(lambda: len(containers.audience.messages()) >= 4, SLOW)
    assert containers.audience.messages() == ["/tmp", "green", HOST, "1234"]
    assert environment.container_id
    made = await outside.docker.containers.get(environment.container_id)
    assert made["HostConfig"]["Memory"] == 64 * 1024 * 1024
    assert made["HostConfig"]["NanoCpus"] == 500_000_000
    assert made["Config"]["Labels"]["team"] == "blue"
    assert made["Config"]["Labels"]["vibebox.environment"] == environment.id


async def test_another_definition_is_another_container(
    containers: InsideWithContainers, outside: Outside
) -> None:
    environment = await started(containers, SERVES)
    first = environment.container_id
    assert first
    await containers.environments.update(
        environment.id, UpdateEnvironmentRequest(environment_variables={"NEW": "1"}), by_admin=True
    )
    await containers.environments.restart(environment.id)
    await wait_for(lambda: environment.container_id != first, SLOW)
    assert not await outside.exists(first)


async def test_is_removed_with_its_environment(
    containers: InsideWithContainers, outside: Outside
) -> None:
    environment = await started(containers, SERVES)
    container = environment.container_id
    assert container
    await containers.environments.delete(environment.id)
    assert not await outside.exists(container)


async def test_usage_is_that_of_the_container(containers: InsideWithContainers) -> None:
    environment = await started(containers, "while :; do :; done", cpu_limit=0.5, memory_limit=64)

    def busy() -> bool:
        usage = containers.environments.status(environment.id).cpu_usage
        return usage is not None and usage > 5

    await wait_for(busy, SLOW, "a sample of CPU")
    stats = containers.environments.stats(environment.id)
    assert stats.cpu_usage is not None
    assert stats.cpu_usage < 80, "half a core, as limited"
    assert stats.memory_usage is not None
    assert 0 < stats.memory_usage < 64
    assert (stats.cpu_limit, stats.memory_limit) == (0.5, 64)
    assert stats.network_received == 0
    assert stats.block_read is not None


async def test_health_is_said_as_the_engine_finds_it(containers: InsideWithContainers) -> None:
    check = {
        "Test": ["CMD-SHELL", "test ! -e /tmp/ill"],
        "Interval": 1_000_000_000,
        "Timeout": 5_000_000_000,
        "Retries": 1,
    }
    script = SERVES.replace("echo ready;", "(sleep 4; touch /tmp/ill) &")
    environment = await started(containers, script, container={"Healthcheck": check})

    async def says(wanted: str) -> bool:
        if not IS_DOCKER:  # Podman leaves it to systemd, which tests don't have
            check = ["podman", "healthcheck", "run", str(environment.container_id)]
            await asyncio.to_thread(subprocess.run, check, capture_output=True)
        said = containers.audience.statuses
        return any((status.message or "").startswith(wanted) for status in said)

    for wanted in ("healthy", "unhealthy"):
        await wait_for(partial(says, wanted), SLOW, wanted)
    assert environment.status == "running"


@pytest.mark.skipif(IS_DOCKER, reason="the tests' dockerd has no network to publish from")
async def test_a_published_port_is_reached(containers: InsideWithContainers) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    await started(
        containers,
        "echo served > /tmp/index.html; exec httpd -f -p 80 -h /tmp",
        container={
            "NetworkMode": "bridge",
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
        },
    )

    async def served() -> bool:
        async with httpx.AsyncClient(trust_env=False) as http:
            try:
                answer = await http.get(f"http://127.0.0.1:{port}/index.html")
            except httpx.TransportError:
                return False
        return answer.text == "served\n"

    await wait_for(served, SLOW, "the port")
