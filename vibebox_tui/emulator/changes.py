"""What an emulator has changed since it was last asked."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changes:
    """What to draw again; false when there is nothing.

    `rows` are the numbers of the screen's rows that changed, ascending. `scrolled` is how many
    lines went into the scrollback since (at most what it holds): a widget that shows scrollback
    and wants to keep its place moves up by as many. `everything` says that nothing drawn before
    holds any more (a resize, the other buffer, reverse video, a cleared scrollback).
    """

    rows: Sequence[int] = ()
    scrolled: int = 0
    everything: bool = False
    cursor: bool = False
    """The cursor has moved or looks different."""

    def __bool__(self) -> bool:
        return bool(self.rows or self.scrolled or self.everything or self.cursor)


NOTHING = Changes()
"""The answer when nothing changed."""
