"""Environments, with real processes under a real keeper."""

import asyncio
import os
import re
import signal
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.server.inside import Inside
from tests.support import wait_for
from vibebox_tui.protocol.models import CreateEnvironmentRequest, UpdateEnvironmentRequest
from vibebox_tui.server.environments import EnvironmentSettings
from vibebox_tui.server.errors import (
    ConflictError,
    EnvironmentNotFoundError,
    InvalidRequestError,
    RuntimeAwayError,
    StartFailedError,
)
from vibebox_tui.server.runtimes.limits import Limits
from vibebox_tui.server.runtimes.local_run import LocalRun

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's subreaper")


async def test_logs_both_streams_and_stops(inside: Inside) -> None:
    environment = await inside.start("echo out; echo err >&2; exec sleep 100")
    await inside.logs("out", "err")
    assert inside.audience.messages("stderr") == ["err"]
    assert [entry.seq for entry in inside.audience.entries] == [1, 2]
    stopping = await inside.environments.stop(environment.id)
    assert stopping.status == "stopping"
    await inside.environments.settled(environment.id)
    assert inside.audience.course() == ["stopped", "starting", "running", "stopping", "stopped"]


async def test_a_runtime_that_could_not_stop_it_is_asked_again(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibebox_tui.server.environment_life.STOP_RETRY_SECONDS", 0.01)
    stop, failures = LocalRun.stop, [RuntimeAwayError("it doesn't answer in time")] * 2

    async def stop_at_last(run: LocalRun, grace: float) -> None:
        if failures:
            raise failures.pop()
        await stop(run, grace)

    monkeypatch.setattr(LocalRun, "stop", stop_at_last)
    environment = await inside.start("exec sleep 100")
    await inside.environments.stop(environment.id)
    await inside.environments.settled(environment.id)
    assert (environment.status, failures) == ("stopped", [])


async def test_says_how_a_command_failed(inside: Inside) -> None:
    environment = await inside.start("echo last words; exit 3")
    failed = await inside.status(environment, "error")
    assert failed.last_error == "exit code 3"
    assert inside.environments.status(environment.id).message == "exit code 3"
    assert inside.audience.messages() == ["last words"]


async def test_says_what_killed_a_command(inside: Inside) -> None:
    environment = await inside.start("kill -9 $$")
    assert (await inside.status(environment, "error")).last_error == "killed by SIGKILL"


async def test_a_command_that_ends_well_has_stopped(inside: Inside) -> None:
    environment = await inside.start("printf 'no newline'")
    stopped = await inside.status(environment, "stopped")
    assert stopped.last_error is None
    assert inside.audience.messages() == ["no newline"]


async def test_missing_things_are_named(inside: Inside) -> None:
    missing = await inside.create("nonesuch")
    with pytest.raises(StartFailedError, match=r"'nonesuch' can't be started: No such file"):
        await inside.environments.start(missing.id)
    assert inside.environments.get(missing.id).status == "error"
    nowhere = await inside.create("true", working_directory="/nonesuch")
    with pytest.raises(StartFailedError, match="working directory /nonesuch"):
        await inside.environments.start(nowhere.id)
    denied = await inside.create("/etc/passwd")
    with pytest.raises(StartFailedError, match="Permission denied"):
        await inside.environments.start(denied.id)


async def test_a_command_without_end_isnt_told_to_everybody(inside: Inside) -> None:
    environment = await inside.create("\x01" * 500_000)
    with pytest.raises(StartFailedError):
        await inside.environments.start(environment.id)
    assert inside.environments.get(environment.id).status == "error"
    assert all(len(status.message or "") <= 2_000 for status in inside.audience.statuses)


async def test_refuses_definitions_that_make_no_sense(inside: Inside) -> None:
    with pytest.raises(InvalidRequestError, match="command"):
        await inside.create()
    with pytest.raises(InvalidRequestError, match="absolute"):
        await inside.create("true", working_directory="here")
    with pytest.raises(InvalidRequestError, match="no name of a variable"):
        await inside.create("true", environment_variables={"A=B": "c"})
    with pytest.raises(InvalidRequestError, match="null character"):
        await inside.create("true", "\0")
    with pytest.raises(InvalidRequestError, match="docker"):
        await inside.create("true", runtime="docker")
    assert inside.environments.list() == []


async def test_runs_with_a_clean_set_of_variables_and_the_given_ones(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIBEBOX_JWT_SECRET", "hunter2")
    await inside.start(
        "pwd -L; env; echo end",
        working_directory=str(tmp_path),
        environment_variables={"GREETING": "a b; $(c)"},
    )
    await inside.logs("end", "GREETING=a b; $(c)")
    assert inside.audience.messages()[0].endswith(tmp_path.name)
    assert "hunter2" not in " ".join(inside.audience.messages())
    assert any(line.startswith("PATH=") for line in inside.audience.messages())


@linux_only
async def test_inherits_no_descriptors_and_no_ignored_signals(inside: Inside) -> None:
    script = "ls /proc/$$/fd; grep SigIgn /proc/self/status; echo end"
    await inside.start(script)
    await inside.logs("end")
    *descriptors, ignored, _ = inside.audience.messages()
    assert descriptors == ["0", "1", "2"]
    assert int(ignored.split()[1], 16) == 0


async def test_a_group_of_its_own(inside: Inside) -> None:
    await inside.start("echo $$; exec sleep 100")
    await wait_for(lambda: inside.audience.entries)
    pid = int(inside.audience.messages()[0])
    assert os.getpgid(pid) == os.getsid(pid) == pid


async def test_states_forbid_what_makes_no_sense(inside: Inside) -> None:
    environment = await inside.create("sleep", "100")
    with pytest.raises(ConflictError, match="is stopped and can't be stopped now"):
        await inside.environments.stop(environment.id)
    await inside.environments.start(environment.id)
    with pytest.raises(ConflictError, match="is running and can't be started now"):
        await inside.environments.start(environment.id)
    await inside.environments.stop(environment.id)
    with pytest.raises(ConflictError):
        await inside.environments.restart(environment.id)
    with pytest.raises(EnvironmentNotFoundError):
        await inside.environments.start("unknown")


async def test_restarts(inside: Inside) -> None:
    environment = await inside.start("echo $$; exec sleep 100")
    await wait_for(lambda: len(inside.audience.entries) == 1)
    await inside.environments.restart(environment.id)
    settled = await inside.environments.settled(environment.id)
    assert settled.status == "running"
    await wait_for(lambda: len(inside.audience.entries) == 2)
    first, second = inside.audience.messages()
    assert first != second
    assert not psutil.pid_exists(int(first))


async def test_forces_what_ignores_sigterm(short_path: Path) -> None:
    inside = Inside(short_path / "data")
    await inside.open(EnvironmentSettings(stop_grace=0.2))
    environment = await inside.start("trap '' TERM; echo $$; while :; do sleep 0.05; done")
    await wait_for(lambda: inside.audience.entries)
    await inside.environments.stop(environment.id)
    assert (await inside.environments.settled(environment.id)).status == "stopped"
    assert not psutil.pid_exists(int(inside.audience.messages()[0]))
    await inside.close()


DAEMON = """
import os, signal, sys, time
if os.fork(): sys.exit()
os.setsid()
if os.fork(): sys.exit()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for name in list(os.environ): del os.environ[name]
print("daemon", os.getpid(), flush=True)
time.sleep(100)
"""


@linux_only
async def test_nothing_outlives_a_stop_not_even_a_daemon(short_path: Path) -> None:
    inside = Inside(short_path / "data")
    await inside.open(EnvironmentSettings(stop_grace=0.3))
    daemon = short_path / "daemon.py"
    daemon.write_text(DAEMON)
    environment = await inside.start(f"{sys.executable} {daemon}; exec sleep 100")
    await wait_for(lambda: inside.audience.entries)
    pid = int(inside.audience.messages()[0].split()[1])
    assert psutil.pid_exists(pid)
    await inside.environments.stop(environment.id)
    await inside.environments.settled(environment.id)
    assert not psutil.pid_exists(pid)
    await inside.close()


@linux_only
@pytest.mark.parametrize("ending", ["its deletion", "the server's end"])
async def test_nothing_outlives_its_environment_not_even_a_terminals_daemon(
    short_path: Path, ending: str
) -> None:
    inside = Inside(short_path / "data")
    await inside.open()
    daemon = short_path / "daemon.py"
    daemon.write_text(DAEMON)
    environment = await inside.create("sleep", "100")
    session = await inside.session(environment)
    await inside.sessions.write(session.id, f"{sys.executable} {daemon}; exit\n")
    await wait_for(lambda: re.search(r"daemon (\d+)", inside.audience.text))
    found = re.search(r"daemon (\d+)", inside.audience.text)
    assert found is not None
    await wait_for(lambda: inside.audience.exits)
    pid = int(found[1])
    assert psutil.pid_exists(pid), "as with ssh, it may outlive its terminal"
    if ending == "its deletion":
        await inside.environments.delete(environment.id)
        assert not psutil.pid_exists(pid)
    await inside.close()
    await wait_for(lambda: not psutil.pid_exists(pid))


@linux_only
async def test_what_a_command_leaves_behind_ends_with_it(inside: Inside) -> None:
    environment = await inside.start("sleep 100 & echo $!; exit 0")
    await inside.status(environment, "stopped")
    assert not psutil.pid_exists(int(inside.audience.messages()[0]))


async def test_measures_what_runs_and_forgets_what_has_stopped(short_path: Path) -> None:
    inside = Inside(short_path / "data")
    await inside.open(EnvironmentSettings(sample_interval=0.3))
    busy = "while :; do :; done"
    environment = await inside.start(f"sh -c '{busy}' & {busy}")
    stats = inside.environments.stats
    await wait_for(lambda: (stats(environment.id).memory_usage or 0) > 0.5)
    await wait_for(lambda: (stats(environment.id).cpu_usage or 0) > 5)
    assert stats(environment.id).history
    await inside.environments.stop(environment.id)
    await inside.environments.settled(environment.id)
    assert stats(environment.id).cpu_usage is None
    assert inside.audience.statuses[-1].memory_usage is None
    await inside.close()


async def test_a_memory_limit_holds_for_each_process_where_there_are_no_control_groups(
    inside: Inside,
) -> None:
    inside.runtime._limits = Limits(None)
    environment = await inside.create(
        sys.executable, "-c", "x = bytearray(300 << 20); print('got it')", memory_limit=100
    )
    await inside.environments.start(environment.id)
    await inside.status(environment, "error")
    assert any("MemoryError" in line for line in inside.audience.messages("stderr"))


async def test_lists_own_and_shared_by_status(inside: Inside) -> None:
    one = await inside.create("true")
    create = partial(inside.environments.create, by_admin=True)
    two = await create(CreateEnvironmentRequest(name="b", command=["x"], shared=True), "other")
    await create(CreateEnvironmentRequest(name="c", command=["x"]), "other")
    assert inside.environments.list(visible_to="somebody") == [one, two]
    assert len(inside.environments.list()) == 3
    assert inside.environments.list(status="running") == []


async def test_names_are_unique_for_an_owner_and_slugs_for_all(inside: Inside) -> None:
    one = await inside.create("true", name="My App!")
    with pytest.raises(ConflictError, match="named My App! already"):
        await inside.create("true", name="My App!")
    request = CreateEnvironmentRequest(name="My App!", command=["true"])
    other = await inside.environments.create(request, "other", by_admin=True)
    assert (one.slug, other.slug) == ("my-app", "my-app-2")


async def test_an_update_holds_from_the_next_start(inside: Inside) -> None:
    environment = await inside.create("sh", "-c", "echo one")
    await inside.environments.update(
        environment.id,
        UpdateEnvironmentRequest(command=["sh", "-c", "echo two"], shared=True),
        by_admin=True,
    )
    with pytest.raises(InvalidRequestError):
        await inside.environments.update(
            environment.id, UpdateEnvironmentRequest(command=[]), by_admin=True
        )
    await inside.environments.start(environment.id)
    await inside.logs("two")
    assert inside.environments.get(environment.id).shared
    assert [change.change for change in inside.audience.changes] == ["created", "updated"]


async def test_a_deleted_environment_is_gone_with_all_that_ran_in_it(inside: Inside) -> None:
    environment = await inside.start("echo $$; exec sleep 100")
    session = await inside.session(environment)
    await wait_for(lambda: inside.audience.entries)
    await inside.environments.delete(environment.id)
    assert not psutil.pid_exists(int(inside.audience.messages()[0]))
    assert session.pid is not None
    assert not psutil.pid_exists(session.pid)
    last = inside.audience.statuses[-1]
    assert (last.status, last.message) == ("stopped", "deleted")
    assert inside.audience.changes[-1].change == "deleted"
    with pytest.raises(EnvironmentNotFoundError):
        inside.environments.get(environment.id)
    assert inside.sessions.list() == []
    assert await inside.store.read_logs(environment.id) == []


async def test_the_keeper_killed_ends_environments_and_they_say_so(inside: Inside) -> None:
    environment = await inside.start("echo $$; exec sleep 100")
    await wait_for(lambda: inside.audience.entries)
    keeper = inside.runtime.keeper.pid
    assert keeper is not None
    os.kill(keeper, signal.SIGKILL)
    failed = await inside.status(environment, "error")
    assert "keeper" in (failed.last_error or "")
    pid = int(inside.audience.messages()[0])
    await wait_for(lambda: not psutil.pid_exists(pid), what="the end of the command")
    started = await inside.environments.start(environment.id)
    assert started.status == "running", "with a new keeper"


async def test_many_at_once(inside: Inside) -> None:
    environments = await asyncio.gather(
        *(inside.create("sh", "-c", f"echo {n}; sleep 100", name=str(n)) for n in range(10))
    )
    await asyncio.gather(*(inside.environments.start(each.id) for each in environments))
    await inside.logs(*(str(n) for n in range(10)))
    await asyncio.gather(*(inside.environments.stop(each.id) for each in environments))
    for each in environments:
        assert (await inside.environments.settled(each.id)).status == "stopped"
