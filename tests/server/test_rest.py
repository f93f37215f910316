"""REST over real sockets."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer
from tests.running_server import RunningServer
from vibebox_tui.server.settings import JwtSettings, LimitSettings

PASSWORD = "a long password"


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The body of a failure, which always looks the same."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"error", "message", "details"}
    assert body["error"] == kind
    assert body["message"]
    return body


# --- access --------------------------------------------------------------------------------


async def test_health_needs_no_token_and_all_else_does(server: RunningServer) -> None:
    async with server.http(None) as http:
        assert (await http.get("/health")).json()["status"] == "ok"
        for path in ("/environments", "/auth/me", "/users", "/environments/x", "/sessions/x"):
            problem(await http.get(path), 401, "Unauthorized")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5"])
async def test_a_bad_token_is_401(server: RunningServer, header: str) -> None:
    async with server.http(None) as http:
        answer = await http.get("/environments", headers={"Authorization": header})
        problem(answer, 401, "Unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_me(server: RunningServer) -> None:
    async with server.http("viewer") as http:
        assert (await http.get("/auth/me")).json()["role"] == "viewer"


async def test_users_are_the_admins_matter(server: RunningServer) -> None:
    new = {"email": "new@example.com", "password": PASSWORD}
    for role in ("viewer", "developer"):
        async with server.http(role) as http:
            problem(await http.get("/users"), 403, "Forbidden")
            problem(await http.post("/users", json=new), 403, "Forbidden")
            problem(await http.delete("/users/admin"), 403, "Forbidden")
    async with server.http() as http:
        created = (await http.post("/users", json=new)).json()
        assert (created["email"], created["role"]) == ("new@example.com", "developer")
        assert "password" not in str(created).lower()
        problem(await http.post("/users", json=new), 409, "Conflict")
        changed = await http.patch(f"/users/{created['id']}", json={"role": "viewer"})
        assert changed.json()["role"] == "viewer"
        assert {user["id"] for user in (await http.get("/users")).json()} >= {created["id"]}
        assert (await http.delete(f"/users/{created['id']}")).status_code == 204
        problem(await http.delete(f"/users/{created['id']}"), 404, "NotFound")
        problem(await http.delete("/users/admin"), 409, "Conflict")


# --- log-in --------------------------------------------------------------------------------


async def log_in(server: RunningServer, email: str = "u@example.com") -> dict[str, Any]:
    """A user with a password, logged in."""
    async with server.http() as http:
        await http.post("/users", json={"email": email, "password": PASSWORD})
    async with server.http(None) as http:
        answer = await http.post("/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_password_is_exchanged_for_tokens(server: RunningServer) -> None:
    tokens = await log_in(server)
    assert tokens["user"]["email"] == "u@example.com"
    async with server.http(None) as http:
        http.headers["Authorization"] = f"Bearer {tokens['accessToken']}"
        assert (await http.get("/auth/me")).json()["id"] == tokens["user"]["id"]


async def test_unknown_user_and_wrong_password_are_answered_alike(server: RunningServer) -> None:
    await log_in(server)
    answers = []
    async with server.http(None) as http:
        for email in ("u@example.com", "nobody@example.com"):
            body = {"email": email, "password": "wrong password"}
            answers.append(await http.post("/auth/login", json=body))
    for answer in answers:
        problem(answer, 401, "Unauthorized")
    assert answers[0].json() == answers[1].json()


async def test_failed_log_ins_are_throttled(start_server: StartServer) -> None:
    server = await start_server(limits=LimitSettings(logins_per_minute=2))
    async with server.http(None) as http:
        body = {"email": "x@example.com", "password": "wrong password"}
        for _ in range(2):
            problem(await http.post("/auth/login", json=body), 401, "Unauthorized")
        refused = await http.post("/auth/login", json=body)
    problem(refused, 429, "TooManyRequests")
    assert 0 < int(refused.headers["Retry-After"]) <= 60


async def test_a_refresh_token_is_used_up_and_may_be_repeated_within_the_grace(
    server: RunningServer,
) -> None:
    tokens = await log_in(server)
    async with server.http(None) as http:
        first = await http.post("/auth/refresh", json={"refreshToken": tokens["refreshToken"]})
        assert first.status_code == 200
        assert first.json()["refreshToken"] != tokens["refreshToken"]
        again = await http.post("/auth/refresh", json={"refreshToken": tokens["refreshToken"]})
        assert again.status_code == 200, "an answer may get lost"


async def test_a_refresh_token_that_is_used_again_later_revokes_its_family(
    start_server: StartServer,
) -> None:
    server = await start_server(jwt=JwtSettings(reuse_grace_seconds=0))
    tokens = await log_in(server)
    old = {"refreshToken": tokens["refreshToken"]}
    async with server.http(None) as http:
        new = {"refreshToken": (await http.post("/auth/refresh", json=old)).json()["refreshToken"]}
        problem(await http.post("/auth/refresh", json=old), 401, "Unauthorized")
        problem(await http.post("/auth/refresh", json=new), 401, "Unauthorized")


async def test_the_refresh_token_may_be_in_a_cookie(server: RunningServer) -> None:
    tokens = await log_in(server)
    async with server.http(None) as http:
        http.cookies.set("refreshToken", tokens["refreshToken"])
        assert (await http.post("/auth/refresh")).status_code == 200


async def test_after_log_out_the_refresh_token_is_worth_nothing(server: RunningServer) -> None:
    body = {"refreshToken": (await log_in(server))["refreshToken"]}
    async with server.http(None) as http:
        assert (await http.post("/auth/logout", json=body)).status_code == 204
        problem(await http.post("/auth/refresh", json=body), 401, "Unauthorized")
        assert (await http.post("/auth/logout", json=body)).status_code == 204


async def test_a_new_password_ends_what_the_old_one_began(server: RunningServer) -> None:
    tokens = await log_in(server)
    async with server.http() as http:
        path = f"/users/{tokens['user']['id']}"
        await http.patch(path, json={"password": "another password"})
        body = {"refreshToken": tokens["refreshToken"]}
        problem(await http.post("/auth/refresh", json=body), 401, "Unauthorized")


# --- environments --------------------------------------------------------------------------


async def test_an_environments_life(server: RunningServer) -> None:
    async with server.http("developer") as http:
        wanted = {"name": "web", "command": ["sh", "-c", "echo hello; sleep 60"]}
        created = await http.post("/environments", json=wanted)
        assert created.status_code == 201, created.text
        env = created.json()
        assert (env["name"], env["ownerId"], env["status"]) == ("web", "developer", "stopped")
        path = f"/environments/{env['id']}"
        assert (await http.post(f"{path}/start")).json()["status"] == "running"
        problem(await http.post(f"{path}/start"), 409, "Conflict")
        assert (await http.get(f"{path}/status")).json()["status"] == "running"
        assert (await http.get(f"{path}/stats")).json()["environmentId"] == env["id"]
        await server.logged(env["id"], 1)
        page = (await http.get(f"{path}/logs")).json()
        assert [entry["message"] for entry in page["data"]] == ["hello"]
        assert (await http.post(f"{path}/restart")).status_code == 200
        await server.server.environments.settled(env["id"])
        assert (await http.post(f"{path}/stop")).status_code == 200
        await server.server.environments.settled(env["id"])
        problem(await http.post(f"{path}/stop"), 409, "Conflict")
        assert (await http.delete(path)).status_code == 204
        problem(await http.get(path), 404, "NotFound")


async def test_one_sees_the_own_and_the_shared_by_pages(server: RunningServer) -> None:
    for n in range(5):
        await server.create("true", name=f"mine-{n}", owner="developer")
    await server.create("true", name="theirs", owner="admin")
    await server.create("true", name="ours", owner="admin", shared=True)
    async with server.http("developer") as http:
        first = (await http.get("/environments", params={"limit": 4})).json()
        assert first["pagination"] == {"page": 1, "limit": 4, "total": 6, "totalPages": 2}
        second = (await http.get("/environments", params={"limit": 4, "page": 2})).json()
        names = [env["name"] for env in first["data"] + second["data"]]
        assert names == ["mine-0", "mine-1", "mine-2", "mine-3", "mine-4", "ours"]
        none = (await http.get("/environments", params={"status": "running"})).json()
        assert none["data"] == []
    async with server.http() as http:
        assert (await http.get("/environments")).json()["pagination"]["total"] == 7


async def test_who_may_do_what_with_an_environment(server: RunningServer) -> None:
    theirs = await server.create("true", owner="admin")
    shared = await server.create("true", owner="admin", shared=True)
    calls = [("GET", ""), ("POST", "/start"), ("POST", "/stop"), ("PATCH", ""), ("DELETE", "")]
    for role in ("viewer", "developer"):
        async with server.http(role) as http:
            for method, path in calls:
                body = {"description": "x"} if method == "PATCH" else None
                url = f"/environments/{theirs.id}{path}"
                problem(await http.request(method, url, json=body), 404, "NotFound")
                answer = await http.request(method, f"/environments/{shared.id}{path}", json=body)
                if method == "GET":
                    assert answer.status_code == 200
                else:
                    problem(answer, 403, "Forbidden")
    async with server.http("viewer") as http:
        wanted = {"name": "x", "command": ["true"]}
        problem(await http.post("/environments", json=wanted), 403, "Forbidden")
        problem(await http.post(f"/environments/{shared.id}/sessions"), 403, "Forbidden")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"command": ["true"]}, "name"),
        ({"name": "", "command": ["true"]}, "name"),
        ({"name": "x", "command": "true"}, "command"),
        ({"name": "x", "command": []}, "command"),
        ({"name": "x", "command": ["true"], "cpuLimit": -1}, "cpuLimit"),
        ({"name": "x", "command": ["true"], "nonsense": 1}, "nonsense"),
        ({"name": "x", "runtime": "other", "command": ["true"]}, "runtime"),
    ],
)
async def test_a_wrong_body_is_400_and_names_the_field(
    server: RunningServer, body: dict[str, Any], field: str
) -> None:
    async with server.http() as http:
        told = problem(await http.post("/environments", json=body), 400, "BadRequest")
    assert field in str(told)


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "NotFound"),
        ("DELETE", "/health", 405, "MethodNotAllowed"),
        ("GET", "/environments?page=0", 400, "BadRequest"),
        ("GET", "/environments?limit=101", 400, "BadRequest"),
        ("GET", "/environments?limit=x", 400, "BadRequest"),
    ],
)
async def test_what_cant_be_asked_is_told_in_the_same_form(
    server: RunningServer, method: str, path: str, status: int, kind: str
) -> None:
    async with server.http() as http:
        problem(await http.request(method, path), status, kind)


async def test_a_body_that_is_no_json_is_400(server: RunningServer) -> None:
    async with server.http() as http:
        problem(await http.post("/environments", content=b"{nonsense"), 400, "BadRequest")


# --- logs and sessions ---------------------------------------------------------------------


async def test_logs_by_tail_position_stream_and_text(server: RunningServer) -> None:
    script = "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done; sleep 60"
    env = await server.create("sh", "-c", script, start=True)
    await server.logged(env.id, 10)
    async with server.http() as http:

        async def seqs(**params: Any) -> list[int]:
            answer = await http.get(f"/environments/{env.id}/logs", params=params)
            assert answer.status_code == 200, answer.text
            return [entry["seq"] for entry in answer.json()["data"]]

        assert await seqs() == list(range(1, 11))
        assert await seqs(tail=2) == [9, 10]
        assert await seqs(tail=0) == []
        assert await seqs(sinceSeq=8) == [9, 10]
        assert await seqs(sinceSeq=2, limit=3) == [3, 4, 5]
        assert await seqs(beforeSeq=4) == [1, 2, 3]
        assert await seqs(beforeSeq=9, limit=2) == [7, 8]
        assert len(await seqs(stream="stderr")) == 5
        assert len(await seqs(search="OUT 3")) == 1
        assert await seqs(since="2000-01-01T00:00:00Z") == list(range(1, 11))
        assert await seqs(until="2000-01-01T00:00:00Z") == []
        page = (await http.get(f"/environments/{env.id}/logs")).json()
        assert (page["firstSeq"], page["nextSeq"]) == (1, 11)
        for wrong in ({"since": "noon"}, {"stream": "x"}, {"limit": -1}, {"until": "2026-01-01"}):
            answer = await http.get(f"/environments/{env.id}/logs", params=wrong)
            problem(answer, 400, "BadRequest")


async def test_a_sessions_life(server: RunningServer) -> None:
    env = await server.create("true", owner="developer")
    async with server.http("developer") as http:
        path = f"/environments/{env.id}/sessions"
        created = await http.post(path, json={"sessionName": "main"})
        assert created.status_code == 201, created.text
        session = created.json()
        assert (session["sessionName"], session["sessionType"]) == ("main", "shell")
        problem(await http.post(path, json={"sessionName": "main"}), 409, "Conflict")
        assert (await http.post(path)).status_code == 201
        assert len((await http.get(path)).json()) == 2
        one = f"/sessions/{session['id']}"
        assert (await http.get(one)).json()["environmentId"] == env.id
        problem(await http.patch(one, json={"sessionName": "shell-1"}), 409, "Conflict")
        problem(await http.patch(one, json={"sessionName": "a\x1bb"}), 400, "BadRequest")
        assert (await http.patch(one, json={"sessionName": "build"})).status_code == 200
        assert [each["sessionName"] for each in (await http.get(path)).json()] == [
            "build",
            "shell-1",
        ]
        assert (await http.delete(one)).status_code == 204
        async with asyncio.timeout(10):
            while (answer := await http.get(one)).status_code == 200:
                if answer.json()["status"] == "terminated":
                    break
        problem(await http.get("/sessions/nope"), 404, "NotFound")


# --- the server itself ---------------------------------------------------------------------


async def test_the_openapi_document_has_every_route(server: RunningServer) -> None:
    async with server.http(None) as http:
        document = (await http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    routes = {
        f"{method.upper()} {re.sub(r'[{].*?[}]', '{}', path.removeprefix('/api/v1'))}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert routes == {
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "GET /auth/me",
        "GET /users",
        "POST /users",
        "PATCH /users/{}",
        "DELETE /users/{}",
        "GET /environments",
        "POST /environments",
        "GET /environments/{}",
        "PATCH /environments/{}",
        "DELETE /environments/{}",
        "POST /environments/{}/start",
        "POST /environments/{}/stop",
        "POST /environments/{}/restart",
        "GET /environments/{}/status",
        "GET /environments/{}/stats",
        "GET /environments/{}/logs",
        "GET /environments/{}/sessions",
        "POST /environments/{}/sessions",
        "GET /sessions/{}",
        "PATCH /sessions/{}",
        "DELETE /sessions/{}",
        "GET /health",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
    }


@pytest.mark.parametrize("base_path", ["/v1", "", "/a/b/c"])
async def test_any_base_path(start_server: StartServer, base_path: str) -> None:
    server = await start_server(base_path=base_path)
    async with server.http() as http:
        assert (await http.get("/health")).status_code == 200
        assert (await http.get("/environments")).status_code == 200
        assert (await http.get("/openapi.json")).status_code == 200
    async with server.websocket("status") as websocket:
        await websocket.send('{"type":"ping"}')
        assert "pong" in str(await asyncio.wait_for(websocket.recv(), 10))


async def test_a_unix_socket_serves_both(uds_server: RunningServer) -> None:
    async with uds_server.http() as http:
        assert (await http.get("/environments")).status_code == 200
    async with uds_server.websocket("status") as websocket:
        await websocket.send('{"type":"ping"}')
        assert "pong" in str(await asyncio.wait_for(websocket.recv(), 10))
