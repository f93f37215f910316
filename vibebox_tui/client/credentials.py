"""Tokens: where they come from, when they expire, how they are renewed."""

from typing import Protocol

import msgspec


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
    """Where a client's access token comes from."""

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
