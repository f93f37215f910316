"""The audit log: who changed what, from where, and what the answer was."""

import logging
from typing import Any, Final

USER: Final = "vibebox.user"
"""In a request's `state`: the id of the user who sent it, once it is known."""

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
        if scope["type"] != "http" or scope["method"] in _READING:
            await self._application(scope, receive, send)
            return
        status = 0

        async def see(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._application(scope, receive, see)
        finally:
            client = scope.get("client")
            note(
                "request",
                user=scope["state"].get(USER, "unknown"),
                address=client[0] if client else "local",
                method=scope["method"],
                path=scope["path"],
                status=status,
            )
