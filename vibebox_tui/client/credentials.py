"""Tokens: where they come from, when they expire, how they are renewed."""

import asyncio
import base64
import binascii
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from vibebox_tui.client.clock import Clock, SystemClock
from vibebox_tui.client.errors import ClientError, CredentialsError, LoginRequiredError

_log = logging.getLogger(__name__)

AHEAD: Final = 30.0
"""Seconds before its expiry from which on a token is replaced: more than a request takes."""

COMMAND_TIMEOUT: Final = 30.0
"""Seconds that a token command gets: enough for a password manager that asks for a touch."""


class Secret:
    """A string that appears in no repr, no log line and no traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


class Credentials(Protocol):
    """Where a client's access token comes from; an empty one means that none is sent."""

    async def token(self) -> Secret:
        """A token that is good for at least `AHEAD` more seconds, as far as can be known.

        Raises:
            CredentialsError: none can be had; LoginRequiredError where the user must log in.
        """
        ...

    async def refresh(self) -> Secret:
        """Another token, because the server refused the present one.

        Raises:
            CredentialsError: there is no other; LoginRequiredError where the user must log in.
        """
        ...

    @property
    def expires_at(self) -> float | None:
        """When the present token expires, in seconds since the epoch; None: not known, never."""
        ...


class StaticToken:
    """A token that was given: by an option, a variable or a configuration file."""

    def __init__(self, token: str, *, clock: Clock | None = None) -> None:
        self._token = Secret(token.strip())
        self._clock = clock or SystemClock()
        self.expires_at = expiry(self._token)

    async def token(self) -> Secret:
        if self.expires_at is not None and self.expires_at <= self._clock.now():
            raise LoginRequiredError("the token has expired; give a new one or log in again")
        return self._token

    async def refresh(self) -> Secret:
        raise LoginRequiredError("the server refused the token; give another one or log in again")


class RenewedToken(ABC):
    """A token that is fetched when it is needed, and again ahead of its expiry."""

    def __init__(self, clock: Clock | None) -> None:
        self._clock = clock or SystemClock()
        self._token: Secret | None = None
        self._turn = asyncio.Lock()

    @property
    def expires_at(self) -> float | None:
        return None if self._token is None else expiry(self._token)

    async def token(self) -> Secret:
        async with self._turn:
            if self._token is None or self._left() <= 0:
                self._token = await self._fetch(None)
            elif self._left() <= AHEAD:
                await self._fetch_ahead()
            return self._token

    async def refresh(self) -> Secret:
        """Fetch another; several callers who were refused at the same time share one fetch."""
        refused = self._token
        async with self._turn:
            if self._token is None or self._token == refused:
                self._token = await self._fetch(refused)
            if self._token == refused:
                raise LoginRequiredError("the server refused the token, and there is no other one")
            return self._token

    def _left(self) -> float:
        """Seconds that the token still holds."""
        return math.inf if self.expires_at is None else self.expires_at - self._clock.now()

    async def _fetch_ahead(self) -> None:
        """Take another token if there is one; the present one will do for a moment."""
        try:
            self._token = await self._fetch(self._token)
        except ClientError as error:
            _log.warning("the token can't be renewed yet: %s", error)

    @abstractmethod
    async def _fetch(self, stale: Secret | None) -> Secret:
        """A token, another one than `stale` if that can be had."""


class TokenFile(RenewedToken):
    """A token in a file that somebody else writes, as the local server does at each start."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._path = path

    async def _fetch(self, stale: Secret | None) -> Secret:
        try:
            text = await asyncio.to_thread(self._path.read_text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise CredentialsError(f"cannot read the credential {self._path}: {reason}") from error
        if not text.strip():
            raise CredentialsError(f"the credential {self._path} is empty")
        return Secret(text.strip())


class TokenCommand(RenewedToken):
    """A command whose output is the token; run when one is needed, kept until it expires."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout: float = COMMAND_TIMEOUT,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(clock)
        self._command = list(command)
        self._timeout = timeout

    async def _fetch(self, stale: Secret | None) -> Secret:
        output = await self._run()
        token = output.decode("utf-8", "replace").strip()
        if not token:
            raise CredentialsError(f"the token command {self._command[0]!r} printed nothing")
        if any(character.isspace() for character in token):
            raise CredentialsError(
                f"the token command {self._command[0]!r} must print a token and nothing else"
            )
        return Secret(token)

    async def _run(self) -> bytes:
        name = self._command[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise CredentialsError(f"cannot run {name!r}: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._timeout):
                output, complaint = await process.communicate()
        except TimeoutError as error:
            raise CredentialsError(f"{name!r} gave no token in {self._timeout:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            lines = complaint.decode("utf-8", "replace").strip().splitlines()
            why = f": {lines[-1][:200]}" if lines else ""
            raise CredentialsError(f"{name!r} failed with exit code {process.returncode}{why}")
        return output


class _Claims(msgspec.Struct):
    exp: float | None = None


def expiry(token: Secret) -> float | None:
    """When a JWT says that it expires; None where it doesn't, or where it is no JWT.

    The signature is the server's business; this only spares us a refusal that is foreseeable.
    """
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Claims).exp
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
