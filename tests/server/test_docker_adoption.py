"""Containers that were there before us: found, grouped, watched, and forgotten when they go."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.server.containers import InsideWithContainers, Outside, require_engine
from tests.server.test_docker_environments import SLOW
from tests.support import wait_for
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import ConflictError, EnvironmentNotFoundError

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]

TALKS = "trap 'exit 0' TERM; echo from before; while :; do sleep 0.1; done"

Open = Callable[..., Awaitable[InsideWithContainers]]


@pytest.fixture
async def adopting(short_path: Path) -> AsyncIterator[Open]:
    require_engine()
    inside = InsideWithContainers(short_path / "data")
    opened = False

    async def open_(adopted: str, **options: object) -> InsideWithContainers:
        nonlocal opened
        opened = True
        await inside.open(adopted=adopted, **options)
        return inside

    yield open_
    if opened:
        await inside.close()


async def found(inside: InsideWithContainers, name: str) -> Environment:
    def look() -> Environment | None:
        return next(
            (e for e in inside.environments.list() if e.description == f"container {name}"), None
        )

    environment: Environment = await wait_for(look, SLOW, f"the container {name}")
    return environment


async def test_what_runs_is_there_with_what_it_said_before(
    adopting: Open, outside: Outside
) -> None:
    name = await outside.run(TALKS, HostConfig={"Memory": 64 * 1024 * 1024, "NetworkMode": "none"})
    inside = await adopting("all")
    environment = await found(inside, name)
    await wait_for(lambda: environment.status == "running", SLOW)
    await wait_for(lambda: "from before" in inside.audience.messages(), SLOW)
    assert (environment.name, environment.adopted, environment.memory_limit) == (name, True, 64)
    assert environment.base_image is not None
    assert environment.container_id is not None


async def test_a_compose_project_is_a_group_of_services(adopting: Open, outside: Outside) -> None:
    names = []
    for number in ("1", "2"):
        labels = {
            "com.docker.compose.project": "shop",
            "com.docker.compose.service": "web",
            "com.docker.compose.container-number": number,
        }
        names.append(await outside.run(TALKS, Labels=labels))
    inside = await adopting("all")
    environments = [await found(inside, name) for name in names]
    assert [environment.group for environment in environments] == ["shop", "shop"]
    assert [environment.name for environment in environments] == ["shop/web", "shop/web-2"]


async def test_only_those_that_ask_where_labels_count(adopting: Open, outside: Outside) -> None:
    silent = await outside.run(TALKS)
    asking = await outside.run(TALKS, Labels={"vibebox.adopt": "true"})
    inside = await adopting("labelled")
    await found(inside, asking)
    assert silent not in {environment.name for environment in inside.environments.list()}


async def test_may_only_be_watched(adopting: Open, outside: Outside) -> None:
    name = await outside.run(TALKS)
    inside = await adopting("all")
    environment = await found(inside, name)
    assert environment.read_only
    for change in (inside.environments.stop, inside.environments.delete, inside.environments.start):
        with pytest.raises(ConflictError, match="may only be watched"):
            await change(environment.id)
    with pytest.raises(ConflictError, match="may only be watched"):
        await inside.session(environment)
    await inside.close()
    assert await outside.exists(name), "a server that ends leaves alone what isn't its own"
    await inside.open()


async def test_may_be_changed_where_that_is_allowed(adopting: Open, outside: Outside) -> None:
    name = await outside.run(TALKS)
    inside = await adopting("all", may_change_adopted=True)
    environment = await found(inside, name)
    await wait_for(lambda: environment.status == "running", SLOW)
    session = await inside.session(environment)
    await inside.sessions.write(session.id, "echo he''re\n")
    await wait_for(lambda: "here" in inside.audience.text, SLOW)
    await inside.environments.stop(environment.id)
    await wait_for(lambda: environment.status == "stopped", SLOW)
    await inside.environments.start(environment.id)
    await wait_for(lambda: environment.status == "running", SLOW)


async def test_comes_and_goes_with_its_container(adopting: Open, outside: Outside) -> None:
    inside = await adopting("all")
    name = await outside.run(TALKS)
    environment = await found(inside, name)
    await wait_for(lambda: environment.status == "running", SLOW)
    await outside.stop(name)
    await wait_for(lambda: environment.status == "stopped", SLOW)
    await outside.start(name)
    await wait_for(lambda: environment.status == "running", SLOW)
    await outside.remove(name)

    def forgotten() -> bool:
        try:
            inside.environments.get(environment.id)
        except EnvironmentNotFoundError:
            return True
        return False

    await wait_for(forgotten, SLOW)
    assert inside.audience.changes[-1].change == "deleted"


async def test_made_anew_it_is_the_same_environment(adopting: Open, outside: Outside) -> None:
    inside = await adopting("all")
    name = await outside.run(TALKS)
    environment = await found(inside, name)
    first = environment.container_id
    await outside.remove(name)
    await outside.run(TALKS, name=name)
    await wait_for(lambda: environment.container_id != first, SLOW)
    await wait_for(lambda: environment.status == "running", SLOW)
    assert inside.environments.get(environment.id) is environment


async def test_is_known_again_after_a_restart_of_the_server(
    adopting: Open, outside: Outside
) -> None:
    name = await outside.run(TALKS)
    inside = await adopting("all")
    environment = await found(inside, name)
    await wait_for(lambda: inside.audience.messages() == ["from before"], SLOW)
    await inside.close(leave_running=True)
    await inside.open(adopted="all")
    again = await found(inside, name)
    assert again.id == environment.id
    await wait_for(lambda: again.status == "running", SLOW)
    entries = await inside.store.read_logs(again.id)
    assert [entry.message for entry in entries] == ["from before"]


async def test_without_the_wish_they_are_forgotten(adopting: Open, outside: Outside) -> None:
    name = await outside.run(TALKS)
    inside = await adopting("all")
    await found(inside, name)
    await inside.close(leave_running=True)
    await inside.open()
    await wait_for(lambda: not inside.environments.list(), SLOW)
