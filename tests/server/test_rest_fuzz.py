"""Requests made up from the OpenAPI document, right and wrong: no answer is a failure of ours."""

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.running_server import RunningServer

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
"""Any JSON value."""

TEXT = st.text(max_size=20) | st.sampled_from(["0", "-1", "9" * 30, "all", "2026-01-01T00:00:00Z"])
UNDER_WAY = ("/start", "/restart", "/sessions")
"""Ends of paths that start programs; others' tests have those."""


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of everything in the document that starts no program."""
    return [
        (method.upper(), path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method == "get" or not path.endswith(UNDER_WAY)
    ]


def body_of(document: dict[str, Any], described: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Bodies with the names that the operation knows, and values of any kind."""
    text = json.dumps(described.get("requestBody", {}))
    schemas = document["components"]["schemas"]
    names = {
        field
        for name, schema in schemas.items()
        if f'/{name}"' in text
        for field in schema.get("properties", {})
    }
    known = st.dictionaries(st.sampled_from(sorted(names)), ANYTHING) if names else st.just({})
    return known | ANYTHING


async def test_no_request_is_answered_by_a_failure_of_ours(server: RunningServer) -> None:
    environment = await server.create("true")
    async with server.http() as http:
        document = (await http.get("/openapi.json")).json()
        found = operations(document)
        assert len(found) > 15
        asked = [made(document, operation, environment.id) for operation in found]

        @settings(
            max_examples=150,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(st.one_of(asked), min_size=1, max_size=3))
        def make(requests: list[dict[str, Any]]) -> None:
            made_up.extend(requests)

        made_up: list[dict[str, Any]] = []
        make()
        failed = []
        for request in made_up:
            answer = await answer_to(http, server, request)
            if answer.status_code >= 500:
                failed.append((request, answer.status_code, answer.text))
    assert failed == []


def made(
    document: dict[str, Any], operation: tuple[str, str, dict[str, Any]], environment_id: str
) -> st.SearchStrategy[dict[str, Any]]:
    """Requests for one operation."""
    method, path, described = operation
    parameters = described.get("parameters", [])
    queries = {p["name"]: TEXT for p in parameters if p["in"] == "query"}
    ids = {p["name"]: st.just(environment_id) | TEXT for p in parameters if p["in"] == "path"}
    return st.fixed_dictionaries(
        {
            "method": st.just(method),
            "path": st.just(path),
            "ids": st.fixed_dictionaries(ids),
            "query": st.fixed_dictionaries({}, optional=queries),
            "body": body_of(document, described),
        }
    )


async def answer_to(
    http: httpx.AsyncClient, server: RunningServer, request: dict[str, Any]
) -> httpx.Response:
    path = request["path"].removeprefix(server.settings.base_path)
    for name, value in request["ids"].items():
        path = path.replace(f"{{{name}}}", httpx.QueryParams({"x": value}).__str__()[2:])
    body = None if request["method"] == "GET" else request["body"]
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return await http.request(
        request["method"], path, params=request["query"], content=content, headers=headers
    )
