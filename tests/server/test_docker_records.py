"""What the engine says, taken apart: pure parts of the docker runtime, for any input."""

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.records import CapturePosition, LogLine
from vibebox_tui.server.runtimes.docker.adoption import (
    adopted_environment,
    adopted_id,
    in_order,
    is_wanted,
)
from vibebox_tui.server.runtimes.docker.definition import OWNER_LABEL, creation
from vibebox_tui.server.runtimes.docker.ending import ending
from vibebox_tui.server.runtimes.docker.images import PullTally
from vibebox_tui.server.runtimes.docker.log_records import (
    FrameReader,
    LogAssembler,
    PlainReader,
    Record,
)
from vibebox_tui.server.runtimes.docker.moments import nanoseconds
from vibebox_tui.server.runtimes.docker.stats import usage
from vibebox_tui.server.runtimes.docker.wire import (
    Container,
    ContainerSummary,
    Info,
    PullProgress,
    Stats,
)

SECOND = 1_000_000_000


def frame(stream: int, text: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(text)) + text


def numbered(records: list[tuple[str, int, bytes]]) -> list[Record]:
    return [Record("stderr" if s == "stderr" else "stdout", t, data) for s, t, data in records]


# --- frames


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40))), st.data())
def test_frames_may_be_cut_anywhere(written: list[tuple[int, bytes]], data: st.DataObject) -> None:
    wire = b"".join(frame(n, b"2026-01-02T03:04:05Z " + text) for n, text in written)
    reader, records, start = FrameReader(), list[Record](), 0
    while start < len(wire):
        end = data.draw(st.integers(start + 1, len(wire)))
        records += reader.feed(wire[start:end])
        start = end
    assert [r.data for r in records] == [text for _, text in written]
    assert [r.stream for r in records] == ["stdout" if n == 1 else "stderr" for n, _ in written]


def test_a_record_has_its_time() -> None:
    wire = frame(2, b"2026-01-02T03:04:05.000000006Z text with blanks\n")
    (record,) = FrameReader().feed(wire)
    moment = nanoseconds("2026-01-02T03:04:05.000000006Z")
    assert record == Record("stderr", moment, b"text with blanks\n")
    assert PlainReader().feed(b"no time, but blanks")[0].time is None


# --- lines


def taken(assembler: LogAssembler, records: list[Record]) -> list[tuple[str, str]]:
    return [(line.stream, line.message) for line in assembler.feed(records)]


def test_pieces_are_one_line_with_the_time_of_its_end() -> None:
    records = numbered(
        [
            ("stdout", SECOND, b"a" * 100),
            ("stderr", SECOND, b"between\n"),
            ("stdout", 2 * SECOND, b"b\n"),
        ]
    )
    assert LogAssembler("run").feed(records) == [
        LogLine(1000, "stderr", "between"),
        LogLine(2000, "stdout", "a" * 100 + "b"),
    ]


def test_a_place_is_before_a_piece_that_waits() -> None:
    assembler = LogAssembler("run")
    assembler.feed(numbered([("stdout", SECOND, b"whole\n"), ("stdout", SECOND, b"piece")]))
    assert assembler.places() == [CapturePosition("run", "stdout", SECOND, nth=1)]


_records = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]),
        st.integers(0, 2),
        st.sampled_from([b"line\n", b"piece", b"", b"x" * 50, b"\n"]),
    ),
    max_size=30,
)


@given(_records, st.data())
def test_every_line_once_wherever_it_was_broken_off(
    steps: list[tuple[str, int, bytes]], data: st.DataObject
) -> None:
    """Whatever was committed when it broke off, and though times have only seconds."""
    time, log = 100 * SECOND, list[Record]()
    for stream, wait, text in steps:
        time += wait * SECOND
        log += numbered([(stream, time, text)])
    whole = LogAssembler("run")
    expected = taken(whole, log)

    cut = data.draw(st.integers(0, len(log)))
    first = LogAssembler("run")
    got = taken(first, log[:cut])
    second = LogAssembler("run", first.places())
    since = (second.since or 0) * SECOND
    got += taken(second, [record for record in log if (record.time or 0) >= since])
    for stream in ("stdout", "stderr"):
        assert [m for s, m in got if s == stream] == [m for s, m in expected if s == stream]


