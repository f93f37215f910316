"""Accounts: log-in, refresh, log-out, users; and whose token that is."""

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from vibebox_tui.protocol import models
from vibebox_tui.protocol.models import CreateUserRequest, UpdateUserRequest, User
from vibebox_tui.server.audit import note
from vibebox_tui.server.auth import Identity, UnauthorizedError
from vibebox_tui.server.errors import UserNotFoundError
from vibebox_tui.server.limits import LoginThrottle, origin_of
from vibebox_tui.server.passwords import hash_password, verify_password
from vibebox_tui.server.records import RefreshTokenRecord, UserRecord
from vibebox_tui.server.settings import JwtSettings, LimitSettings
from vibebox_tui.server.store import Store
from vibebox_tui.server.tokens import Tokens

LOCAL_USER: Final = "local"
"""The id of the admin who can read the credential beside the server's socket."""

_LOCAL_EMAIL: Final = "local@localhost"
_NO_PASSWORD: Final = "!"
"""A hash that no password has: the local user comes in by its credential only."""

_REMEMBERED_SECONDS: Final = 1.0
"""How long a token isn't verified again: who comes opens several connections, and asks by REST."""

_CREDENTIAL_SECONDS: Final = 365 * 24 * 3600.0
"""Life of a local credential; it is written anew at every start."""


