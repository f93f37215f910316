"""What servers do that know only the guide, or less (protocol.md, "Other servers")."""

from typing import Any, Final

import msgspec

from vibebox_tui.client.errors import ApiError, UnexpectedAnswerError
from vibebox_tui.client.http_exchange import HttpExchange
from vibebox_tui.protocol.messages import ErrorReport
from vibebox_tui.protocol.models import Environment

_LIST_KEYS: Final = ("data", "projects", "environments", "items")
"""Where a list may be when the answer is an object."""

_NOT_FOUND: Final = 404

_BAD_TOKEN_WORDS: Final = ("invalid or expired token", "invalid token", "token expired")
"""What is said about a bad token where the guide has close code 4401."""


async def environments_by_project(http: HttpExchange) -> list[Environment]:
    """All environments of all projects, for a server without `GET /environments`."""
    projects = _objects(await http.fetch("GET", "/projects"))
    found: list[Environment] = []
    for project in projects:
        found += await _environments_of(http, str(project.get("id", "")))
    return found


def wants_environment_id(report: ErrorReport) -> bool:
    """Whether an `error` means that this server serves one environment per connection."""
    return "environmentid is required" in _words(report)


def wants_session_id(report: ErrorReport) -> bool:
    """Whether an `error` means that this server wants the session in the URL."""
    return "sessionid is required" in _words(report)


def refuses_token(report: ErrorReport) -> bool:
    """Whether an `error` is about the token."""
    if report.code:
        return report.code == "UNAUTHORIZED"
    return any(words in _words(report) for words in _BAD_TOKEN_WORDS)


def sentence(report: ErrorReport) -> str:
    """What an `error` says, wherever the server put it."""
    return report.error or report.message or report.code or "no reason given"


def _words(report: ErrorReport) -> str:
    return f"{report.error} {report.message}".lower()


async def _environments_of(http: HttpExchange, project_id: str) -> list[Environment]:
    for path in (
        f"/projects/{project_id}/environments",
        f"/environments/projects/{project_id}/environments",
    ):
        try:
            return [_environment(each) for each in _objects(await http.fetch("GET", path))]
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise
    return []


def _objects(content: bytes) -> list[dict[str, Any]]:
    """The objects of a list, wherever the answer has it."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UnexpectedAnswerError(f"the server's answer is no JSON: {error}") from error
    for _ in range(2):
        if isinstance(body, dict):
            body = next((body[key] for key in _LIST_KEYS if key in body), [])
    return [each for each in body if isinstance(each, dict)] if isinstance(body, list) else []


def _environment(found: dict[str, Any]) -> Environment:
    """What of `found` we know and can read; a field of another type is as good as missing."""
    known = {}
    for field in msgspec.structs.fields(Environment):
        try:
            known[field.name] = msgspec.convert(found[field.encode_name], field.type, strict=False)
        except (KeyError, msgspec.ValidationError):
            continue
    known.setdefault("id", "")
    known.setdefault("name", known["id"])
    return Environment(**known)
