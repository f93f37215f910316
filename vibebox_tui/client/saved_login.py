"""A login that lasts: a refresh token in a private file, exchanged for access tokens.

Several dashboards may share the file. A refresh token is used up by its exchange, so whoever
exchanges it holds a lock, and looks first whether another one has just done it.
"""

import asyncio
import fcntl
import hashlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.clock import Clock
from vibebox_tui.client.credentials import AHEAD, RenewedToken, Secret, expiry
from vibebox_tui.client.errors import ApiError, ClientError, CredentialsError, LoginRequiredError
from vibebox_tui.paths import private_directory, state_directory
from vibebox_tui.protocol.models import Tokens

LOCK_TIMEOUT: Final = 20.0
"""Seconds to wait for another dashboard's exchange: longer than a request may take."""

LOCK_LOOK: Final = 0.05
"""Seconds between two looks at the lock."""

_UNAUTHORIZED: Final = 401

Exchange = Callable[[str], Awaitable[Tokens]]
"""Exchanges a refresh token for new tokens, as `RestClient.refresh` does."""


class Login(msgspec.Struct, rename="camel"):
    """What the file holds."""

    address: str
    refresh_token: str
    access_token: str = ""

    def __repr__(self) -> str:
        return f"Login(address={self.address!r}, …)"


def login_file(address: ServerAddress) -> Path:
    """Where the login for a server is kept, in the state directory."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", str(address))[:60]
    digest = hashlib.sha256(str(address).encode()).hexdigest()[:8]
    return state_directory() / "logins" / f"{name}-{digest}.json"


def save_login(path: Path, address: ServerAddress, tokens: Tokens) -> None:
    """Keep the tokens of a fresh login, readable for its owner alone.

    Raises:
        CredentialsError: the file can't be written.
    """
    _write(path, Login(str(address), tokens.refresh_token, tokens.access_token))


def forget_login(path: Path) -> str | None:
    """Remove a login and return its refresh token; None where there is none to be given up."""
    with suppress(ClientError):
        refresh_token = _read(path).refresh_token
        path.unlink(missing_ok=True)
        return refresh_token
    path.unlink(missing_ok=True)
    return None


class SavedLogin(RenewedToken):
    """Access tokens by the refresh token in a file, which is rotated at each use."""

    def __init__(self, path: Path, exchange: Exchange, *, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._path = path
        self._exchange = exchange

    async def _fetch(self, stale: Secret | None) -> Secret:
        async with _locked(self._path):
            login = _read(self._path)
            shared = Secret(login.access_token)
            if shared and shared != stale and self._is_good(shared):
                return shared
            try:
                tokens = await self._exchange(login.refresh_token)
            except ApiError as error:
                if error.status != _UNAUTHORIZED:
                    raise
                raise LoginRequiredError("the login has expired; log in again") from error
            _write(self._path, Login(login.address, tokens.refresh_token, tokens.access_token))
            return Secret(tokens.access_token)

    def _is_good(self, token: Secret) -> bool:
        expires_at = expiry(token)
        return expires_at is None or expires_at - AHEAD > self._clock.now()


def _read(path: Path) -> Login:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Login)
    except FileNotFoundError as error:
        raise LoginRequiredError(
            "not logged in; log in with `vibebox login`, or give a token with VIBEBOX_TOKEN"
        ) from error
    except OSError as error:
        raise CredentialsError(f"cannot read the login {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise LoginRequiredError(f"the login {path} is damaged; log in again") from error


def _write(path: Path, login: Login) -> None:
    """Replace the file as a whole, so that a crash leaves the old login or the new one."""
    beside = path.with_suffix(f".{os.getpid()}.new")
    try:
        private_directory(path.parent)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(login))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise CredentialsError(f"cannot keep the login {path}: {error.strerror}") from error


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """Hold the lock beside `path`, which the kernel gives back whatever happens to its holder."""
    lock = path.with_suffix(".lock")
    try:
        private_directory(path.parent)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CredentialsError(f"cannot lock the login {path}: {error.strerror}") from error
    try:
        await _acquire(descriptor, path)
        yield
    finally:
        os.close(descriptor)


async def _acquire(descriptor: int, path: Path) -> None:
    try:
        async with asyncio.timeout(LOCK_TIMEOUT):
            while not _try_lock(descriptor):  # noqa: ASYNC110 the holder is another process
                await asyncio.sleep(LOCK_LOOK)
    except TimeoutError as error:
        raise CredentialsError(f"another dashboard holds the login {path} for too long") from error


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
