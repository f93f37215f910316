"""What a user should hear of wherever they look: what is wrong, what happened, the last errors."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.ui.glyphs import Glyphs
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import EnvironmentKey
from vibebox_tui.ui.theme import state_token

EVENTS_KEPT: Final = 50
"""Events that are remembered: more than a list of them has room for."""

ERRORS_LISTED: Final = 50
"""Errors of all environments that are listed, the newest of them."""


class Notice(NamedTuple):
    """One thing to be told: when (seconds since the epoch), of whom, what, in which ink.

    `glyph` stands before it; `at` is None for what is so now.
    """

    name: str
    text: str
    ink: str
    glyph: str = ""
    at: float | None = None


class Lead(NamedTuple):
    """A notice, and what leads to where one sees more of it; None where nothing does."""

    notice: Notice
    go: Callable[[], object] | None = None


class Events:
    """What happened to environments and links since the dashboard began, the newest first.

    Told are changes of state, not of what can't be seen: a lost link makes no environment stop.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        self._states: dict[EnvironmentKey, tuple[str, str]] = {}
        self._begun: set[str] = set()
        """The servers whose environments have been seen."""
        self._lost: set[str] = set()
        """The servers whose links are down."""
        self._seen: deque[tuple[Notice, EnvironmentKey | None]] = deque(maxlen=EVENTS_KEPT)

    def leads(self, go: Callable[[EnvironmentKey], object]) -> list[Lead]:
        """All of them, each with a way to the environment that it is about, if there is one."""
        return [
            Lead(notice, None if key is None else partial(go, key)) for notice, key in self._seen
        ]

    def take(self, rows: Sequence[EnvironmentRow], now: float) -> None:
        """Note what is otherwise than it was; the first rows of a server are how it begins."""
        before = self._states
        states = {row.key: (row.state, row.full_name) for row in rows if not row.is_stale}
        unseen = {row.key for row in rows if row.is_stale}
        for row in rows:
            known = before.get(row.key)
            has_begun = row.key.server in self._begun
            if has_begun and not row.is_stale and (known is None or known[0] != row.state):
                self._note(row.full_name, _what(row, is_new=known is None), row.state, now, row.key)
        for key, (_, name) in before.items():
            if key not in states and key not in unseen:
                self._note(name, "deleted", "stopped", now, None)
        self._states = states | {key: before[key] for key in unseen if key in before}
        self._begun |= {row.key.server for row in rows}

    def take_link(self, name: str, link: LinkState, now: float) -> None:
        """Note that a link was lost, or stands again."""
        if link.phase is LinkPhase.CONNECTED:
            if name in self._lost:
                self._lost.discard(name)
                self._note(name, "connected again", "running", now, None)
        elif link.phase is LinkPhase.WAITING and name not in self._lost:
            self._lost.add(name)
            self._note(name, f"link lost: {link.reason}".rstrip(": "), "error", now, None)

    def _note(
        self, name: str, text: str, state: str, now: float, key: EnvironmentKey | None
    ) -> None:
        notice = Notice(name, text, state_token(state), self._glyphs.state(state), now)
        self._seen.appendleft((notice, key))


def _what(row: EnvironmentRow, *, is_new: bool) -> str:
    if is_new:
        return f"new, {row.state}"
    says_more = row.message not in ("", row.state) and row.state != "running"
    return f"{row.state}: {row.message}" if says_more else row.state


def environment_alerts(
    rows: Iterable[EnvironmentRow], glyphs: Glyphs, go: Callable[[EnvironmentKey], object]
) -> list[Lead]:
    """The environments that have failed, each with its cause and a way to it."""
    return [
        Lead(
            Notice(row.full_name, row.message or "it failed", "$state-error", glyphs.error),
            partial(go, row.key),
        )
        for row in rows
        if row.state == "error"
    ]


def last_errors(
    rows: Iterable[EnvironmentRow], glyphs: Glyphs, go: Callable[[EnvironmentKey, int], object]
) -> list[Lead]:
    """The last errors in the logs of all environments, the newest first, each with a way to its
    moment (milliseconds since the epoch) in its log.
    """
    found = ((row, line) for row in rows if row.errors is not None for line in row.errors.recent)
    newest = heapq.nlargest(ERRORS_LISTED, found, key=lambda each: each[1].at)
    return [
        Lead(
            Notice(row.full_name, line.text, "$error", glyphs.error, line.at),
            partial(go, row.key, round(line.at * 1000)),
        )
        for row, line in newest
    ]
