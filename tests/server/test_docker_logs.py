"""Logs of containers, over real ones: both streams, TTYs, split lines, a server that restarts."""

import pytest

from tests.server.containers import IS_DOCKER, InsideWithContainers
from tests.server.test_docker_environments import SLOW, started
from tests.support import wait_for

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]


async def test_both_streams_are_told_apart(containers: InsideWithContainers) -> None:
    await started(containers, "echo one; echo two >&2; echo three; printf 'no end'")
    await wait_for(lambda: len(containers.audience.entries) == 4, SLOW)
    assert containers.audience.messages("stdout") == ["one", "three", "no end"]
    assert containers.audience.messages("stderr") == ["two"]


async def test_a_terminals_log_has_one_stream(containers: InsideWithContainers) -> None:
    script = "echo one; echo two >&2; head -c 9000 /dev/zero | tr '\\0' x; echo; echo end"
    await started(containers, script, container={"Tty": True})
    await wait_for(lambda: len(containers.audience.entries) == 4, SLOW)
    assert containers.audience.messages("stdout") == ["one", "two", "x" * 9000, "end"]


async def test_what_the_engine_splits_is_one_line(containers: InsideWithContainers) -> None:
    await started(
        containers, "head -c 9999 /dev/zero | tr '\\0' a; echo; head -c 50000 /dev/zero"
        " | tr '\\0' b; echo; echo end",
    )  # fmt: skip
    await wait_for(lambda: len(containers.audience.entries) == 3, SLOW)
    whole, cut, end = containers.audience.messages()
    assert whole == "a" * 9999
    assert len(cut) == 10_000
    assert cut.startswith("bbb")
    assert cut.endswith("[cut: longer than 10,000 characters]")
    assert end == "end"


@pytest.mark.skipif(IS_DOCKER, reason="Docker keeps no line before its end has come")
async def test_a_prompt_without_an_end_is_shown(containers: InsideWithContainers) -> None:
    await started(containers, "printf 'password: '; while :; do sleep 0.1; done")
    await wait_for(lambda: containers.audience.messages() == ["password: "], SLOW)


async def test_no_line_is_lost_or_repeated_over_restarts_of_the_server(
    containers: InsideWithContainers,
) -> None:
    script = (
        "n=0; while [ $n -lt 400 ]; do n=$((n+1)); echo out $n; echo err $n >&2; sleep 0.02; done;"
        " sleep 60"
    )
    environment = await started(containers, script)
    for count in (50, 200, 300):
        await wait_for(lambda count=count: len(containers.audience.entries) > count // 4, SLOW)
        await containers.close(leave_running=True)
        await containers.open()
        assert containers.environments.get(environment.id).status == "running"

    async def all_there() -> bool:
        return (await containers.store.log_bounds(environment.id)).next_seq > 800

    await wait_for(all_there, SLOW, "800 lines")
    entries = await containers.store.read_logs(environment.id, limit=10_000)
    for stream, word in (("stdout", "out"), ("stderr", "err")):
        lines = [entry.message for entry in entries if entry.stream == stream]
        assert lines == [f"{word} {n}" for n in range(1, 401)]
    assert [entry.seq for entry in entries] == list(range(1, 801))


async def test_what_was_written_while_no_server_ran_is_there(
    containers: InsideWithContainers,
) -> None:
    environment = await started(containers, "echo before; sleep 2; echo after; exit 4")
    await wait_for(lambda: containers.audience.messages() == ["before"], SLOW)
    await containers.close(leave_running=True)
    await containers.open()
    await wait_for(lambda: containers.environments.get(environment.id).status == "error", SLOW)
    entries = await containers.store.read_logs(environment.id)
    assert [entry.message for entry in entries] == ["before", "after"]
    assert containers.environments.get(environment.id).last_error == "exit code 4"


async def test_a_second_life_goes_on_in_the_same_log(containers: InsideWithContainers) -> None:
    environment = await started(containers, "echo life; exit 0")
    await wait_for(lambda: environment.status == "stopped", SLOW)
    await containers.environments.start(environment.id)
    await wait_for(lambda: containers.audience.messages() == ["life", "life"], SLOW)
