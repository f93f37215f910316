"""What a terminal's keeper remembers for the next server: what was typed, and the sizes it had."""

from typing import Final

from vibebox_tui.server.keeper.wire import PART

_CLIENTS: Final = 64
"""Clients whose last input is remembered for each terminal, the latest ones."""

_SIZES: Final = 64
"""Changes of size remembered since the last saved screen; of more, the oldest are forgotten."""


class InputMemory:
    """The last numbered input of each client, so that none is typed twice.

    It lives as long as the terminal does: what is remembered and what is typed are never apart.
    """

    def __init__(self) -> None:
        self._inputs: dict[str, tuple[int, int, bool]] = {}

    def take(self, number: int, payload: bytes) -> bytes:
        """Remember a part of an input; what of it is to be typed, nothing where it has been."""
        offset, last, length = PART.unpack_from(payload)
        name_end = PART.size + length
        client = payload[PART.size : name_end].decode()
        data = payload[name_end:]
        known, taken, complete = self._inputs.pop(client, (0, 0, True))
        if number < known or (number == known and (complete or offset < taken)):
            self._inputs[client] = (known, taken, complete)
            return b""
        self._inputs[client] = (number, offset + len(data), bool(last))
        if len(self._inputs) > _CLIENTS:
            del self._inputs[next(iter(self._inputs))]
        return data

    def describe(self) -> dict[str, tuple[int, int, bool]]:
        """By client: the last input's number, how much of it was taken, and whether all."""
        return self._inputs


class SizeMemory:
    """The sizes that a terminal had, each from an output position on."""

    def __init__(self) -> None:
        self._sizes: list[tuple[int, int, int]] = []

    def add(self, position: int, rows: int, columns: int) -> None:
        """It has this size from here on."""
        self._sizes.append((position, rows, columns))
        del self._sizes[:-_SIZES]

    def forget_before(self, position: int) -> None:
        """Keep what holds from `position` on."""
        while len(self._sizes) > 1 and self._sizes[1][0] <= position:
            del self._sizes[0]

    def describe(self) -> list[tuple[int, int, int]]:
        """Position, rows and columns of each."""
        return self._sizes
