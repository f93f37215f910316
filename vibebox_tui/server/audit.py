"""The audit log: who changed what, from where, and what the answer was."""

import asyncio
import logging
import uuid
from typing import Any, Final

from vibebox_tui.server.journal import about

ABOUT: Final = "vibebox.about"
"""In a request's `state`: what is logged is about this; the `user` is added once it is known."""

_log = logging.getLogger(__name__)

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def note(event: str, **facts: object) -> None:
    """Write one entry: a sentence for people, with the same facts for programs."""
    said = ", ".join(f"{name} {value}" for name, value in facts.items())
    _log.info("%s: %s", event, said, extra={"event": event, **facts})


class Audited:
    """An ASGI application whose requests are noted, but for those that only read.

    Neither bodies nor query strings are: they may have passwords and tokens in them.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, and note it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        facts = {"request": uuid.uuid4().hex[:12]}
        about(facts)
        scope["state"][ABOUT] = facts
        status = 0

        async def see(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._application(scope, receive, see)
        except asyncio.CancelledError:
            # The root of the request's task, which the server ends when it stops.
            if not status:
                await _say_that_it_stops(see)
        finally:
            if scope["method"] not in _READING:
                _note_request(scope, facts, status)
            facts.clear()


async def _say_that_it_stops(send: Any) -> None:
    body = b'{"error":"ServiceUnavailable","message":"The server is stopping","details":{}}'
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _note_request(scope: Any, facts: dict[str, str], status: int) -> None:
    client = scope.get("client")
    note(
        "request",
        user=facts.get("user", "unknown"),
        address=client[0] if client else "local",
        method=scope["method"],
        path=scope["path"],
        status=status,
    )
