"""The REST application, loaded in a thread while the server starts and answers WebSockets."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from vibebox_tui.server.backend import Backend

if TYPE_CHECKING:
    from litestar import Litestar


class LateApplication:
    """An ASGI application that has the first requests wait until it is there.

    Its libraries take longer to import than everything else does to start; the import begins
    when this is made.
    """

    def __init__(self) -> None:
        self._importing = asyncio.create_task(asyncio.to_thread(_import))
        self._making: asyncio.Task[Litestar] | None = None

    def make_for(self, backend: Backend) -> None:
        """Make the application for `backend` as soon as its libraries are loaded."""
        self._making = asyncio.create_task(self._make(backend))

    async def close(self) -> None:
        """Let a thread end that still imports."""
        with contextlib.suppress(Exception):
            await (self._making or self._importing)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if self._making is None:
            raise RuntimeError("the application is asked before anything can listen for it")
        application = await asyncio.shield(self._making)
        await application(scope, receive, send)

    async def _make(self, backend: Backend) -> "Litestar":
        await self._importing
        return await asyncio.to_thread(_create, backend)


def _import() -> None:
    import jwt  # noqa: F401  # for the first token

    import vibebox_tui.server.routes  # noqa: F401  # for `_create`


def _create(backend: Backend) -> "Litestar":
    from vibebox_tui.server.routes import create_application

    return create_application(backend)
