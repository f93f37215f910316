"""What is typed into a terminal: numbered, kept until it is acknowledged, within bounds. Pure."""

import uuid
from collections import deque
from dataclasses import dataclass
from typing import Final

PENDING_LIMIT: Final = 64 * 1024
"""Characters kept that couldn't be sent yet; what is typed beyond it is refused, and said so."""

WINDOW: Final = 64 * 1024
"""Characters sent and not acknowledged, at which sending pauses."""

CHUNK: Final = 16 * 1024
"""Characters in one message: far below the message limit, however they are escaped."""


@dataclass(frozen=True, slots=True)
class Input:
    """A piece of input with its number, from 1; sent again it keeps the number."""

    number: int
    data: str


class InputQueue:
    """Pieces of input in the order in which they were typed.

    `client_id` names the writer to the server, which by it and the numbers writes each once.
    """

    def __init__(self) -> None:
        self.client_id = uuid.uuid4().hex
        self.refused = 0
        """Characters not taken since the last look at it."""
        self._sent: deque[Input] = deque()
        self._sent_size = 0
        self._pending: deque[str] = deque()
        self._pending_size = 0
        self._number = 0

    @property
    def pending(self) -> int:
        """Characters that haven't been sent."""
        return self._pending_size

    @property
    def sent(self) -> int:
        """Characters that have been sent and not acknowledged."""
        return self._sent_size

    @property
    def pending_text(self) -> str:
        """What hasn't been sent, in order."""
        return "".join(self._pending)

    def type(self, data: str) -> None:
        """Add input; nothing of a piece is taken that doesn't fit as a whole."""
        if self._pending_size + len(data) > PENDING_LIMIT:
            self.refused += len(data)
            return
        self._pending.append(data)
        self._pending_size += len(data)

    def next_to_send(self) -> Input | None:
        """The next piece; None where there is none or too much is unacknowledged already."""
        if not self._pending or self._sent_size >= WINDOW:
            return None
        data = "".join(self._pending)
        data, rest = data[:CHUNK], data[CHUNK:]
        self._pending = deque([rest] if rest else [])
        self._pending_size = len(rest)
        self._number += 1
        piece = Input(self._number, data)
        self._sent.append(piece)
        self._sent_size += len(data)
        return piece

    @property
    def unacknowledged(self) -> list[Input]:
        """What was sent and may not have been written, in order."""
        return list(self._sent)

    @property
    def last_number(self) -> int:
        """The number of the newest piece that was sent."""
        return self._number

    def acknowledge(self, number: int) -> None:
        """Everything up to `number` has been written."""
        while self._sent and self._sent[0].number <= number:
            self._sent_size -= len(self._sent.popleft().data)

    def give_up_sent(self) -> str:
        """Forget what was sent and not acknowledged; return it."""
        data = "".join(piece.data for piece in self._sent)
        self._sent.clear()
        self._sent_size = 0
        return data

    def discard_pending(self) -> int:
        """Forget what hasn't been sent; return how many characters that was."""
        size, self._pending_size = self._pending_size, 0
        self._pending.clear()
        return size
