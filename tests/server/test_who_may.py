"""Every route and every message × everybody who may come: what each of them is answered."""

import base64
import json
import logging
import time
from typing import Any, Final, NamedTuple, get_args

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.exceptions import ConnectionClosedError

from tests.conftest import StartServer
from tests.running_server import RunningServer, receive_any, send
from tests.support import wait_for
from vibebox_tui.protocol.messages import ClientMessage
from vibebox_tui.server.administration import remove_user
from vibebox_tui.server.limits import Refusals
from vibebox_tui.server.settings import JwtSettings, ServerSettings

CALLERS: Final = ("viewer", "developer", "stranger", "admin")
"""Of each role one; `developer` owns what is asked for, `stranger` is another developer."""

_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_KEY: Final = (
    _KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.fixture
async def guarded(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> RunningServer:
    """A server that believes an RSA key as well, so that its algorithms could be confused."""
    monkeypatch.setattr(Refusals, "refused", lambda *_: 0.0)
    server = await start_server(jwt=JwtSettings(public_key=PUBLIC_KEY))
    await server.add_user("stranger", "developer")
    return server


# --- tokens that nobody should believe -----------------------------------------------------


def no_token(_: RunningServer) -> str | None:
    return None


def expired(server: RunningServer) -> str:
    return server.token("admin", seconds=-60)


def wrong_signature(server: RunningServer) -> str:
    return jwt.encode(claims(), "another secret, which is long enough too", algorithm="HS256")


def changed_payload(server: RunningServer) -> str:
    head, _, signature = server.token("viewer").split(".")
    return f"{head}.{_part(claims())}.{signature}"


def alg_none(_: RunningServer) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims())}."


def rs_hs_confusion(_: RunningServer) -> str:
    """Signed by HMAC with the public key, which everybody may know."""
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims())}"
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{signed}.{_base64(key.sign(signed.encode(), PUBLIC_KEY.encode()))}"


def another_key(_: RunningServer) -> str:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(), stranger, algorithm="RS256")


def of_nobody(server: RunningServer) -> str:
    return server.token("somebody who was deleted")


UNBELIEVED: Final = (
    no_token,
    expired,
    wrong_signature,
    changed_payload,
    alg_none,
    rs_hs_confusion,
    another_key,
    of_nobody,
)


def claims() -> dict[str, Any]:
    return {"userId": "admin", "sub": "admin", "role": "admin", "exp": int(time.time()) + 600}


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def test_another_issuer_speaks_for_its_own_users_and_never_for_the_local_one(
    guarded: RunningServer,
) -> None:
    await guarded.server.accounts.local_credential()
    for user, role, status in (
        ("local", "admin", 401),
        ("local", None, 401),
        ("somebody of theirs", "viewer", 200),
        ("somebody of theirs", None, 401),
    ):
        said = {"sub": user, "exp": int(time.time()) + 600} | ({"role": role} if role else {})
        token = jwt.encode(said, _KEY, algorithm="RS256")
        headers = {"Authorization": f"Bearer {token}"}
        async with guarded.http(None) as http:
            assert (await http.get("/auth/me", headers=headers)).status_code == status, said


# --- routes --------------------------------------------------------------------------------


class Route(NamedTuple):
    """A request and its statuses: for `CALLERS` where it is private, and where it is shared."""

    method: str
    path: str
    private: tuple[int, int, int, int]
    shared: tuple[int, int, int, int] | None = None
    body: dict[str, Any] | None = None


ENV = "/environments/{env}"
ALL = (200, 200, 200, 200)
READ = (404, 200, 404, 200)
CHANGE = {"private": (404, 200, 404, 200), "shared": (403, 200, 403, 200)}
REMOVE = {"private": (404, 204, 404, 204), "shared": (403, 204, 403, 204)}
ADMIN = (403, 403, 403, 200)
NEW_USER = {"email": "new@example.com", "password": "a long password"}
NEW_ENV = {"name": "new", "command": ["true"]}

