"""The base of every pane: one environment, one worker, and the truth about both in the border."""

import asyncio
import logging
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events, work
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LinkState
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.output import FrugalApp
from vibebox_tui.ui.roster import is_down
from vibebox_tui.ui.servers import Subject, labelled
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.line import Fingerprint, fingerprint

_log = logging.getLogger(__name__)

_TITLE_OFFSET: Final = 3
"""Cells before the title in the upper border: the corner, its rule and a blank."""


class Pane(Widget):
    """Shows something of one environment and keeps it fresh by a worker of its own.

    A subclass names itself by `NOUN`, composes its widgets, and overrides `follow` (and `reset`).
    The worker starts when the pane is mounted and anew whenever `environment` becomes another
    one; no environment, no worker. An error in it marks the pane `-failed` and says why; the app
    goes on. While the link is down the pane is `-stale`.
    """

    NOUN: ClassVar[str] = ""
    """What the border calls this pane, before the environment's name."""

    NEEDS_ENVIRONMENT: ClassVar[bool] = True
    """Whether there is nothing to follow without one."""

    environment: reactive[Environment | None] = reactive(None, always_update=True)
    link: reactive[LinkState | None] = reactive(None)
    failure: reactive[str] = reactive("")
    detail: reactive[str] = reactive("", repaint=False)
    """What the border says beneath the pane: its position, its mode. May have console markup."""
    tabs: reactive[tuple[tuple[str, ...], tuple[str, ...]]] = reactive(((), ()))
    """What else can be shown in this place: the border names these before and after the pane."""

    @dataclass
    class Failed(Message):
        """The pane's worker ended by an error."""

        pane: "Pane"
        reason: str

        @property
        def control(self) -> "Pane":
            return self.pane

    @dataclass
    class TabClicked(Message):
        """A name in the border was clicked: that of the view `step` tabs further."""

        pane: "Pane"
        step: int

        @property
        def control(self) -> "Pane":
            return self.pane

    def __init__(
        self,
        client: Client,
        environment: Environment | None = None,
        *,
        settings: DashboardSettings | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.client = client
        self.settings = settings or DashboardSettings()
        self._following: tuple[Client, str] | None = None
        self._at = ""
        self._is_ready = False
        self._title: Fingerprint | None = None
        self.set_reactive(Pane.environment, environment)

    def turn_to(self, subject: Subject | None) -> None:
        """Show another environment, of whatever server; None: none."""
        if subject is None:
            self.environment = None
            return
        self.client = subject.server.client
        self._at = subject.server.label
        self.environment = subject.environment

    # --- for subclasses --------------------------------------------------------------------

    async def follow(self) -> None:
        """Read this environment's subscription for as long as it lasts; never catch a cancel.

        Called in the pane's worker, with `environment` set. Hand link states to `show_link`.
        """

    def reset(self) -> None:
        """Forget what was shown: called before `follow` starts for another environment."""

    async def give_way(self) -> None:
        """Let others run, a key that has just come above all: to be awaited between two slices of
        work of which there may be much.
        """
        if isinstance(self.app, FrugalApp):
            await self.app.keys_first.give_way()
        else:
            await asyncio.sleep(0)

    @property
    def awaits_key(self) -> bool:
        """Whether a key is on its way to its effect, which drawing a flood would only delay."""
        return isinstance(self.app, FrugalApp) and self.app.keys_first.is_under_way

    def show_link(self, link: LinkState) -> None:
        """Take note of the state of the connection that this pane's data come over."""
        self.link = link

    @property
    def focus_target(self) -> Widget | None:
        """What gets the focus when the pane is chosen: its first widget that can have it, or else
        the pane itself.
        """
        inner = next((node for node in self.query("*") if node.focusable), None)
        if inner is None:
            self.can_focus = True
        return inner or self

    def enter(self) -> None:
        """Go into the pane, beyond having the focus in it: a terminal is typed into."""

    def title_text(self) -> str:
        """Whose pane this is, for its border; call `retitle` when it says something else."""
        if self.environment is None:
            return self.NOUN
        return f"{self.NOUN}: {labelled(self.environment.name, self._at)}"

    def tab_text(self) -> str:
        """What the pane is called while another one is shown in its place."""
        return self.NOUN

    def key_help(self) -> dict[str, list[tuple[str, str]]]:
        """Keys that work here without being bindings, with what they do, for the help screen; by
        the heading that they stand under.
        """
        return {}

    def key_hints(self) -> list[tuple[str, str]]:
        """Keys with what they do, for the hint line, while this pane has them all to itself; none
        where the bindings work.
        """
        return []

    def retitle(self) -> None:
        """Write the border's title anew."""
        title = self._separator.join(self._tab_labels())
        if fingerprint(title) != self._title:
            self._title = fingerprint(title)
            self._border_title = title
            self._repaint_border(0)

    def _tab_labels(self) -> list[Content]:
        """What the border names, in order: other views, this pane, other views."""
        before, after = self.tabs
        return [
            *(Content.assemble((tab, "$ink-dim")) for tab in before),
            Content.assemble((self.title_text(), "bold" if before or after else "")),
            *(Content.assemble((tab, "$ink-dim")) for tab in after),
        ]

    @property
    def _separator(self) -> Content:
        return Content.assemble((" │ " if self.settings.glyphs.unicode else " | ", "$line"))

    def on_click(self, event: events.Click) -> None:
        """Show the view whose name in the border was clicked."""
        here = len(self.tabs[0])
        x, y = event.screen_offset - self.region.offset
        at = self._tab_at(x) if y == 0 else here
        if at != here:
            self.post_message(self.TabClicked(self, at - here))

    def _tab_at(self, x: int) -> int:
        """Which of the names in the border is in column `x`; where none is, this pane's."""
        left = _TITLE_OFFSET
        for index, label in enumerate(self._tab_labels()):
            if left <= x < left + label.cell_length:
                return index
            left += label.cell_length + self._separator.cell_length
        return len(self.tabs[0])

    # --- life ------------------------------------------------------------------------------

    def _on_mount(self, event: events.Mount) -> None:
        self._is_ready = True
        self.retitle()
        self.restart()

    def restart(self) -> None:
        """Start the worker anew, as after a failure."""
        if not self._is_ready:
            return
        self.failure = ""
        self.link = None
        self.reset()
        self._following = self._to_follow
        if self.environment is None and self.NEEDS_ENVIRONMENT:
            self.workers.cancel_group(self, "follow")
        else:
            self._follow()

    def _watch_environment(self) -> None:
        self.retitle()
        if self._to_follow != self._following:
            self.restart()

    @property
    def _to_follow(self) -> tuple[Client, str] | None:
        return (self.client, self.environment.id) if self.environment else None

    def _watch_tabs(self) -> None:
        self.retitle()

    def _watch_failure(self, failure: str) -> None:
        self.set_class(bool(failure), "-failed")
        self.query("PaneFailure").remove()
        if failure:
            self.mount(PaneFailure(failure))

    def _watch_link(self, link: LinkState | None) -> None:
        self.set_class(is_down(link), "-stale")

    def _watch_detail(self, detail: str) -> None:
        self._border_subtitle = self.render_str(detail)
        self._repaint_border(self.outer_size.height - 1)

    def _repaint_border(self, y: int) -> None:
        """Paint one row of the pane anew; setting a border's text would repaint all of it."""
        x, top = self.content_offset
        self.refresh(Region(-x, y - top, self.outer_size.width, 1))

    @work(group="follow", exclusive=True, exit_on_error=False)
    async def _follow(self) -> None:
        try:
            await self.follow()
        except Exception as error:
            cause = _first_cause(error)
            if not isinstance(cause, VibeBoxError):
                _log.exception("the worker of %s failed", self.title_text())
            self._fail(_sentence(cause))

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.post_message(self.Failed(self, reason))


def _first_cause(error: Exception) -> Exception:
    """The error itself, or the first one in a task group's."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _sentence(error: Exception) -> str:
    if isinstance(error, VibeBoxError):
        return str(error)
    return f"This pane failed: {type(error).__name__}: {error}"


class PaneFailure(Static):
    """Why a pane shows nothing new, across its foot."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason.rstrip('.')}. Ctrl+R tries again.", markup=False)
