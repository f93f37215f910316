"""Which numbered inputs a session has had, so that what is sent again is typed once."""

import hashlib
from collections.abc import Mapping
from typing import Final

from vibebox_tui.server.runtimes.base import InputNumber

_CLIENTS: Final = 64
"""Clients whose last input number is kept for each session, the latest ones."""

_NAME: Final = 64
"""Characters of a client's name that are kept as they are; a longer name is kept as its hash."""


class TypedInputs:
    """By client the last number, how much of that input was taken, and whether all of it.

    `known` is what outlived the server before this one, which may have died halfway.
    """

    def __init__(self, known: Mapping[str, tuple[int, int, bool]] | None = None) -> None:
        self._last = {client: (*last,) for client, last in (known or {}).items()}

    def admit(self, client_id: str, number: int) -> InputNumber | None:
        """The input to be typed, from where it is missing; None where it was typed before."""
        client = _name(client_id)
        known, taken, complete = self._last.pop(client, (0, 0, True))
        if number < known or (number == known and complete):
            self._last[client] = (known, taken, complete)
            return None
        self._last[client] = (number, 0, True)
        if len(self._last) > _CLIENTS:
            del self._last[next(iter(self._last))]
        return InputNumber(client, number, taken if number == known else 0)


def _name(client_id: str) -> str:
    if len(client_id) <= _NAME:
        return client_id
    return hashlib.sha256(client_id.encode()).hexdigest()