PROTECTED: Final = (
    Route("GET", "/auth/me", ALL),
    Route("GET", "/users", ADMIN),
    Route("POST", "/users", (403, 403, 403, 201), body=NEW_USER),
    Route("PATCH", "/users/{user}", ADMIN, body={"role": "viewer"}),
    Route("DELETE", "/users/{user}", (403, 403, 403, 204)),
    Route("GET", "/environments", ALL),
    Route("POST", "/environments", (403, 201, 201, 201), body=NEW_ENV),
    Route("GET", ENV, READ, ALL),
    Route("PATCH", ENV, **CHANGE, body={"description": "changed"}),
    Route("DELETE", ENV, **REMOVE),
    Route("POST", f"{ENV}/start", **CHANGE),
    Route("POST", f"{ENV}/stop", (404, 409, 404, 409), (403, 409, 403, 409)),
    Route("POST", f"{ENV}/restart", **CHANGE),
    Route("GET", f"{ENV}/status", READ, ALL),
    Route("GET", f"{ENV}/stats", READ, ALL),
    Route("GET", f"{ENV}/logs", READ, ALL),
    Route("GET", f"{ENV}/sessions", READ, ALL),
    Route("POST", f"{ENV}/sessions", (404, 201, 404, 201), (403, 201, 201, 201), body={}),
    Route("GET", "/sessions/{session}", READ, ALL),
    Route(
        "PATCH",
        "/sessions/{session}",
        READ,
        (403, 200, 200, 200),
        body={"sessionName": "renamed"},
    ),
    Route("DELETE", "/sessions/{session}", (404, 204, 404, 204), (403, 204, 204, 204)),
)

OPEN: Final = {
    ("GET", "/health"): 200,
    ("GET", "/health/live"): 200,
    ("GET", "/health/ready"): 200,
    ("GET", "/metrics"): 200,
    ("POST", "/auth/login"): 401,
    ("POST", "/auth/refresh"): 401,
    ("POST", "/auth/logout"): 204,
}
"""What needs no token, and what it answers one who has none."""

LOGIN = {"email": "nobody@example.com", "password": "wrong"}


async def path_of(server: RunningServer, route: Route, *, shared: bool = False) -> str:
    """The route's path, about something new of the developer's."""
    found: dict[str, str] = {}
    if "{env}" in route.path or "{session}" in route.path:
        environment = await server.create("true", owner="developer", shared=shared)
        found["env"] = environment.id
        if "{session}" in route.path:
            found["session"] = (await server.open_session(environment.id)).id
    if "{user}" in route.path:
        found["user"] = f"user-{time.monotonic_ns()}"
        await server.add_user(found["user"], "developer")
    return route.path.format(**found)


def test_the_table_has_every_route(guarded_routes: set[tuple[str, str]]) -> None:
    table = {(route.method, _plain(route.path)) for route in PROTECTED} | set(OPEN)
    assert table == guarded_routes


@pytest.fixture
async def guarded_routes(guarded: RunningServer) -> set[tuple[str, str]]:
    """Method and path of everything in the OpenAPI document."""
    async with guarded.http(None) as http:
        document = (await http.get("/openapi.json")).json()
    base = guarded.settings.base_path
    return {
        (method.upper(), _plain(path.removeprefix(base)))
        for path, methods in document["paths"].items()
        for method in methods
    }


