"""The line at the top: which servers, how many environments in which state, who is connected."""

import time
from typing import Final

from textual.content import Content
from textual.reactive import reactive

from vibebox_tui.client.events import LinkPhase
from vibebox_tui.ui.roster import EnvironmentRow, count_states
from vibebox_tui.ui.servers import ServerState
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.line import Line
from vibebox_tui.ui.widgets.link_text import link_text

_COUNTED: Final = ("running", "starting", "stopping", "stopped", "error")
"""States that are counted under their own glyph, in this order; all others under unknown's."""

_BRAND: Final = ("vibebox", "bold $primary")

_Part = tuple[str, str]


class StatusLine(Line):
    """One line that tells the truth about the servers and the way to each.

    What doesn't fit is left out, the least telling first; the links and the clock always stay.
    Where there are several servers each link has its server's name, and where they don't all fit
    those that stand are only counted.
    """

    rows: reactive[tuple[EnvironmentRow, ...]] = reactive((), repaint=False)
    servers: reactive[tuple[ServerState, ...]] = reactive((), repaint=False)
    now: reactive[float] = reactive(0.0, repaint=False)
    alerts: reactive[int] = reactive(0, repaint=False)

    def __init__(self, settings: DashboardSettings, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._glyphs = settings.glyphs

    def watch_rows(self) -> None:
        self.look_again()

    def watch_servers(self) -> None:
        self.look_again()

    def watch_now(self) -> None:
        self.look_again()

    def watch_alerts(self) -> None:
        self.look_again()

    def line(self) -> Content:
        width = self.content_size.width
        right = self._right()
        wanted = self._links(with_reasons=len(self.servers) < 2)
        left = self._fitting_left(width - wanted.cell_length - right.cell_length - 4)
        room = max(0, width - left.cell_length - right.cell_length - 4)
        links = next((links for links in self._shorter_links() if links.cell_length <= room), None)
        if links is None:
            links = self._links(without_standing=True)
            links = links.truncate(room, ellipsis=self._glyphs.unicode)
        gap = width - left.cell_length - links.cell_length - right.cell_length - 2
        return Content.assemble(left, "  " if left else "", links, " " * max(1, gap), right)

    # --- the links -------------------------------------------------------------------------

    def _shorter_links(self) -> tuple[Content, ...]:
        """What may be said of the links, the most telling first."""
        return (
            self._links(with_reasons=True),
            self._links(),
            self._links(with_reasons=True, without_standing=True),
        )

    def _links(self, *, with_reasons: bool = False, without_standing: bool = False) -> Content:
        if len(self.servers) < 2:
            link = self.servers[0].link if self.servers else None
            return link_text(link, self.now, self._glyphs, with_reason=with_reasons)
        told, standing = list(self.servers), 0
        if without_standing:
            told = [server for server in told if not _stands(server)]
            standing = len(self.servers) - len(told)
        parts = [self._named_link(server, with_reason=with_reasons) for server in told]
        if standing:
            parts.insert(0, Content.assemble((f"{standing} ok", "$success")))
        return Content("  ").join(parts)

    def _named_link(self, server: ServerState, *, with_reason: bool) -> Content:
        link = link_text(server.link, self.now, self._glyphs, with_reason=with_reason)
        return Content.assemble((f"{server.name} ", "bold $ink"), link)

    # --- left and right of them ------------------------------------------------------------

    def _fitting_left(self, room: int) -> Content:
        """The most telling of what may stand at the left that fits into `room` cells."""
        counts = self._counts()
        for parts in (
            [*self._who(), ("   ", ""), *counts],
            [*self._who()[:2], ("  ", ""), *counts],
            [_BRAND, ("  ", ""), *counts],
            [*counts],
        ):
            line = Content.assemble(*parts)
            if line.cell_length <= room:
                return line
        return Content("")

    def _who(self) -> list[_Part]:
        """Us, and where there is only one server that one and who we are there."""
        if len(self.servers) != 1:
            return [_BRAND]
        (server,) = self.servers
        user = f" {server.user_name}" if server.user_name else ""
        return [_BRAND, (f" {server.name}", "bold $ink"), (user, "$ink-dim")]

    def _counts(self) -> list[_Part]:
        counts = count_states(self.rows)
        known = [
            (f"{self._glyphs.state(state)}{number} ", state_token(state))
            for state in _COUNTED
            if (number := counts.pop(state, 0))
        ]
        if others := counts.total():
            known.append((f"{self._glyphs.unknown}{others} ", "$state-unknown"))
        return known

    def _right(self) -> Content:
        clock = time.strftime("%H:%M:%S", time.localtime(self.now))
        alerts = (f"!{self.alerts}  ", "bold $error") if self.alerts else ("", "")
        return Content.assemble(alerts, (clock, "$ink-dim"))


def _stands(server: ServerState) -> bool:
    return server.link is not None and server.link.phase is LinkPhase.CONNECTED
