"""Passwords: argon2id, in a thread, since one check takes tens of milliseconds of a core."""

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_NOBODY: Final = "correct horse battery staple"
"""Checked where there is no such user, so that an answer's time doesn't tell."""


async def hash_password(password: str) -> str:
    """The argon2id hash, with its salt and parameters, as its library encodes it."""
    return await asyncio.to_thread(_hash, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is right; a missing hash takes as long and is never right."""
    return await asyncio.to_thread(_verify, password, password_hash)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # late: costs start-up time, needed at a log-in only

    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(_NOBODY)


def _hash(password: str) -> str:
    return _hasher().hash(password)


def _verify(password: str, password_hash: str | None) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        _hasher().verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
