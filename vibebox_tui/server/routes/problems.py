"""Failures as answers: always `{"error", "message", "details"}` with the fitting status."""

import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException

from vibebox_tui.protocol.models import Problem
from vibebox_tui.server.errors import ServerError
from vibebox_tui.server.limits import RateLimitedError

_log = logging.getLogger(__name__)

_KINDS: Final[dict[int, str]] = {429: "TooManyRequests", 500: "InternalError"}
"""The `error` of a status whose phrase, run together, isn't it."""


def answer_error(_: Request[Any, Any, Any], error: ServerError) -> Response[Problem]:
    """One of ours: it says its kind, its status and its details by itself."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unforeseen(error)
    headers = {}
    if isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(error.status, Problem(error.kind, str(error), error.details), headers)


def answer_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """One of the framework's: an unknown route, a wrong method, a body that is no JSON."""
    details: dict[str, Any] = {}
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        details["errors"] = error.extra
    kind = _KINDS.get(error.status_code) or _kind(error.status_code)
    return _answer(error.status_code, Problem(kind, _sentence(error), details), error.headers)


def answer_unforeseen(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A fault of ours: the answer has an id by which the server's log tells more."""
    return _unforeseen(error)


EXCEPTION_HANDLERS: Final[Mapping[Any, Any]] = {
    ServerError: answer_error,
    HTTPException: answer_http,
    Exception: answer_unforeseen,
}
"""What answers what, the most specific class first."""


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with our answer to what is wrong in place of the framework's."""
    _, components = msgspec.json.schema_components(
        (Problem,), ref_template="#/components/schemas/{name}"
    )
    document["components"]["schemas"].update(components)
    content = {MediaType.JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in document["paths"].values():
        for operation in methods.values():
            responses = operation["responses"]
            for status in [status for status in responses if str(status).startswith("4")]:
                del responses[status]
            responses["default"] = {"description": "What was wrong", "content": content}
    return document


def _unforeseen(error: Exception) -> Response[Problem]:
    number = uuid.uuid4().hex[:12]
    _log.error("request failed, id %s", number, exc_info=error)
    message = "Something failed on the server; its log tells more under this id"
    return _answer(500, Problem("InternalError", message, {"id": number}))


def _answer(
    status: int, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response[Problem]:
    return Response(
        problem, status_code=status, media_type=MediaType.JSON, headers=dict(headers or {})
    )


def _kind(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")


def _sentence(error: HTTPException) -> str:
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        first = error.extra[0]
        if isinstance(first, dict):
            return f"{first.get('key', 'body')}: {first.get('message', error.detail)}"
    return error.detail or HTTPStatus(error.status_code).phrase
