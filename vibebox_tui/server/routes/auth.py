"""Log-in, refresh, log-out, and who one is."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import CookieParameter, JSONBody

from vibebox_tui.protocol.models import LoginRequest, RefreshRequest, Tokens, User
from vibebox_tui.server.audit import ABOUT
from vibebox_tui.server.routes.arguments import Caller, Server

Cookie = Annotated[str | None, CookieParameter(name="refreshToken", required=False)]
"""The refresh token of a browser."""


class AuthController(Controller):
    """`/auth`."""

    path = "/auth"
    tags = ("auth",)

    @post("/login", status_code=200, security=[{}])
    async def log_in(
        self, data: JSONBody[LoginRequest], backend: Server, request: Request[Any, Any, Any]
    ) -> Tokens:
        """Tokens for an email address and a password."""
        address = request.client.host if request.client is not None else "local"
        tokens = await backend.accounts.log_in(data.email, data.password, address)
        if tokens.user is not None:
            request.scope["state"][ABOUT]["user"] = tokens.user.id
        return tokens

    @post("/refresh", status_code=200, security=[{}])
    async def refresh(
        self, backend: Server, data: JSONBody[RefreshRequest | None] = None, cookie: Cookie = None
    ) -> Tokens:
        """New tokens for a refresh token, which is used up by that."""
        return await backend.accounts.refresh(_token(data, cookie))

    @post("/logout", status_code=204, security=[{}])
    async def log_out(
        self, backend: Server, data: JSONBody[RefreshRequest | None] = None, cookie: Cookie = None
    ) -> None:
        """Give up a refresh token and all that descend from the same log-in."""
        await backend.accounts.log_out(_token(data, cookie))

    @get("/me")
    async def me(self, backend: Server, identity: Caller) -> User:
        """Who the access token belongs to."""
        return await backend.accounts.whoami(identity)


def _token(data: JSONBody[RefreshRequest] | None, cookie: str | None) -> str | None:
    return (data.refresh_token if data is not None else None) or cookie
