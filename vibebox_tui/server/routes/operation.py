"""How the server is."""

import asyncio
import time
from typing import Final

from litestar import MediaType, Response, get
from litestar.openapi.datastructures import ResponseSpec

from vibebox_tui import __version__
from vibebox_tui.protocol.models import Health
from vibebox_tui.server.backend import Backend
from vibebox_tui.server.routes.arguments import Server

_PATIENCE: Final = 2.0
"""Seconds in which the store has to answer."""


@get("/health", security=[{}])
async def health(backend: Server) -> Health:
    """Whether it is up, and which it is; needs no token."""
    return await _health(backend)


@get("/health/live", security=[{}])
async def live(backend: Server) -> Health:
    """200 as long as it answers at all."""
    return await _health(backend)


@get(
    "/health/ready",
    security=[{}],
    responses={503: ResponseSpec(Health, generate_examples=False, description="Not ready")},
)
async def ready(backend: Server) -> Response[Health]:
    """200 where it can do what it is for, else 503."""
    found = await _health(backend)
    return Response(found, status_code=200 if found.ready else 503, media_type=MediaType.JSON)


@get("/metrics", security=[{}], media_type="text/plain; version=0.0.4; charset=utf-8")
async def metrics(backend: Server) -> Response[bytes]:
    """What it counts, as Prometheus text."""
    from vibebox_tui.server.metrics_page import render  # late: nobody may ever ask

    return Response(render(backend), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _health(backend: Backend) -> Health:
    reasons = []
    if backend.vitals.is_stopping:
        reasons.append("it is stopping")
    if not await _store_is_ready(backend):
        reasons.append("its store can't be written")
    return Health(
        "ok" if not reasons else "degraded",
        __version__,
        round(time.time() - backend.started_at, 3),
        ready=not reasons,
        reasons=reasons,
    )


async def _store_is_ready(backend: Backend) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await backend.store.is_ready()
    except TimeoutError:
        return False