# --- times


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T00:00:01.5Z", SECOND + SECOND // 2),
        ("1970-01-01T01:00:01.000000001+01:00", SECOND + 1),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("2026-13-01T00:00:00Z", None),
    ],
)
def test_times_have_nanoseconds(moment: str, expected: int | None) -> None:
    assert nanoseconds(moment) == expected


# --- samples


def sample(second: int, cpu: int, **memory: object) -> Stats:
    return msgspec.convert(
        {
            "read": f"2026-01-01T00:00:{second:02d}Z",
            "cpu_stats": {"cpu_usage": {"total_usage": cpu}},
            "memory_stats": memory,
            "networks": {"eth0": {"rx_bytes": 5, "tx_bytes": 7}, "eth1": {"rx_bytes": 1}},
            "blkio_stats": {
                "io_service_bytes_recursive": [
                    {"op": "Read", "value": 3},
                    {"op": "write", "value": 4},
                ]
            },
        },
        Stats,
    )


def test_two_busy_cores_are_two_hundred_percent() -> None:
    assert usage(sample(1, 0), None).cpu is None
    assert usage(sample(3, 4 * SECOND), sample(1, 0)).cpu == 200.0


def test_memory_is_without_the_page_cache() -> None:
    mib = 1024 * 1024
    assert usage(sample(1, 0, usage=10 * mib), None).memory == 10.0
    old = {"total_inactive_file": 4 * mib, "inactive_file": 1 * mib}
    assert usage(sample(1, 0, usage=10 * mib, stats=old), None).memory == 6.0
    assert usage(sample(1, 0, usage=10 * mib, stats={"inactive_file": mib}), None).memory == 9.0
    assert usage(sample(1, 0), None).memory is None


def test_io_is_summed_up() -> None:
    assert usage(sample(1, 0), None)[2:] == (6, 7, 3, 4)


# --- ends


def container(state: dict[str, object], memory: int = 0, **config: object) -> Container:
    raw = {
        "Id": "c" * 64,
        "Name": "/name",
        "State": state,
        "HostConfig": {"Memory": memory},
        "Config": config,
    }
    return msgspec.convert(raw, Container)


@pytest.mark.parametrize(
    ("state", "memory", "told", "reason", "asked"),
    [
        ({"ExitCode": 0}, 0, False, "exit code 0", False),
        ({"ExitCode": 1, "Error": "why"}, 0, False, "exit code 1: why", False),
        ({"ExitCode": 139}, 0, False, "killed by SIGSEGV (exit code 139)", False),
        ({"ExitCode": 255}, 0, False, "exit code 255", False),
        (
            {"ExitCode": 143}, 0, False,
            "stopped from elsewhere, killed by SIGTERM (exit code 143)", True,
        ),
        (
            {"ExitCode": 137}, 0, True,
            "stopped from elsewhere, killed by SIGKILL (exit code 137)", True,
        ),
        (
            {"ExitCode": 137, "OOMKilled": True}, 0, False,
            "killed, out of memory (exit code 137)", False,
        ),
        (
            {"ExitCode": 137}, 64 * 1024 * 1024, False,
            "killed, most likely out of memory, with a limit of 64 MiB (exit code 137)", False,
        ),
    ],
)  # fmt: skip
def test_an_end_is_told_in_words(
    state: dict[str, object], memory: int, told: bool, reason: str, asked: bool
) -> None:
    end = ending(container(state, memory), told=told, may_infer=True)
    assert (end.code, end.reason, end.asked) == (state["ExitCode"], reason, asked)


