"""Passwords: argon2id, in a thread, since one check takes tens of milliseconds of a core."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_NOBODY: Final = "correct horse battery staple"
"""Checked where there is no such user, so that an answer's time doesn't tell."""


_CHECKS: Final = ThreadPoolExecutor(2, thread_name_prefix="passwords")
"""So many at once: each takes a core and 64 MiB, and a crowd of log-ins only waits in line."""


async def hash_password(password: str) -> str:
    """The argon2id hash, with its salt and parameters, as its library encodes it."""
    return await asyncio.get_running_loop().run_in_executor(_CHECKS, _hash, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is right; a missing hash takes as long and is never right."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_CHECKS, _verify, password, password_hash)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # late: costs start-up time, needed at a log-in only

    return PasswordHasher()


@cache
def _nobodys_hash(hasher: "PasswordHasher") -> str:
    return hasher.hash(_NOBODY)


def _hash(password: str) -> str:
    return _hasher().hash(password)


def _verify(password: str, password_hash: str | None) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    hasher = _hasher()
    nobodys = _nobodys_hash(hasher)  # made by whoever comes first, known or not
    try:
        hasher.verify(password_hash or nobodys, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
