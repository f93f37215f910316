"""The status endpoint over real sockets, about real processes."""

from tests.running_server import RunningServer, receive, receive_any, send


async def test_the_present_status_comes_at_once(server: RunningServer) -> None:
    env = await server.create("sleep", "60")
    async with server.websocket("status") as websocket:
        await send(websocket, "env_subscribe", environmentId=env.id)
        status = await receive_any(websocket)
    assert status["type"] == "env_status"
    assert status["payload"]["environmentId"] == env.id
    assert status["payload"]["status"] == "stopped"
    assert "cpuUsage" not in status["payload"], "not known, not 0"
    assert isinstance(status["timestamp"], int)


async def test_a_life_is_told_to_its_end(server: RunningServer) -> None:
    env = await server.create("sleep", "60")
    async with server.websocket("status") as websocket:
        await send(websocket, "env_subscribe", environmentId=env.id)
        await receive(websocket, "env_status")
        async with server.http() as http:
            assert (await http.post(f"/environments/{env.id}/start")).status_code == 200
            running = await until(websocket, "running")
            assert running["environmentId"] == env.id
            assert (await http.post(f"/environments/{env.id}/stop")).status_code == 200
            await until(websocket, "stopped")


async def test_a_crash_is_an_error_that_names_its_exit_code(server: RunningServer) -> None:
    env = await server.create("sh", "-c", "exit 7")
    async with server.websocket("status") as websocket:
        await send(websocket, "env_subscribe", environmentId=env.id)
        await server.server.environments.start(env.id)
        assert "7" in (await until(websocket, "error"))["message"]


async def test_metrics_come_while_it_runs(server: RunningServer) -> None:
    env = await server.create("sh", "-c", "while :; do :; done", start=True)
    async with server.websocket("status") as websocket:
        await send(websocket, "env_subscribe", environmentId=env.id)
        while True:
            payload = (await receive(websocket, "env_status"))["payload"]
            if payload.get("cpuUsage"):
                break
    assert 1 < payload["cpuUsage"] <= 110
    assert payload["memoryUsage"] > 0


async def test_unsubscribed_is_quiet(server: RunningServer) -> None:
    env = await server.create("sleep", "60")
    async with server.websocket("status") as websocket:
        await send(websocket, "env_subscribe", environmentId=env.id)
        await receive(websocket, "env_status")
        await send(websocket, "env_unsubscribe", environmentId=env.id)
        await send(websocket, "ping")
        await receive(websocket, "pong")
        await server.server.environments.start(env.id)
        await send(websocket, "ping")
        assert (await receive_any(websocket))["type"] == "pong"


async def test_a_deleted_one_ends_with_a_last_status(server: RunningServer) -> None:
    env = await server.create("sleep", "60")
    async with server.websocket("status") as websocket:
        await send(websocket, "env_subscribe", environmentId=env.id)
        await receive(websocket, "env_status")
        async with server.http() as http:
            assert (await http.delete(f"/environments/{env.id}")).status_code == 204
        last = (await receive_any(websocket))["payload"]
        assert (last["status"], last["message"]) == ("stopped", "deleted")
        await send(websocket, "env_subscribe", environmentId=env.id)
        error = (await receive(websocket, "error"))["payload"]
        assert error["code"] == "ENV_NOT_FOUND"


async def test_one_may_not_know_of_anothers(server: RunningServer) -> None:
    env = await server.create("true", owner="admin")
    async with server.websocket("status", "viewer") as websocket:
        await send(websocket, "env_subscribe", environmentId=env.id)
        assert (await receive_any(websocket))["payload"]["code"] == "ENV_NOT_FOUND"


async def test_the_lists_changes_are_told_to_who_may_know(server: RunningServer) -> None:
    async with (
        server.websocket("status", "developer") as mine,
        server.websocket("status", "viewer") as theirs,
        server.http("developer") as http,
    ):
        for websocket in (mine, theirs):
            await send(websocket, "env_list_subscribe")
            await send(websocket, "ping")
            await receive(websocket, "pong")
        created = (await http.post("/environments", json={"name": "a", "command": ["true"]})).json()
        assert await change(mine) == (created["id"], "created")
        path = f"/environments/{created['id']}"
        await http.patch(path, json={"description": "b"})
        assert await change(mine) == (created["id"], "updated")
        await http.patch(path, json={"shared": True})
        assert await change(mine) == (created["id"], "updated")
        assert await change(theirs) == (created["id"], "created")
        await http.patch(path, json={"shared": False})
        assert await change(theirs) == (created["id"], "deleted")
        assert await change(mine) == (created["id"], "updated")
        await http.delete(path)
        assert await change(mine) == (created["id"], "deleted")
        await send(theirs, "ping")
        assert (await receive_any(theirs))["type"] == "pong"


async def until(websocket: object, status: str) -> dict[str, object]:
    """The first status of that kind."""
    while True:
        payload = (await receive(websocket, "env_status"))["payload"]  # type: ignore[arg-type]
        if payload["status"] == status:
            return dict(payload)


async def change(websocket: object) -> tuple[str, str]:
    """The next change in the list."""
    payload = (await receive(websocket, "env_list_changed"))["payload"]  # type: ignore[arg-type]
    return payload["environmentId"], payload["change"]
