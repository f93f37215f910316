"""One frame in flight: the next one waits until the terminal has taken in the last."""

QUESTION = "\x1b[5n"
"""Device status report (DSR, ctlseqs): whatever was written before it has been read when the
answer comes."""

ANSWER = "\x1b[0n"
"""The terminal is well. Ones that aren't answer `3`; none does."""

PATIENCE = 2.0
"""Seconds after which an answer counts as lost: a full screen over a slow line takes that long."""


class Pacing:
    """Knows whether a frame is on its way; times are seconds of any one clock.

    A terminal that has never answered isn't waited for: the first question, asked at the start,
    shows whether it will.
    """

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._has_answered = False

    @property
    def is_honest(self) -> bool:
        """Whether the terminal answers at all."""
        return self._has_answered

    def sent(self, now: float) -> None:
        """A frame and the question after it were written."""
        self._asked_at = now

    def answered(self) -> None:
        """The answer came."""
        self._has_answered = True
        self._asked_at = None

    def wait(self, now: float) -> float:
        """Seconds until the next frame may be written at the latest; 0: it may be now."""
        if self._asked_at is None or not self._has_answered:
            return 0.0
        return max(0.0, self._asked_at + PATIENCE - now)
