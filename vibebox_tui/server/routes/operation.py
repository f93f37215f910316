"""How the server is."""

import time

from litestar import Response, get

from vibebox_tui import __version__
from vibebox_tui.protocol.models import Health
from vibebox_tui.server.routes.arguments import Server


@get("/health", security=[{}])
async def health(backend: Server) -> Health:
    """Whether it is up, and which it is; needs no token."""
    return Health("ok", __version__, round(time.time() - backend.started_at, 3))


@get("/metrics", security=[{}], media_type="text/plain; version=0.0.4; charset=utf-8")
async def metrics(backend: Server) -> Response[bytes]:
    """What it counts, as Prometheus text."""
    from vibebox_tui.server.metrics_page import render  # late: nobody may ever ask

    return Response(render(backend), media_type="text/plain; version=0.0.4; charset=utf-8")
