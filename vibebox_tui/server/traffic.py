"""What has passed through this server's connections since its start."""

from collections import Counter


class Traffic:
    """Plain counts, which cost next to nothing where much passes.

    `sent` counts by kind (`log` in entries, `status`, `terminal`, `reply` in messages), `dropped`
    by what it was: messages `rate limited` or `invalid`, `log entries` that retention deleted
    before a slow reader had them, `statuses` in whose place a newer one was sent, `terminal
    output` in whose place the screen was drawn anew.
    """

    def __init__(self) -> None:
        self.received = 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self.sent: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
