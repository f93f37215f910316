"""The line at the top: which server, how many environments in which state, and is it connected."""

import math
import time
from typing import Final

from textual.content import Content
from textual.reactive import reactive

from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.ui.figures import duration_text, round_trip_text
from vibebox_tui.ui.roster import EnvironmentRow, count_states
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.line import Line

_COUNTED: Final = ("running", "starting", "stopping", "stopped", "error")
"""States that are counted under their own glyph, in this order; all others under unknown's."""

_Part = tuple[str, str]


class StatusLine(Line):
    """One line that tells the truth about the server and the way to it.

    What doesn't fit is left out, the least telling first; the link and the clock always stay.
    """

    rows: reactive[tuple[EnvironmentRow, ...]] = reactive((), repaint=False)
    link: reactive[LinkState | None] = reactive(None, repaint=False)
    now: reactive[float] = reactive(0.0, repaint=False)
    alerts: reactive[int] = reactive(0, repaint=False)

    def __init__(self, settings: DashboardSettings, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._settings = settings

    def watch_rows(self) -> None:
        self.look_again()

    def watch_link(self) -> None:
        self.look_again()

    def watch_now(self) -> None:
        self.look_again()

    def watch_alerts(self) -> None:
        self.look_again()

    def line(self) -> Content:
        width = self.content_size.width
        right = self._right()
        link = self._link_text(with_reason=True)
        left = self._fitting_left(width - link.cell_length - right.cell_length - 4)
        room = width - left.cell_length - right.cell_length - 4
        if link.cell_length > room:
            link = self._link_text(with_reason=False)
        link = link.truncate(max(0, room), ellipsis=self._settings.glyphs.unicode)
        gap = width - left.cell_length - link.cell_length - right.cell_length - 2
        return Content.assemble(left, "  " if left else "", link, " " * max(1, gap), right)

    def _fitting_left(self, room: int) -> Content:
        """The most telling of what may stand at the left that fits into `room` cells."""
        settings, counts = self._settings, self._counts()
        brand: _Part = ("vibebox", "bold $primary")
        server: _Part = (f" {settings.server_name}", "bold $ink")
        user: _Part = (f" {settings.user_name}" if settings.user_name else "", "$ink-dim")
        for parts in (
            [brand, server, user, ("   ", ""), *counts],
            [brand, server, ("  ", ""), *counts],
            [brand, ("  ", ""), *counts],
            [*counts],
        ):
            line = Content.assemble(*parts)
            if line.cell_length <= room:
                return line
        return Content("")

    def _counts(self) -> list[_Part]:
        counts = count_states(self.rows)
        known: list[_Part] = []
        for state in _COUNTED:
            if number := counts.pop(state, 0):
                glyph = self._settings.glyphs.state(state)
                known.append((f"{glyph}{number} ", state_token(state)))
        if others := counts.total():
            known.append((f"{self._settings.glyphs.unknown}{others} ", "$state-unknown"))
        return known

    def _link_text(self, *, with_reason: bool) -> Content:
        glyphs, link = self._settings.glyphs, self.link
        if link is None or link.phase is LinkPhase.CONNECTING:
            return Content.assemble((f"{glyphs.changing} connecting", "$warning"))
        reason = f": {link.reason}" if link.reason and with_reason else ""
        match link.phase:
            case LinkPhase.CONNECTED:
                text = f"ok {round_trip_text(link.round_trip, glyphs).strip()}"
                return Content.assemble((text, "$success"))
            case LinkPhase.STALE:
                age = duration_text(self.now - link.since)
                return Content.assemble((f"{glyphs.changing} no answer for {age}", "bold $warning"))
            case LinkPhase.WAITING:
                text = f"{glyphs.error} reconnecting{self._attempt(link)}{self._countdown(link)}"
                return Content.assemble((text, "bold $warning"), (reason, "$warning"))
            case LinkPhase.REFUSED:
                return Content.assemble(
                    (f"{glyphs.error} refused", "bold $error"), (reason, "$error")
                )
            case LinkPhase.CLOSED:
                return Content.assemble(
                    (f"{glyphs.stopped} closed", "$ink-dim"), (reason, "$ink-dim")
                )

    def _attempt(self, link: LinkState) -> str:
        return f" {link.attempt}/{link.max_attempts}" if link.max_attempts else ""

    def _countdown(self, link: LinkState) -> str:
        if link.retry_at is None:
            return ""
        return f" in {max(0, math.ceil(link.retry_at - self.now))} s"

    def _right(self) -> Content:
        clock = time.strftime("%H:%M:%S", time.localtime(self.now))
        alerts = (f"!{self.alerts}  ", "bold $error") if self.alerts else ("", "")
        return Content.assemble(alerts, (clock, "$ink-dim"))