def test_an_engine_that_would_say_so_is_believed_that_memory_was_not_the_reason() -> None:
    killed = container({"ExitCode": 137}, 64 * 1024 * 1024)
    assert ending(killed, told=False, may_infer=False).reason == "killed by SIGKILL (exit code 137)"


# --- pulls


def test_a_pull_says_how_far_it_is() -> None:
    tally = PullTally("node:20")
    assert tally.words == "pulling node:20"
    mib = 1024 * 1024
    for line in (
        {"id": "a", "status": "Pulling fs layer"},
        {"id": "b", "status": "Already exists"},
        {"id": "a", "status": "Downloading", "progressDetail": {"current": mib, "total": 4 * mib}},
    ):
        tally.take(msgspec.convert(line, PullProgress))
    assert tally.words == "pulling 1 of 4 MiB, 1 of 2 layers of node:20"
    tally.take(PullProgress(status="Pull complete", id="a"))
    assert tally.words == "pulling 4 of 4 MiB, 2 of 2 layers of node:20"


# --- definitions


def test_a_published_port_is_an_exposed_one() -> None:
    bindings = {"80/tcp": [{"HostPort": "8080"}]}
    environment = Environment("id", "name", base_image="i", container={"PortBindings": bindings})
    body = creation(environment)
    assert body["ExposedPorts"] == {"80/tcp": {}}
    assert body["HostConfig"]["PortBindings"] == bindings


def test_the_definitions_fingerprint_changes_with_it() -> None:
    one = Environment("id", "name", base_image="i")
    other = Environment("id", "name", base_image="i", cpu_limit=2)
    assert creation(one) == creation(one)
    assert creation(one)["Labels"] != creation(other)["Labels"]


# --- adoption


def test_who_is_wanted() -> None:
    def summary(**labels: str) -> ContainerSummary:
        return ContainerSummary("c", ["/c"], {k.replace("_", "."): v for k, v in labels.items()})

    assert is_wanted(summary(), "all")
    assert not is_wanted(summary(vibebox_adopt="false"), "all")
    assert not is_wanted(summary(), "labelled")
    assert is_wanted(summary(vibebox_adopt="yes"), "labelled")
    assert not is_wanted(ContainerSummary("c", ["/c"], {OWNER_LABEL: "e"}), "all")


@pytest.mark.parametrize(
    ("said", "holds", "has_groups"),
    [
        ({}, True, True),
        ({"MemoryLimit": True, "CgroupVersion": "2", "Rootless": True}, True, True),
        ({"MemoryLimit": True, "CgroupVersion": "1", "Rootless": True}, False, False),
        ({"MemoryLimit": False, "CpuCfsQuota": False, "CgroupVersion": "1"}, False, True),
    ],
)
def test_what_an_engine_without_control_groups_can_is_known(
    said: dict[str, object], *, holds: bool, has_groups: bool
) -> None:
    info = msgspec.convert(said, Info)
    assert (info.holds_limits, info.has_groups) == (holds, has_groups)


def test_projects_stand_together_behind_what_is_in_none() -> None:
    def summary(name: str, created: int, project: str = "") -> ContainerSummary:
        labels = {"com.docker.compose.project": project} if project else {}
        return ContainerSummary(name, [f"/{name}"], labels, "running", created)

    found = [
        summary("late", 9), summary("web", 2, "shop"), summary("app", 5, "blog"),
        summary("db", 7, "shop"), summary("early", 3), summary("cache", 2, "shop"),
    ]  # fmt: skip
    ordered = [container.id for container in in_order(found)]
    assert ordered == ["early", "late", "cache", "web", "db", "app"]


def test_what_is_found_is_told() -> None:
    found = container(
        {"Running": True}, 64 * 1024 * 1024, Image="i", Entrypoint=["a"], Cmd=["b"], Env=["X=1=2"]
    )
    environment = adopted_environment(found, read_only=True)
    assert environment.id == adopted_id("name")
    assert environment.command == ["a", "b"]
    assert environment.environment_variables == {"X": "1=2"}
    assert environment.memory_limit == 64
