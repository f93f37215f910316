"""The REST application: its routes under the base path, its errors, its OpenAPI document."""

from typing import Any, Final

from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.serialization import encode_json

from vibebox_tui import __version__
from vibebox_tui.server.audit import ABOUT
from vibebox_tui.server.auth import Identity
from vibebox_tui.server.backend import Backend
from vibebox_tui.server.http_protocol import KNOWN
from vibebox_tui.server.routes.auth import AuthController
from vibebox_tui.server.routes.bodies import JsonRequest
from vibebox_tui.server.routes.environments import EnvironmentsController
from vibebox_tui.server.routes.operation import health, live, metrics, ready
from vibebox_tui.server.routes.problems import EXCEPTION_HANDLERS, with_problems
from vibebox_tui.server.routes.sessions import SessionsController
from vibebox_tui.server.routes.users import UsersController

MAX_BODY_BYTES: Final = 1024 * 1024
"""Longest request body: as long as the longest message."""


def create_application(backend: Backend) -> Litestar:
    """The ASGI application for `backend`."""

    async def provide_backend() -> Backend:
        return backend

    async def provide_identity(request: Request[Any, Any, Any]) -> Identity:
        identity = await backend.accounts.identify(_bearer(request))
        request.scope["state"][ABOUT]["user"] = identity.user_id
        if (known := request.scope["state"].get(KNOWN)) is not None:
            known()
        return identity

    router = Router(
        backend.settings.base_path or "/",
        route_handlers=[
            AuthController,
            UsersController,
            EnvironmentsController,
            SessionsController,
            health,
            live,
            ready,
            metrics,
            openapi_document,
        ],
        dependencies={
            "backend": Provide(provide_backend),
            "identity": Provide(provide_identity),
        },
    )
    return Litestar.from_config(
        AppConfig(
            route_handlers=[router],
            exception_handlers=dict(EXCEPTION_HANDLERS),
            openapi_config=_openapi(),
            request_class=JsonRequest,
            request_max_body_size=MAX_BODY_BYTES,
            logging_config=None,
            debug=False,
        )
    )


def _bearer(request: Request[Any, Any, Any]) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI document, rendered when it is first asked for."""
    document = with_problems(request.app.openapi_schema.to_schema())
    return Response(encode_json(document), media_type=MediaType.JSON)


def _openapi() -> OpenAPIConfig:
    """Describes the routes; the framework's own pages for it are served nowhere."""
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return OpenAPIConfig(
        title="VibeBox",
        version=__version__,
        components=Components(security_schemes={"bearer": bearer}),
        security=[{"bearer": []}],
        openapi_router=Router("/-", route_handlers=[], include_in_schema=False),
    )
