"""Access tokens (JWT): issued by us, verified by an allow-list of algorithms and their keys."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from vibebox_tui.protocol.models import Role
from vibebox_tui.server.auth import UnauthorizedError
from vibebox_tui.server.settings import JwtSettings, Secret

if TYPE_CHECKING:  # imported where it is used: with its cryptography it takes long to load
    import jwt

_OURS: Final = "HS256"
"""The only algorithm that is verified with the server's own secret."""

_ROLES: Final[tuple[Role, ...]] = ("viewer", "developer", "admin")
_JWKS_SECONDS: Final = 10
"""Time to fetch a key set in."""


_KEY_SETS: Final = ThreadPoolExecutor(1, thread_name_prefix="key-set")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a believed token says; `role` only where another party issued it with one.

    Times are seconds since the epoch; `issued_at` is 0 where the token doesn't say.
    """

    user_id: str
    expires_at: float
    email: str = ""
    role: Role | None = None
    issued_at: float = 0.0
    is_ours: bool = True
    """Whether we have signed it, and not another issuer."""


class Tokens:
    """Issues and verifies access tokens."""

    def __init__(
        self, secret: Secret, settings: JwtSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._secret = secret
        self._settings = settings
        self._clock = clock
        self._key_set: jwt.PyJWKClient | None = None

    def issue(self, user_id: str, seconds: float | None = None) -> str:
        """A token for a user of the store, for `seconds` or as the settings have it."""
        import jwt

        now = self._clock()
        lifetime = self._settings.access_seconds if seconds is None else seconds
        claims: dict[str, Any] = {"userId": user_id, "sub": user_id, "iat": now}
        claims["exp"] = int(now + lifetime)
        if self._settings.issuer is not None:
            claims["iss"] = self._settings.issuer
        if self._settings.audience is not None:
            claims["aud"] = self._settings.audience
        return jwt.encode(claims, self._secret.reveal(), algorithm=_OURS)

    async def verify(self, token: str) -> Claims:
        """What the token says.

        Raises:
            UnauthorizedError: it is not believed, or its time is up.
        """
        import jwt

        try:
            algorithm = jwt.get_unverified_header(token).get("alg")
            if algorithm == _OURS:
                return self._claims(self._decode(token, self._secret.reveal(), _OURS))
            if algorithm in self._settings.algorithms:
                key = await self._foreign_key(token)
                claims = self._claims(self._decode(token, key, algorithm))
                return dataclasses.replace(claims, is_ours=False)
        except jwt.ExpiredSignatureError as error:
            raise UnauthorizedError("The token has expired") from error
        except (jwt.PyJWTError, ValueError) as error:
            raise UnauthorizedError("The token is not valid") from error
        raise UnauthorizedError("The token is not valid")

    def _decode(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        import jwt

        settings = self._settings
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=settings.issuer,
            audience=settings.audience,
            leeway=settings.leeway_seconds,
            options={"require": ["exp"], "verify_aud": settings.audience is not None},
        )

    async def _foreign_key(self, token: str) -> Any:
        settings = self._settings
        if settings.public_key is not None:
            return settings.public_key
        if settings.jwks_url is None:
            raise UnauthorizedError("The token is not valid")
        if self._key_set is None:
            import jwt

            self._key_set = jwt.PyJWKClient(settings.jwks_url, timeout=_JWKS_SECONDS)
        # A thread of its own: who sends tokens of unknown keys holds up nothing but such tokens.
        signing_key = await asyncio.get_running_loop().run_in_executor(
            _KEY_SETS, self._key_set.get_signing_key_from_jwt, token
        )
        return signing_key.key

    def _claims(self, claims: dict[str, Any]) -> Claims:
        user_id = claims.get("userId") or claims.get("sub")
        if not isinstance(user_id, str):
            raise UnauthorizedError("The token names no user")
        role, email, issued_at = (claims.get(name) for name in ("role", "email", "iat"))
        return Claims(
            user_id=user_id,
            expires_at=float(claims["exp"]),
            email=email if isinstance(email, str) else "",
            role=role if role in _ROLES else None,
            issued_at=float(issued_at) if isinstance(issued_at, int | float) else 0.0,
        )
