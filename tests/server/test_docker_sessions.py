"""Terminal sessions in containers: shells by exec, their size, their end."""

import hashlib
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.server.containers import EngineProcess, InsideWithContainers
from tests.server.test_docker_environments import SERVES, SLOW, started
from tests.support import wait_for
from vibebox_tui.server.errors import ConflictError, StartFailedError

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]


BORROWED = [f"{path}:{path}:ro" for path in ("/usr", "/lib", "/lib64") if Path(path).exists()]
"""This machine's programs, for containers that have none of their own."""


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


async def test_goes_on_over_a_restart_of_the_server(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    session = await containers.session(environment, rows=30, cols=90)
    await containers.sessions.write(session.id, "mark=kept; echo on the scr''een\n")
    await shows(containers, "\r\non the screen")
    await containers.sessions.write(session.id, "sleep 1; echo while no''body watched\n")
    await containers.close(leave_running=True)
    await containers.open()
    await shows(containers, "while nobody watched")
    assert any("on the screen" in row for row in containers.audience.screen(session.id))
    await containers.sessions.write(session.id, "echo $mark; stty size; exit 3\n")
    await shows(containers, "kept\r\n30 90")
    await wait_for(lambda: containers.audience.exits, SLOW)
    assert containers.audience.exits[0].exit_code == 3


async def test_what_is_typed_while_it_floods_arrives(containers: InsideWithContainers) -> None:
    environment = await started(containers, SERVES)
    session = await containers.session(environment)
    await containers.sessions.write(session.id, "yes flood\n")
    await shows(containers, "flood\r\nflood")
    containers.sessions.pause_output(session.id)
    await containers.sessions.write(session.id, "\x03")
    containers.sessions.resume_output(session.id)
    await containers.sessions.write(session.id, "echo dr''y\n")
    await shows(containers, "\r\ndry")


async def test_without_a_shell_it_is_a_sentence(containers: InsideWithContainers) -> None:
    environment = await started(containers, f"rm -f /bin/sh /bin/ash; {SERVES}")
    await wait_for(lambda: "ready" in containers.audience.messages(), SLOW)
    with pytest.raises(StartFailedError, match=r"no shell in .*\bsh\b"):
        await containers.session(environment)
    assert containers.sessions.list(environment.id) == []


async def test_tmux_goes_on_where_its_client_was_lost(containers: InsideWithContainers) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("no tmux here to be lent to a container")
    environment = await started(
        containers,
        SERVES,
        container={"Binds": BORROWED},
        environment_variables={"PATH": "/bin:/usr/bin", "LC_ALL": "C.UTF-8"},
    )
    session = await containers.session(environment, session_type="tmux", session_name="work")
    await containers.sessions.write(session.id, "mark=kept; echo mar''ked\n")
    await shows(containers, "marked")
    keeper = containers.keeper.pid
    await containers.close(leave_running=True)
    assert keeper is not None
    os.kill(keeper, signal.SIGKILL)
    await containers.open()
    await containers.sessions.write(session.id, "echo it is $mark\n")
    await shows(containers, "it is kept")
    await containers.sessions.end(session.id)


async def test_an_engine_that_goes_takes_its_shells_and_says_so(
    containers: InsideWithContainers, short_path: Path
) -> None:
    await containers.close()
    engine = EngineProcess(short_path)
    engine.start()
    containers.address = engine.address
    await containers.open()
    environment = await started(containers, SERVES)
    session = await containers.session(environment)
    await containers.sessions.write(session.id, "echo he''re\n")
    await shows(containers, "\r\nhere")
    engine.kill()
    await shows(containers, "the container engine has gone")
    await wait_for(lambda: containers.audience.exits, SLOW)
    assert containers.audience.exits[0].exit_code is None
    engine.start()
    await wait_for(lambda: environment.status == "running", SLOW)
    again = await containers.session(environment)
    await containers.sessions.write(again.id, "echo a''gain\n")
    await shows(containers, "\r\nagain")
    await containers.remove_all()
    engine.stop()
