"""Requests that schemathesis makes up from the OpenAPI document, right ones and wrong ones."""

import asyncio
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)

from tests.running_server import RunningServer

CHECKS: Final = [not_a_server_error, response_schema_conformance, content_type_conformance]

EXAMPLES: Final = 12
"""Requests of each operation, right ones and wrong ones each."""

UNDER_WAY: Final = ("/start", "/stop", "/restart", "/sessions")
"""Ends of paths of what runs something: these get an environment that nobody else changes."""


class Known:
    """Ids that exist, so that requests get further than to what isn't there."""

    def __init__(self, harmless: str, changing: str, session: str, user: str) -> None:
        self._harmless, self._changing = harmless, changing
        self._others = {"session_id": session, "user_id": user}

    def fill_in(self, case: Case) -> None:
        """Ask for what exists, in place of what was made up."""
        runs = case.operation.path.endswith(UNDER_WAY)
        known = self._others | {"environment_id": self._harmless if runs else self._changing}
        case.path_parameters.update(
            {name: known[name] for name in case.path_parameters if name in known}
        )


@pytest.mark.timeout(180)
async def test_no_request_is_answered_by_a_failure_of_ours(server: RunningServer) -> None:
    harmless, changing = await server.create("true"), await server.create("true")
    session = await server.open_session(changing.id)
    await server.add_user("somebody", "viewer")
    known = Known(harmless.id, changing.id, session.id, "somebody")
    async with server.http() as http:
        document = (await http.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    headers = {"Authorization": f"Bearer {server.token()}"}
    base = server.url.removesuffix(server.settings.base_path)
    with requests.Session() as http_session:
        http_session.trust_env = False
        call = {"base_url": base, "headers": headers, "session": http_session}
        for operation in operations:
            await asyncio.to_thread(ask, operation, known, call)


def ask(operation: APIOperation, known: Known, call: dict[str, Any]) -> None:
    """Ask for one operation again and again; the first answer that is none fails."""

    @settings(
        max_examples=2 * EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from(GenerationMode))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if data.draw(st.booleans()):
            known.fill_in(case)
        case.call_and_validate(checks=CHECKS, timeout=20, **call)

    check()
