"""Terminal sessions in containers: shells by exec, their size, their end."""

import hashlib

import pytest

from tests.server.containers import InsideWithContainers
from tests.server.test_docker_environments import SERVES, SLOW, started
from tests.support import wait_for
from vibebox_tui.server.errors import ConflictError

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(180)]


async def shows(inside: InsideWithContainers, text: str) -> None:
    await wait_for(lambda: text in inside.audience.text, SLOW, f"terminal output {text!r}")


async def test_a_shell_has_the_size_that_it_was_given(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    session = await containers.session(environment, rows=33, cols=99)
    await containers.sessions.write(session.id, "stty size; echo shell $0\n")
    await shows(containers, "33 99\r\nshell sh")
    await containers.sessions.resize(session.id, 20, 60)
    await containers.sessions.write(session.id, "stty size\n")
    await shows(containers, "20 60")


async def test_its_own_end_has_its_code(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    session = await containers.session(environment)
    await containers.sessions.write(session.id, "exit 7\n")
    await wait_for(lambda: containers.audience.exits, SLOW)
    assert containers.audience.exits[0].exit_code == 7
    assert containers.sessions.get(session.id).status == "terminated"


async def test_ended_with_all_that_it_has_started(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    session = await containers.session(environment)
    await containers.sessions.write(session.id, "trap '' HUP; sleep 7777 &\necho up\n")
    await shows(containers, "\r\nup\r\n")
    await containers.sessions.end(session.id)
    other = await containers.session(environment)
    left = "$(ps | grep -c '[s]leep 7777')"
    await containers.sessions.write(
        other.id, f"while [ {left} != 0 ]; do sleep 0.1; done; echo all go''ne\n"
    )
    await shows(containers, "all gone")


async def test_what_is_typed_arrives_whole(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    session = await containers.session(environment)
    await containers.sessions.write(session.id, "stty -echo; head -c 64000 | md5sum\n")
    text = "0123456789abcde\n" * 4000
    await containers.sessions.write(session.id, text)
    await shows(containers, hashlib.md5(text.encode()).hexdigest())


async def test_needs_a_container_that_runs_and_ends_with_it(
    containers: InsideWithContainers,
) -> None:
    environment = await containers.create("sh", "-c", SERVES)
    with pytest.raises(ConflictError, match="is stopped; start it"):
        await containers.session(environment)
    await containers.environments.start(environment.id)
    await wait_for(lambda: environment.status == "running", SLOW)
    session = await containers.session(environment)
    await containers.environments.stop(environment.id)
    await wait_for(lambda: containers.sessions.get(session.id).status == "terminated", SLOW)


async def test_who_comes_later_sees_the_same_screen(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    session = await containers.session(environment)
    await containers.sessions.write(session.id, "echo first''line\n")
    await shows(containers, "\r\nfirstline")
    assert any("firstline" in row for row in containers.audience.screen(session.id))
