"""Terminal sessions, with real PTYs."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.server.inside import Inside
from tests.support import wait_for
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import ConflictError, SessionNotFoundError, StartFailedError
from vibebox_tui.server.sessions import SessionSettings


@pytest.fixture
async def environment(inside: Inside, tmp_path: Path) -> Environment:
    return await inside.create(
        "sleep", "100", working_directory=str(tmp_path), environment_variables={"GREETING": "hi"}
    )


async def test_a_shell_in_the_environments_directory_with_its_variables(
    inside: Inside, environment: Environment
) -> None:
    session = await inside.session(environment, rows=30, cols=100)
    assert session.status == "active"
    command = "echo $GREETING $TERM $COLORTERM; pwd; stty size; echo $0\n"
    await inside.sessions.write(session.id, command)
    await inside.shows("hi xterm-256color truecolor\r\n")
    await inside.shows(f"{environment.working_directory}\r\n")
    await inside.shows("30 100\r\n")
    await inside.shows("-sh\r\n")


async def test_positions_count_bytes_and_never_split_a_character(
    inside: Inside, environment: Environment
) -> None:
    session = await inside.session(environment)
    script = r"printf '\303'; sleep 0.2; printf '\251 %s\n' 日本語; printf 'end\377\n'"
    await inside.sessions.write(session.id, f"stty -echo; {script}\n")
    await inside.shows("end\ufffd")
    assert "é 日本語" in inside.audience.text
    whole = inside.audience.output[-1].seq
    # The only byte that was invalid became three in UTF-8.
    assert whole == len(inside.audience.text.encode()) - 2


async def test_resizing_reaches_the_program_and_who_watches(
    inside: Inside, environment: Environment
) -> None:
    session = await inside.session(environment)
    await inside.sessions.resize(session.id, 50, 132)
    await inside.sessions.resize(session.id, 50, 132)
    await inside.sessions.write(session.id, "stty size\n")
    await inside.shows("50 132\r\n")
    assert [(size.rows, size.cols) for size in inside.audience.sizes] == [(50, 132)]
    assert inside.sessions.size(session.id) == (50, 132)


async def test_the_exit_code_is_kept(inside: Inside, environment: Environment) -> None:
    session = await inside.session(environment)
    await inside.sessions.write(session.id, "exit 7\n")
    await wait_for(lambda: inside.audience.exits)
    assert inside.audience.exits[0].exit_code == 7
    ended = inside.sessions.get(session.id)
    assert (ended.status, ended.exit_code) == ("terminated", 7)
    with pytest.raises(ConflictError, match="has ended"):
        await inside.sessions.write(session.id, "x")


async def test_names_are_unique_among_the_living(inside: Inside, environment: Environment) -> None:
    one = await inside.session(environment)
    two = await inside.session(environment)
    assert (one.session_name, two.session_name) == ("shell-1", "shell-2")
    await inside.session(environment, session_name="mine")
    with pytest.raises(ConflictError, match="named mine already"):
        await inside.session(environment, session_name="mine")
    await inside.sessions.end(one.id)
    assert (await inside.session(environment)).session_name == "shell-1"


async def test_ending_hangs_up_and_forces(inside: Inside, environment: Environment) -> None:
    session = await inside.session(environment)
    await inside.sessions.write(session.id, "trap '' HUP; sleep 1000 & echo pid=$!.\n")
    await wait_for(lambda: "pid=" in inside.audience.text.replace("pid=$", ""))
    job = int(inside.audience.text.rpartition("pid=")[2].partition(".")[0])
    await inside.sessions.end(session.id)
    with pytest.raises(SessionNotFoundError):
        inside.sessions.get(session.id)
    await wait_for(lambda: not psutil.pid_exists(job), what="the end of a job that ignores SIGHUP")


async def test_input_is_written_once(inside: Inside, environment: Environment) -> None:
    session = await inside.session(environment)
    write = inside.sessions.write
    first = "echo a$((1+1))\n"  # what is shown differs from what is echoed
    assert await write(session.id, first, client_id="c", input_seq=1)
    assert not await write(session.id, first, client_id="c", input_seq=1)
    assert await write(session.id, "echo b$((1+1))\n", client_id="d", input_seq=1)
    await inside.shows("b2\r\n")
    assert inside.audience.text.count("a2\r\n") == 1


async def test_a_program_that_does_not_read_makes_the_typist_wait(
    inside: Inside, environment: Environment
) -> None:
    session = await inside.session(environment)
    await inside.sessions.write(session.id, "stty raw -echo; echo re''ady; sleep 1000\n")
    await inside.shows("ready")
    pasted = asyncio.create_task(inside.sessions.write(session.id, "x" * 1_000_000))
    done, _ = await asyncio.wait([pasted], timeout=0.5)
    assert not done
    await inside.sessions.end(session.id)
    async with asyncio.timeout(5):
        await pasted


async def test_a_large_paste_arrives_whole_and_in_order(
    inside: Inside, environment: Environment, tmp_path: Path
) -> None:
    session = await inside.session(environment)
    await inside.sessions.write(session.id, "stty raw -echo; echo re''ady; head -c 500000 > got\n")
    await inside.shows("ready")
    data = "".join(f"{n:09d}\n" for n in range(50_000))
    await inside.sessions.write(session.id, data)
    got = tmp_path / "got"
    await wait_for(lambda: got.stat().st_size == len(data))
    assert got.read_text() == data


async def test_a_paused_terminal_waits_and_loses_nothing(
    inside: Inside, environment: Environment
) -> None:
    session = await inside.session(environment)
    inside.sessions.pause_output(session.id)
    await inside.sessions.write(session.id, "seq 1 20000; echo end\n")
    done = asyncio.create_task(inside.shows("20000\r\nend"))
    await asyncio.wait([done], timeout=0.5)
    assert "5000\r\n" not in inside.audience.text
    inside.sessions.resume_output(session.id)
    await done
    assert "\r\n".join(str(n) for n in range(1, 20001)) in inside.audience.text


async def test_becomes_idle_without_a_client_and_without_input(short_path: Path) -> None:
    inside = Inside(short_path / "data")
    await inside.open(session_settings=SessionSettings(idle_after=0.0))
    session = await inside.session(await inside.create("true"))
    inside.sessions.clients_changed(session.id, 1)
    assert inside.sessions.get(session.id).status == "active"
    inside.sessions.clients_changed(session.id, 0)
    assert inside.sessions.get(session.id).status == "idle"
    await inside.close()


async def test_a_missing_shell_or_directory_is_named(inside: Inside) -> None:
    nowhere = await inside.create("true", working_directory="/nonesuch")
    with pytest.raises(StartFailedError, match="/nonesuch"):
        await inside.session(nowhere)
    no_path = await inside.create("true", environment_variables={"PATH": "/nonesuch", "SHELL": ""})
    with pytest.raises(StartFailedError, match="tmux is not installed"):
        await inside.session(no_path, session_type="tmux")
    assert inside.sessions.list() == []


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
async def test_tmux_has_a_server_of_its_own_for_each_environment(
    inside: Inside, environment: Environment
) -> None:
    session = await inside.session(environment, session_type="tmux", session_name="work one")
    await inside.shows("work-one")
    assert _tmux_sessions(environment).startswith("work-one:")
    await inside.environments.delete(environment.id)
    assert session.pid is not None
    assert not psutil.pid_exists(session.pid)
    assert not _tmux_sessions(environment), "an environment's tmux server ends with it"


def _tmux_sessions(environment: Environment) -> str:
    command = ["tmux", "-L", f"vibebox-{environment.id}", "list-sessions"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
