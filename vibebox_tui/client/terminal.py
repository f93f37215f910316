"""The terminal of a session, as a pane reads and writes it."""

from vibebox_tui.client.events import TerminalEvent
from vibebox_tui.client.subscription import Subscription


class TerminalLink(Subscription[TerminalEvent]):
    """Output as events, input by `send`; survives any number of reconnects.

    Neither `send` nor `resize` waits: what can't go out now is kept (up to 64 KiB) and shown by
    `InputPending` events.
    """

    def send(self, data: str) -> None:
        """Write `data` to the session, once and in order, now or when the link is back."""

    def resize(self, rows: int, columns: int) -> None:
        """Give the session this size; only the last one asked for while disconnected is sent."""

    def release_pending(self) -> None:
        """The user agrees: send what was typed while disconnected."""

    def discard_pending(self) -> None:
        """Forget what was typed while disconnected."""