class Accounts:
    """Users and their tokens. `on_revoked` is told whose access has changed or ended."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        jwt: JwtSettings,
        limits: LimitSettings,
        on_revoked: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._jwt = jwt
        self._throttle = LoginThrottle(limits.logins_per_minute)
        self._on_revoked = on_revoked
        self._clock = clock
        self._believed: dict[str, tuple[models.Role, float]] = {}
        """Role of each user that came, and since when its tokens hold."""
        self._remembered: dict[str, tuple[Identity, float]] = {}
        """Whose the tokens are that came last, each until when that isn't asked again."""

    # --- who is that -----------------------------------------------------------------------

    async def identify(self, token: str | None) -> Identity:
        """Whose token that is.

        Raises:
            UnauthorizedError: there is none, it isn't believed, or its user has gone.
        """
        if not token:
            raise UnauthorizedError("An access token is required")
        known = self.remembered(token)
        if known is None:
            now = self._clock()
            known = await self._identify(token)
            self._remember(token, known, now)
        return known

    def remembered(self, token: str | None) -> Identity | None:
        """Whose token that is, where that was found out a moment ago."""
        now = self._clock()
        known, until = self._remembered.get(token or "", (None, 0.0))
        return known if now < until <= now + _REMEMBERED_SECONDS else None

    async def _identify(self, token: str) -> Identity:
        claims = await self._tokens.verify(token)
        if claims.user_id == LOCAL_USER and not claims.is_ours:
            raise UnauthorizedError("No other issuer speaks for the local user")
        user = await self._store.user(claims.user_id)
        if user is not None and claims.issued_at < user.tokens_since:
            raise UnauthorizedError("The token was revoked; log in again")
        if user is not None and not user.disabled:
            self._believe(user)
            return Identity(user.id, user.email, user.role, claims.expires_at)
        if user is None and claims.role is not None:
            return Identity(claims.user_id, claims.email, claims.role, claims.expires_at)
        raise UnauthorizedError("The user of this token no longer exists")

    async def is_still(self, user_id: str) -> bool:
        """Whether a user is what it was when it came; one that only its token knows, always."""
        believed = self._believed.get(user_id)
        if believed is None:
            return True
        user = await self._store.user(user_id)
        is_still = user is not None and not user.disabled and _standing(user) == believed
        if not is_still:
            self._forget(user_id)
        return is_still

    async def whoami(self, identity: Identity) -> User:
        """The user behind an identity, as far as it is known here."""
        user = await self._store.user(identity.user_id)
        if user is not None:
            return user.representation()
        return User(identity.user_id, identity.email, identity.role, created_at="")

    async def local_credential(self) -> str:
        """A token for the admin of the user's own server, made known where it is new."""
        if await self._store.user(LOCAL_USER) is None:
            await self._store.save_user(
                UserRecord(LOCAL_USER, _LOCAL_EMAIL, "admin", _NO_PASSWORD, self._now())
            )
        return self._tokens.issue(LOCAL_USER, _CREDENTIAL_SECONDS)

    # --- log-in and log-out ----------------------------------------------------------------

    async def log_in(self, email: str, password: str, address: str) -> models.Tokens:
        """Tokens for a password; `address` is where the attempt comes from.

        Raises:
            UnauthorizedError: no such user or another password, told alike.
            RateLimitedError: too many failures for this account or address.
        """
        keys = (f"account {email.casefold()}", f"address {origin_of(address)}")
        self._throttle.attempt(*keys)
        user = await self._store.user_by_email(email)
        right = await verify_password(password, None if user is None else user.password_hash)
        if user is None or user.disabled or not right:
            note("log-in refused", user=email, address=address)
            raise UnauthorizedError("Wrong email or password")
        self._throttle.succeeded(*keys)
        note("logged in", user=user.id, address=address)
        return await self._new_tokens(user, family=str(uuid.uuid4()))

    async def refresh(self, refresh_token: str | None) -> models.Tokens:
        """New tokens for a refresh token, which is used up by that.

        Within a grace time it may be used again (an answer may get lost); later that revokes all
        that descends from the same log-in.

        Raises:
            UnauthorizedError: it is not known, used, revoked or has expired.
        """
        record = await self._known(refresh_token)
        now = self._clock()
        if record.used_at is not None and now - record.used_at > self._jwt.reuse_grace_seconds:
            await self._store.revoke_family(record.family)
            note("refresh token used again", user=record.user_id)
            raise UnauthorizedError("The refresh token was used before; log in again")
        user = await self._store.user(record.user_id)
        if user is None or user.disabled:
            raise UnauthorizedError("The user of this token no longer exists")
        if record.used_at is None:
            await self._store.save_refresh_token(msgspec.structs.replace(record, used_at=now))
        return await self._new_tokens(user, record.family)

    async def log_out(self, refresh_token: str | None) -> None:
        """Give up a refresh token with all that descends from the same log-in."""
        try:
            record = await self._known(refresh_token)
        except UnauthorizedError:
            return
        await self._store.revoke_family(record.family)

    # --- users -----------------------------------------------------------------------------

    async def users(self) -> list[User]:
        """All users, oldest first."""
        return [user.representation() for user in await self._store.users()]

    async def user(self, user_id: str) -> User:
        """The user with this id. Raises UserNotFoundError."""
        return (await self._record(user_id)).representation()

    async def create(self, request: CreateUserRequest) -> User:
        """Add a user. Raises ConflictError where the address is taken."""
        hashed = await hash_password(request.password)
        user = UserRecord(str(uuid.uuid4()), request.email, request.role, hashed, self._now())
        await self._store.save_user(user)
        return user.representation()

    async def update(self, user_id: str, request: UpdateUserRequest) -> User:
        """Change a user, whose connections and tokens end with that.

        Raises UserNotFoundError, ConflictError where no admin would be left.
        """
        changes: dict[str, object] = {"tokens_since": self._clock()}
        if request.role is not None:
            changes["role"] = request.role
        if request.password is not None:
            changes["password_hash"] = await hash_password(request.password)
        user = await self._store.change_user(user_id, changes)
        self._forget(user_id)
        await self._store.revoke_user_tokens(user_id)
        self._on_revoked(user_id)
        return user.representation()

    async def delete(self, user_id: str) -> None:
        """Forget a user and end its connections.

        Raises UserNotFoundError, ConflictError where no admin would be left.
        """
        await self._store.delete_user(user_id)
        self._forget(user_id)
        self._on_revoked(user_id)

    # --- helpers ---------------------------------------------------------------------------

    def _remember(self, token: str, identity: Identity, now: float) -> None:
        until = min(now + _REMEMBERED_SECONDS, identity.expires_at)
        lately = {each: entry for each, entry in self._remembered.items() if now < entry[1]}
        self._remembered = {**lately, token: (identity, until)}

    def _forget(self, user_id: str) -> None:
        """Have a user's tokens verified anew."""
        self._remembered = {
            token: entry for token, entry in self._remembered.items() if entry[0].user_id != user_id
        }

    def _believe(self, user: UserRecord) -> None:
        """Remember what a user is; where the command line has changed it since it last came, what
        it has open from before ends."""
        standing = _standing(user)
        if self._believed.get(user.id, standing) != standing:
            self._on_revoked(user.id)
        self._believed[user.id] = standing

    async def _new_tokens(self, user: UserRecord, family: str) -> models.Tokens:
        refresh_token = secrets.token_urlsafe(32)
        now = self._clock()
        await self._store.save_refresh_token(
            RefreshTokenRecord(
                token_hash=_hash(refresh_token),
                family=family,
                user_id=user.id,
                created_at=now,
                expires_at=now + self._jwt.refresh_seconds,
            )
        )
        return models.Tokens(self._tokens.issue(user.id), refresh_token, user.representation())

    async def _known(self, refresh_token: str | None) -> RefreshTokenRecord:
        if not refresh_token:
            raise UnauthorizedError("A refresh token is required")
        record = await self._store.refresh_token(_hash(refresh_token))
        if record is None or record.revoked or record.expires_at <= self._clock():
            raise UnauthorizedError("The refresh token is not valid")
        return record

    async def _record(self, user_id: str) -> UserRecord:
        user = await self._store.user(user_id)
        if user is None:
            raise UserNotFoundError(user_id)
        return user

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._clock(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _standing(user: UserRecord) -> tuple[models.Role, float]:
    return user.role, user.tokens_since


def _hash(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()
