"""How it stands with the link to a server, in a few words."""

import math

from textual.content import Content

from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.ui.figures import duration_text, round_trip_text
from vibebox_tui.ui.glyphs import Glyphs

_Part = tuple[str, str]


def link_text(
    link: LinkState | None, now: float, glyphs: Glyphs, *, with_reason: bool = False
) -> Content:
    """A link's state at `now` (seconds since the epoch), and why it is so where that is wanted."""
    words, ink = _words(link, now, glyphs)
    if not with_reason or link is None or not link.reason or link.phase in _SAID:
        return Content.assemble((words, ink))
    return Content.assemble((words, ink), (f": {link.reason}", ink.removeprefix("bold ")))


_SAID = (LinkPhase.CONNECTED, LinkPhase.STALE)
"""Phases whose words say it all."""


def _words(link: LinkState | None, now: float, glyphs: Glyphs) -> _Part:
    if link is None:
        return f"{glyphs.changing} connecting", "$warning"
    match link.phase:
        case LinkPhase.CONNECTING:
            attempt = _attempt(link) if link.attempt else ""
            return f"{glyphs.changing} connecting{attempt}", "$warning"
        case LinkPhase.CONNECTED:
            return f"ok {round_trip_text(link.round_trip, glyphs).strip()}", "$success"
        case LinkPhase.STALE:
            return f"{glyphs.changing} no answer for {duration_text(now - link.since)}", _TROUBLE
        case LinkPhase.WAITING:
            attempt, wait = _attempt(link), _countdown(link, now)
            return f"{glyphs.error} reconnecting{attempt}{wait}", _TROUBLE
        case LinkPhase.REFUSED:
            return f"{glyphs.error} refused", "bold $error"
        case LinkPhase.CLOSED:
            return f"{glyphs.stopped} closed", "$ink-dim"


_TROUBLE = "bold $warning"


def _attempt(link: LinkState) -> str:
    return f" {link.attempt}/{link.max_attempts}" if link.max_attempts else ""


def _countdown(link: LinkState, now: float) -> str:
    if link.retry_at is None:
        return ""
    return f" in {max(0, math.ceil(link.retry_at - now))} s"