def _plain(path: str) -> str:
    """A path whose parameters have no names."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


async def test_who_isnt_believed_is_401_everywhere_but_where_no_token_is_needed(
    guarded: RunningServer,
) -> None:
    paths = [(route, await path_of(guarded, route)) for route in PROTECTED]
    wrong = []
    async with guarded.http(None) as http:
        for make in UNBELIEVED:
            token = make(guarded)
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            for route, path in paths:
                answer = await http.request(route.method, path, headers=headers, json=route.body)
                if answer.status_code != 401:
                    wrong.append((make.__name__, route.method, path, answer.status_code))
            for (method, path), status in OPEN.items():
                body = LOGIN if path == "/auth/login" else None
                answer = await http.request(method, path, headers=headers, json=body)
                if answer.status_code not in (status, 429):
                    wrong.append((make.__name__, method, path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
async def test_what_each_caller_is_answered(
    guarded: RunningServer, caller: str, shared: bool
) -> None:
    wrong = []
    async with guarded.http(caller) as http:
        for route in PROTECTED:
            statuses = route.shared if shared else route.private
            if statuses is None:
                continue
            path = await path_of(guarded, route, shared=shared)
            answer = await http.request(route.method, path, json=route.body)
            expected = statuses[CALLERS.index(caller)]
            if answer.status_code != expected:
                wrong.append((route.method, route.path, answer.status_code, expected))
    assert wrong == []


async def test_the_list_has_what_one_may_see(guarded: RunningServer) -> None:
    private = await guarded.create("true", owner="developer")
    shared = await guarded.create("true", owner="developer", shared=True)
    seen = {}
    for caller in CALLERS:
        async with guarded.http(caller) as http:
            found = (await http.get("/environments")).json()["data"]
        seen[caller] = {environment["id"] for environment in found}
    assert seen == {
        "viewer": {shared.id},
        "developer": {private.id, shared.id},
        "stranger": {shared.id},
        "admin": {private.id, shared.id},
    }


# --- messages ------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["logs", "terminal", "status"])
async def test_who_isnt_believed_is_closed_4401_and_told_nothing(
    guarded: RunningServer, endpoint: str
) -> None:
    for make in UNBELIEVED:
        token = make(guarded)
        for query, headers in (
            (f"token={token}", {}),
            ("", {"Authorization": f"Bearer {token}"}),
        ):
            options = {"additional_headers": headers} if token is not None else {}
            query = query if token is not None else ""
            async with guarded.websocket(endpoint, None, query, **options) as websocket:
                with pytest.raises(ConnectionClosedError) as closed:
                    await websocket.recv()
            assert closed.value.rcvd is not None, make.__name__
            assert closed.value.rcvd.code == 4401, make.__name__


class Sent(NamedTuple):
    """A message and the `error` codes (None: none) for `CALLERS`, private and shared."""

    endpoint: str
    kind: str
    payload: dict[str, Any]
    private: tuple[str | None, ...]
    shared: tuple[str | None, ...]


NOTHING = (None, None, None, None)
ENV_WATCH = ("ENV_NOT_FOUND", None, "ENV_NOT_FOUND", None)
SESSION_WATCH = ("SESSION_NOT_FOUND", None, "SESSION_NOT_FOUND", None)
TYPE = ("FORBIDDEN", None, None, None)
OF_ENV = {"environmentId": "{env}"}
OF_SESSION = {"sessionId": "{session}"}

MESSAGES: Final = (
    Sent("logs", "log_subscribe", OF_ENV, ENV_WATCH, NOTHING),
    Sent("logs", "log_unsubscribe", OF_ENV, NOTHING, NOTHING),
    Sent("status", "env_subscribe", OF_ENV, ENV_WATCH, NOTHING),
    Sent("status", "env_unsubscribe", OF_ENV, NOTHING, NOTHING),
    Sent("status", "env_list_subscribe", {}, NOTHING, NOTHING),
    Sent(
        "terminal",
        "terminal_attach",
        OF_SESSION | {"rows": 24, "cols": 80},
        SESSION_WATCH,
        NOTHING,
    ),
    Sent("terminal", "terminal_detach", OF_SESSION, NOTHING, NOTHING),
    Sent("terminal", "terminal_ack", OF_SESSION | {"seq": 0}, NOTHING, NOTHING),
    Sent("terminal", "terminal_input", OF_SESSION | {"data": ":"}, SESSION_WATCH, TYPE),
    Sent("terminal", "terminal_resize", OF_SESSION | {"rows": 5, "cols": 9}, SESSION_WATCH, TYPE),
    Sent("logs", "ping", {}, NOTHING, NOTHING),
)


def test_the_table_has_every_message() -> None:
    kinds = {kind.__struct_config__.tag for kind in get_args(ClientMessage)}
    assert {sent.kind for sent in MESSAGES} == kinds


@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
async def test_what_each_message_is_answered(guarded: RunningServer, shared: bool) -> None:
    environment = await guarded.create("true", owner="developer", shared=shared)
    session = await guarded.open_session(environment.id)
    wrong = []
    for number, caller in enumerate(CALLERS):
        for sent in MESSAGES:
            template = msgspec.json.encode(sent.payload).decode()
            filled = template.replace("{env}", environment.id).replace("{session}", session.id)
            got = await error_codes(guarded, caller, sent, json.loads(filled))
            code = (sent.shared if shared else sent.private)[number]
            if got != ([] if code is None else [code]):
                wrong.append((caller, sent.kind, got, code))
    assert wrong == []


async def error_codes(
    server: RunningServer, caller: str, sent: Sent, payload: dict[str, Any]
) -> list[str]:
    """The codes of the errors that a message brings, until the `pong` of a `ping` after it."""
    codes = []
    async with server.websocket(sent.endpoint, caller) as websocket:
        await send(websocket, sent.kind, **payload)
        await websocket.send('{"type": "ping", "timestamp": 123456}')
        while True:
            message = await receive_any(websocket)
            if message["type"] == "error":
                codes.append(message["payload"]["code"])
            if message["type"] == "pong" and message["timestamp"] == 123456:
                return codes


@pytest.mark.parametrize("endpoint", ["logs", "terminal", "status"])
async def test_messages_of_other_endpoints_are_acted_on_nowhere(
    guarded: RunningServer, endpoint: str
) -> None:
    ids = {"environmentId": "x", "sessionId": "x", "rows": 1, "cols": 1, "data": "x", "seq": 0}
    for sent in MESSAGES:
        if sent.endpoint == endpoint or sent.kind == "ping":
            continue
        payload = {name: ids[name] for name in sent.payload}
        other = sent._replace(endpoint=endpoint)
        codes = await error_codes(guarded, "admin", other, payload)
        assert codes == ["INVALID_MESSAGE"], sent.kind


# --- where somebody comes from -------------------------------------------------------------


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 127.0.0.1", "192.0.2.7"),
    ],
)
async def test_behind_a_proxy_of_this_machine_the_address_is_the_one_it_names(
    server: RunningServer, forwarded: str, seen: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vibebox_tui.server.audit")
    headers = {"X-Forwarded-For": forwarded, "Authorization": f"Bearer {server.token('viewer')}"}
    async with server.websocket("logs", None, additional_headers=headers) as websocket:
        await send(websocket, "ping")
        await receive_any(websocket)
    (came,) = [record for record in caplog.records if vars(record)["event"] == "connected"]
    assert vars(came)["address"] == seen
    async with server.http(None) as http:
        await http.post("/auth/login", json=LOGIN, headers={"X-Forwarded-For": forwarded})
    (refused,) = [r for r in caplog.records if vars(r)["event"] == "log-in refused"]
    assert vars(refused)["address"] == seen


# --- who no longer is one ------------------------------------------------------------------


async def test_a_user_who_was_removed_by_the_command_line_is_out_within_a_minute(
    start_server: StartServer,
) -> None:
    assert ServerSettings().ping_seconds <= 60, "that is how often connections are looked at"
    server = await start_server(ping_seconds=0.05)
    async with server.http("developer") as http, server.websocket("logs", "developer") as opened:
        assert (await http.get("/auth/me")).status_code == 200
        await send(opened, "ping")
        await receive_any(opened)
        await remove_user(server.settings, "developer@example.com")
        with pytest.raises(ConnectionClosedError) as closed:
            await opened.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        assert (await http.get("/auth/me")).status_code == 401


async def test_a_new_password_or_role_ends_the_tokens_of_before(guarded: RunningServer) -> None:
    for change in ({"password": "another password"}, {"role": "viewer"}):
        async with guarded.http("developer") as http, guarded.http() as admin:
            async with guarded.websocket("logs", "developer") as opened:
                await send(opened, "ping")
                await receive_any(opened)
                await admin.patch("/users/developer", json=change)
                with pytest.raises(ConnectionClosedError):
                    await opened.recv()
            assert (await http.get("/auth/me")).status_code == 401
        async with guarded.http("developer") as http:
            assert (await http.get("/auth/me")).status_code == 200


async def test_an_environment_that_is_no_longer_shared_is_lost_to_who_follows_it(
    guarded: RunningServer,
) -> None:
    environment = await guarded.create("true", owner="developer", shared=True)
    async with guarded.websocket("logs", "stranger") as opened, guarded.http() as admin:
        await send(opened, "log_subscribe", environmentId=environment.id)
        await send(opened, "ping")
        await receive_any(opened)
        await admin.patch(f"/environments/{environment.id}", json={"shared": False})
        lost: list[str] = []

        async def is_told() -> bool:
            message = await receive_any(opened)
            lost.append(message["payload"].get("code", ""))
            return "ENV_NOT_FOUND" in lost

        await wait_for(is_told)
