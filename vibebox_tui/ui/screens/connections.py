"""The connections to each server: what they have carried, how often they were lost and why."""

import time
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from vibebox_tui.client.telemetry import Drop, LinkTelemetry
from vibebox_tui.ui.figures import round_trip_text, spark
from vibebox_tui.ui.glyphs import Glyphs
from vibebox_tui.ui.servers import Server
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.link_text import link_text

REFRESH_SECONDS: Final = 1.0
"""Between two looks at the counters."""

DROPS_SHOWN: Final = 12
"""Losses that are listed, the newest first."""

_NAME_CELLS: Final = 24
_COURSE_CELLS: Final = 16

_HEADINGS: Final = (
    f"{'connection':{_NAME_CELLS}} {'opened':>6} {'lost':>5} {'stale':>5} {'round trip':>10}"
)
"""What every width has room for; what was carried stands beside it, or in a line of its own."""

_CARRIED_HEADINGS: Final = f" {'in':>14} {'out':>14}"

_WIDE: Final = len(_HEADINGS) + 1 + _COURSE_CELLS + len(_CARRIED_HEADINGS)
"""Cells that a report wants to have all in one line."""


class ConnectionsScreen(ModalScreen[None]):
    """Shows how it stands with each server, and the counters of every connection to it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+n", "dismiss(None)", "Close", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, servers: Sequence[Server], settings: DashboardSettings) -> None:
        super().__init__()
        self._servers = servers
        self._settings = settings

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="connections", can_focus=False) as body:
            body.border_title = "Connections"
            body.border_subtitle = "Esc closes, j k scroll"
            yield Static(id="connections-report")

    def on_mount(self) -> None:
        self.set_interval(REFRESH_SECONDS, self._look_again)

    def action_scroll(self, step: int) -> None:
        self.query_one("#connections").scroll_relative(y=step, animate=False)

    def on_resize(self) -> None:
        self._look_again()

    def _look_again(self) -> None:
        self.query_one("#connections-report", Static).update(self._report())

    @property
    def _is_wide(self) -> bool:
        return self.query_one("#connections").content_size.width >= _WIDE

    def _report(self) -> Content:
        return Content("\n\n").join(self._report_on(server) for server in self._servers)

    def _report_on(self, server: Server) -> Content:
        links = server.client.telemetry
        headings = _HEADINGS + (" " * (_COURSE_CELLS + 1) + _CARRIED_HEADINGS) * self._is_wide
        return Content("\n").join(
            [
                self._headline(server),
                Content.assemble((headings, "bold $accent")),
                *(self._line(link) for link in links),
                Content(""),
                *_losses(links),
            ]
        )

    def _headline(self, server: Server) -> Content:
        """Which server, who we are there, and how it stands with it."""
        client = server.client
        address = str(client.address)
        where = "" if address == server.name else f"  {address}"
        user = f" as {client.user_name}" if client.user_name else ""
        link = link_text(
            client.link, self._settings.clock(), self._settings.glyphs, with_reason=True
        )
        return Content.assemble((server.name, "bold $ink"), (f"{where}{user}  ", "$ink-dim"), link)

    def _line(self, link: LinkTelemetry) -> Content:
        glyphs = self._settings.glyphs
        trips = [round_trip for _, round_trip in link.round_trips][-_COURSE_CELLS:]
        newest = round_trip_text(trips[-1] if trips else None, glyphs)
        course = spark(trips, _COURSE_CELLS, max(trips, default=0.0), glyphs)
        name = _shortened(link.name, glyphs)
        return Content.assemble(
            (f"{name:{_NAME_CELLS}}", "bold" if link.is_open else "$ink-dim"),
            f" {link.connects:>6}",
            (f" {link.drop_count:>5}", "$error" if link.drop_count else "$ink-dim"),
            (f" {link.stale_count:>5}", "$warning" if link.stale_count else "$ink-dim"),
            f" {newest:>10} ",
            (f"{course:<{_COURSE_CELLS}}", "$primary"),
            self._carried(link),
        )

    def _carried(self, link: LinkTelemetry) -> tuple[str, str]:
        came, went = (
            _amount(link.bytes_in, link.messages_in),
            _amount(link.bytes_out, link.messages_out),
        )
        if self._is_wide:
            return f" {came:>14} {went:>14}", ""
        return f"\n  in {came} messages, out {went} messages", "$ink-dim"


def _shortened(name: str, glyphs: Glyphs) -> str:
    """A link's name as it fits: its end tells it from others, its first word what it is."""
    if len(name) <= _NAME_CELLS:
        return name
    kind, _, rest = name.partition(" ")
    room = _NAME_CELLS - len(kind) - 2
    return f"{kind} {glyphs.ellipsis}{rest[-room:]}"


def _losses(links: Sequence[LinkTelemetry]) -> Iterator[Content]:
    """The newest losses of all links, with their reasons."""
    drops = [(drop, link.name) for link in links for drop in link.drops]
    newest = sorted(drops, key=lambda each: each[0].at, reverse=True)[:DROPS_SHOWN]
    if not newest:
        yield Content.assemble(("No connection has been lost.", "$ink-dim"))
        return
    yield Content.assemble(("lost", "bold $accent"))
    for drop, name in newest:
        yield Content.assemble(
            (f"{_moment(drop)}  ", "$ink-dim"), f"{name}: ", (drop.reason, "$error")
        )


def _moment(drop: Drop) -> str:
    return time.strftime("%m-%d %H:%M:%S", time.localtime(drop.at))


def _amount(size: int, messages: int) -> str:
    """Bytes and messages, 14 cells at most: `1.2MB/34k`."""
    return f"{_short(size)}B/{_short(messages)}"


def _short(number: float) -> str:
    for unit in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.0f}{unit}" if not unit or number >= 9.95 else f"{number:.1f}{unit}"
        number /= 1000
    return f"{number:.0f}T"
