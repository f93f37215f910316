"""The engine: away, killed and restarted under load, and with many containers at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.containers import IS_DOCKER, EngineProcess, InsideWithContainers, require_engine
from tests.server.test_docker_environments import SLOW, started
from tests.support import wait_for
from vibebox_tui.server.errors import RuntimeAwayError

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]

MANY = 30


@pytest.fixture
async def engine(short_path: Path) -> AsyncIterator[EngineProcess]:
    require_engine()
    engine = EngineProcess(short_path)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
async def on_engine(engine: EngineProcess, short_path: Path) -> AsyncIterator[InsideWithContainers]:
    inside = InsideWithContainers(short_path / "data", engine.address)
    await inside.open()
    yield inside
    await inside.remove_all()
    await inside.close()


async def test_killed_and_restarted_under_load(
    engine: EngineProcess, on_engine: InsideWithContainers
) -> None:
    inside = on_engine
    script = "n=0; while [ $n -lt 3000 ]; do n=$((n+1)); echo line $n; done; sleep 100"
    talkers = [await started(inside, script) for _ in range(3)]
    await wait_for(lambda: len(inside.audience.entries) > 100, SLOW)
    engine.kill()
    for talker in talkers:
        await wait_for(lambda talker=talker: talker.status == "error", SLOW)
        assert "the container engine is away" in (talker.last_error or "")
    engine.start()
    for talker in talkers:
        await wait_for(lambda talker=talker: talker.status == "running", SLOW)
        assert talker.last_error is None
    for talker in talkers:

        async def whole(environment_id: str = talker.id) -> bool:
            entries = await inside.store.read_logs(environment_id, limit=10_000)
            return [e.message for e in entries].count("line 3000") == 1 + IS_DOCKER

        await wait_for(whole, SLOW, "3000 lines")
        entries = await inside.store.read_logs(talker.id, limit=10_000)
        messages = [entry.message for entry in entries]
        # Docker ends its containers, which are started again then; Podman's go on.
        life = len(messages) - 1 - messages[::-1].index("line 1")
        assert messages[life:] == [f"line {n}" for n in range(1, 3001)]
        assert messages[:life] == [f"line {n}" for n in range(1, life + 1)]
        assert (life > 0) == IS_DOCKER


async def test_an_end_while_the_engine_was_away_is_told(
    engine: EngineProcess, on_engine: InsideWithContainers
) -> None:
    environment = await started(on_engine, "echo begun; sleep 2; echo over; exit 5")
    await wait_for(lambda: on_engine.audience.messages() == ["begun"], SLOW)
    engine.kill()
    await wait_for(lambda: environment.status == "error", SLOW)
    await asyncio.sleep(2)  # the container's own time, which nothing here can tell
    engine.start()
    await wait_for(lambda: environment.last_error == "exit code 5", SLOW)
    said = on_engine.audience.messages()
    assert said == (["begun"] if IS_DOCKER else ["begun", "over"]), "Docker itself keeps the log"


async def test_without_an_engine_the_reason_is_a_sentence(short_path: Path) -> None:
    inside = InsideWithContainers(short_path / "data", f"unix://{short_path}/nobody.sock")
    await inside.open()
    environment = await inside.create("true", base_image="any")
    with pytest.raises(RuntimeAwayError, match=r"nobody.sock doesn't answer"):
        await inside.environments.start(environment.id)
    assert environment.status == "error"
    await inside.close()


async def test_a_server_comes_up_while_the_engine_is_away(
    engine: EngineProcess, on_engine: InsideWithContainers
) -> None:
    environment = await started(on_engine, "while :; do sleep 0.1; done")
    await on_engine.close(leave_running=True)
    engine.kill()
    await on_engine.open()
    again = on_engine.environments.get(environment.id)
    assert again.status == "error"
    engine.start()
    await wait_for(lambda: again.status == "running", SLOW)


async def test_an_answer_that_came_too_late_is_not_the_end(
    containers: InsideWithContainers,
) -> None:
    environment = await started(containers, "while :; do sleep 0.1; done")
    assert environment.container_id is not None
    run = containers.docker._runs[environment.container_id]
    run.lose("the container engine is away: it doesn't answer in time")  # the fault
    await wait_for(lambda: environment.status == "error", SLOW)
    await wait_for(lambda: environment.status == "running", SLOW)
    assert environment.last_error is None


@pytest.mark.timeout(900)
async def test_thirty_at_once(containers: InsideWithContainers) -> None:
    script = "trap 'exit 0' TERM; for n in 1 2 3; do echo line $n; done; while :; do sleep 1; done"
    environments = [await containers.create("sh", "-c", script) for _ in range(MANY)]
    await asyncio.gather(*(containers.environments.start(e.id) for e in environments))
    everything = MANY * 3
    await wait_for(
        lambda: all(e.status == "running" for e in environments), 4 * SLOW, "all of them run"
    )
    await wait_for(lambda: len(containers.audience.entries) == everything, SLOW, "all lines")
    await wait_for(
        lambda: all(
            containers.environments.status(e.id).memory_usage is not None for e in environments
        ),
        SLOW,
        "a sample of each",
    )
    await asyncio.gather(*(containers.environments.stop(e.id) for e in environments))
    await wait_for(lambda: all(e.status == "stopped" for e in environments), 4 * SLOW, "the end")
