"""The log endpoint over real sockets, fed by real processes."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from tests.conftest import StartServer
from tests.running_server import RunningServer, receive, receive_any, send
from tests.support import wait_for
from vibebox_tui.server.log_block import blocks_of
from vibebox_tui.server.records import LogLine, Retention
from vibebox_tui.server.settings import LimitSettings


async def publish(server: RunningServer, environment_id: str, count: int, width: int = 10) -> None:
    """Commit and publish lines as the capture does, at the pace of the store."""
    backend = server.server.backend
    for start in range(0, count, 1000):
        lines = [
            LogLine(1_700_000_000_000 + n, "stderr" if n % 3 == 0 else "stdout", f"{n:0{width}}")
            for n in range(start, min(start + 1000, count))
        ]
        backend.service.broadcast_log(
            await backend.store.append_logs(environment_id, blocks_of(lines))
        )


async def subscribe(websocket: ClientConnection, environment_id: str, **more: Any) -> None:
    """Subscribe, and know that the server has acted on it."""
    await send(websocket, "log_subscribe", environmentId=environment_id, **more)
    await websocket.ping()
    if "requestId" not in more:
        await send(websocket, "ping")
        assert (await receive_any(websocket))["type"] == "pong"


async def history(websocket: ClientConnection) -> tuple[dict[str, Any], list[int]]:
    """The answer to a subscription with history: its opening, and the seqs up to `log_live`."""
    opening = await receive_any(websocket)
    assert opening["type"] == "log_subscribed", opening
    seqs: list[int] = []
    while (message := await receive_any(websocket))["type"] != "log_live":
        payload = message["payload"]
        seqs += [e["seq"] for e in payload.get("entries", [payload])]
    return opening["payload"] | message["payload"], seqs


async def test_a_guides_client_gets_both_streams_of_a_real_process(server: RunningServer) -> None:
    env = await server.create("sh", "-c", "read x; echo out; echo err >&2; sleep 60")
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id)
        await server.server.environments.start(env.id)
        # `read` ends at once: an environment's standard input is empty
        got = [(await receive(websocket, "log")) for _ in range(2)]
    assert {(m["payload"]["stream"], m["payload"]["message"]) for m in got} == {
        ("stdout", "out"),
        ("stderr", "err"),
    }
    assert [m["payload"]["seq"] for m in got] == [1, 2]
    for message in got:
        assert message["payload"]["environmentId"] == env.id
        assert message["payload"]["timestamp"].endswith("Z")
        assert isinstance(message["timestamp"], int)


@pytest.mark.parametrize(("stream", "seqs"), [("stdout", [2, 3]), ("stderr", [1, 4])])
async def test_a_filter_lets_one_stream_pass(
    server: RunningServer, stream: str, seqs: list[int]
) -> None:
    env = await server.create("true")
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id, stream=stream)
        await publish(server, env.id, 4)
        got = [(await receive(websocket, "log"))["payload"] for _ in seqs]
    assert [entry["seq"] for entry in got] == seqs
    assert {entry["stream"] for entry in got} == {stream}


async def test_a_second_subscription_replaces_the_first_without_a_hole(
    server: RunningServer,
) -> None:
    env = await server.create("true")
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id, stream="stdout")
        await publish(server, env.id, 2)
        assert (await receive(websocket, "log"))["payload"]["seq"] == 2
        await subscribe(websocket, env.id, stream="all")
        await publish(server, env.id, 2)
        assert [(await receive(websocket, "log"))["payload"]["seq"] for _ in range(2)] == [3, 4]


async def test_unsubscribed_is_quiet(server: RunningServer) -> None:
    env = await server.create("true")
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id)
        await send(websocket, "log_unsubscribe", environmentId=env.id)
        await send(websocket, "ping")
        await receive(websocket, "pong")
        await publish(server, env.id, 3)
        await send(websocket, "ping")
        assert (await receive_any(websocket))["type"] == "pong"


async def test_one_connection_follows_many_environments(server: RunningServer) -> None:
    envs = [await server.create("true") for _ in range(5)]
    async with server.websocket("logs") as websocket:
        for env in envs:
            await subscribe(websocket, env.id)
        for env in envs:
            await publish(server, env.id, 1)
        got = {(await receive(websocket, "log"))["payload"]["environmentId"] for _ in envs}
    assert got == {env.id for env in envs}


# --- history -------------------------------------------------------------------------------


async def test_tail_then_live_each_entry_once(server: RunningServer) -> None:
    env = await server.create("true")
    await publish(server, env.id, 10)
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id, requestId="r1", tail=3)
        said, seqs = await history(websocket)
        assert seqs == [8, 9, 10]
        assert (said["gap"], said["nextSeq"], said["requestId"]) == (None, 11, "r1")
        await publish(server, env.id, 2)
        live = [(await receive(websocket, "log"))["payload"] for _ in range(2)]
        assert [(entry["seq"], entry["requestId"]) for entry in live] == [(11, "r1"), (12, "r1")]


async def test_tail_counts_what_the_filter_lets_pass(server: RunningServer) -> None:
    env = await server.create("true")
    await publish(server, env.id, 10)
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id, requestId="r", tail=2, stream="stderr")
        assert (await history(websocket))[1] == [7, 10]


async def test_tail_of_nothing_is_live_at_once(server: RunningServer) -> None:
    env = await server.create("true")
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id, requestId="r", tail=100)
        said, seqs = await history(websocket)
        assert (seqs, said["nextSeq"]) == ([], 1)


@pytest.mark.parametrize("query", ["", "batch=1", "batch=1&compression=deflate"])
async def test_a_resume_lacks_nothing_and_doubles_nothing_in_a_flood(
    server: RunningServer, query: str
) -> None:
    import zlib

    import msgspec

    env = await server.create("true")
    await publish(server, env.id, 3000)
    async with server.websocket("logs", query=query) as websocket:
        flood = asyncio.create_task(publish(server, env.id, 20_000))
        await send(websocket, "log_subscribe", environmentId=env.id, requestId="r", since=1000)
        seqs: list[int] = []
        while not seqs or seqs[-1] < 23_000:
            frame = await asyncio.wait_for(websocket.recv(), 10)
            data = zlib.decompress(frame) if "deflate" in query else frame  # type: ignore[arg-type]
            message = msgspec.json.decode(data)
            if message["type"] in ("log", "logs"):
                payload = message["payload"]
                seqs += [e["seq"] for e in payload.get("entries", [payload])]
        await flood
    assert seqs == list(range(1001, 23_001))


async def test_since_a_time_is_inclusive(server: RunningServer) -> None:
    env = await server.create("true")
    await publish(server, env.id, 10)
    async with server.websocket("logs") as websocket:
        since = "2023-11-14T22:13:20.007Z"
        await subscribe(websocket, env.id, requestId="r", since=since)
        assert (await history(websocket))[1] == [8, 9, 10]
        await send(websocket, "log_subscribe", environmentId=env.id, requestId="r", since="noon")
        error = (await receive(websocket, "error"))["payload"]
        assert (error["code"], error["details"]["field"]) == ("INVALID_MESSAGE", "payload.since")


async def test_a_resume_in_another_epoch_says_so_and_begins_anew(server: RunningServer) -> None:
    env = await server.create("true")
    await publish(server, env.id, 5)
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id, requestId="r", since=3, epoch="another")
        said, seqs = await history(websocket)
        assert said["gap"] is not None
        assert seqs == [1, 2, 3, 4, 5]
        await subscribe(websocket, env.id, requestId="r2", since=3, epoch=said["epoch"])
        said, seqs = await history(websocket)
        assert (said["gap"], seqs) == (None, [4, 5])
        await subscribe(websocket, env.id, requestId="r3", since=99, epoch=said["epoch"])
        said, seqs = await history(websocket)
        assert said["gap"] is not None, "the log has lost its end"


async def test_a_batch_says_through_which_entry_it_is_complete(server: RunningServer) -> None:
    env = await server.create("true")
    await publish(server, env.id, 9)
    async with server.websocket("logs", query="batch=1") as websocket:
        await subscribe(websocket, env.id, requestId="r", since=0, stream="stderr")
        assert (await receive_any(websocket))["type"] == "log_subscribed"
        batch = (await receive_any(websocket))["payload"]
        assert [entry["seq"] for entry in batch["entries"]] == [1, 4, 7]
        assert (batch["throughSeq"], batch["requestId"]) == (9, "r")


# --- slow readers --------------------------------------------------------------------------


async def test_a_stalled_reader_holds_up_nobody_and_catches_up_later(
    server: RunningServer,
) -> None:
    env = await server.create("true")
    total = 60_000
    stalled_options = {"max_queue": 1, "compression": None, "ping_interval": None}
    async with (
        server.websocket("logs", **stalled_options) as stalled,
        server.websocket("logs", query="batch=1") as quick,
    ):
        await subscribe(stalled, env.id)
        await subscribe(quick, env.id, requestId="r", tail=0)
        await history(quick)
        flood = asyncio.create_task(publish(server, env.id, total, width=200))
        last = 0
        while last < total:
            payload = (await receive(quick, "logs"))["payload"]
            assert payload["entries"][0]["seq"] == last + 1
            last = payload["throughSeq"]
        await flood
        seqs = [(await receive(stalled, "log"))["payload"]["seq"] for _ in range(total)]
    assert seqs == list(range(1, total + 1))


async def test_what_retention_has_deleted_is_told_as_a_gap(start_server: StartServer) -> None:
    server = await start_server(retention=Retention(max_environment_bytes=1_000_000))
    env = await server.create("true")
    await publish(server, env.id, 20_000, width=200)
    store = server.server.backend.store
    first = (await store.log_bounds(env.id)).first_seq
    assert first is not None
    assert first > 100
    async with server.websocket("logs", query="batch=1") as websocket:
        await subscribe(websocket, env.id, requestId="r", since=10)
        said, seqs = await history(websocket)
    assert said["gap"] == {"from": 11, "to": first - 1}
    assert seqs == list(range(first, 20_001))


async def test_a_slow_reader_that_retention_overtakes_is_told_so(
    start_server: StartServer,
) -> None:
    server = await start_server(retention=Retention(max_environment_bytes=100_000))
    env = await server.create("true")
    options = {"max_queue": 1, "compression": None, "ping_interval": None}
    async with server.websocket("logs", query="batch=1", **options) as websocket:
        await subscribe(websocket, env.id, requestId="r", tail=0)
        await history(websocket)
        await publish(server, env.id, 80_000, width=400)
        expected, gaps = 1, 0
        while expected <= 80_000:
            message = await receive_any(websocket)
            payload = message["payload"]
            if message["type"] == "log_gap":
                assert payload["from"] == expected
                expected, gaps = payload["to"] + 1, gaps + 1
            else:
                assert payload["entries"][0]["seq"] == expected
                expected = payload["throughSeq"] + 1
    assert gaps > 0


# --- who may -------------------------------------------------------------------------------


async def test_an_environment_that_one_may_not_know_of_is_not_found(
    server: RunningServer,
) -> None:
    mine = await server.create("true", owner="developer")
    theirs = await server.create("true", owner="admin")
    shared = await server.create("true", owner="admin", shared=True)
    async with server.websocket("logs", "developer") as websocket:
        for environment_id in (theirs.id, "no-such-id"):
            await send(websocket, "log_subscribe", environmentId=environment_id)
            error = (await receive_any(websocket))["payload"]
            assert error["code"] == "ENV_NOT_FOUND"
            assert error["details"] == {"environmentId": environment_id}
        await subscribe(websocket, mine.id)
        await subscribe(websocket, shared.id)


async def test_one_that_is_no_longer_shared_is_lost(server: RunningServer) -> None:
    env = await server.create("true", owner="admin", shared=True)
    async with server.websocket("logs", "viewer") as websocket:
        await subscribe(websocket, env.id)
        async with server.http() as http:
            answer = await http.patch(f"/environments/{env.id}", json={"shared": False})
        assert answer.status_code == 200
        error = (await receive(websocket, "error"))["payload"]
        assert error["code"] == "ENV_NOT_FOUND"
        await publish(server, env.id, 1)
        await send(websocket, "ping")
        assert (await receive_any(websocket))["type"] == "pong"


async def test_too_many_readers_of_a_log_are_turned_away(start_server: StartServer) -> None:
    from websockets.exceptions import ConnectionClosed

    limits = LimitSettings(log_connections_per_environment=1, replacement_seconds=0)
    server = await start_server(limits=limits)
    env = await server.create("true")
    async with server.websocket("logs") as first:
        await subscribe(first, env.id)
        await subscribe(first, env.id, stream="stderr")
        async with server.websocket("logs") as second:
            await send(second, "log_subscribe", environmentId=env.id)
            with pytest.raises(ConnectionClosed) as end:
                await receive_any(second)
            assert end.value.rcvd is not None
            assert end.value.rcvd.code == 1013
        await send(first, "log_unsubscribe", environmentId=env.id)
        await send(first, "ping")
        await receive(first, "pong")
        async with server.websocket("logs") as third:
            await subscribe(third, env.id)


async def test_channels_go_with_their_last_reader(server: RunningServer) -> None:
    env = await server.create("true")
    hub = server.server.backend.service.hub
    async with server.websocket("logs") as websocket:
        await subscribe(websocket, env.id)
        assert hub.log_count == 1
    await wait_for(lambda: hub.log_count == 0)
