"""A list of what a user should hear of, each line a way to where one sees more of it."""

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from vibebox_tui.client.client import Client
from vibebox_tui.ui.notices import Lead
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.settings import DashboardSettings


class NoticeList(OptionList, inherit_bindings=False):
    """The lines; the cursor is on one of them while the list has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Go there", id="notices.open"),
        Binding("j,down", "cursor_down", "Next", show=False, id="notices.down"),
        Binding("k,up", "cursor_up", "Previous", show=False, id="notices.up"),
        Binding("pagedown", "page_down", "Page down", show=False, id="notices.page_down"),
        Binding("pageup", "page_up", "Page up", show=False, id="notices.page_up"),
        Binding("g,home", "first", "First", show=False, id="notices.first"),
        Binding("G,end", "last", "Last", show=False, id="notices.last"),
    ]


class _Line(Option):
    """A line, and where it leads, whatever the list shows by then."""

    def __init__(self, text: Content, lead: Lead) -> None:
        super().__init__(text)
        self.lead = lead


class NoticesPane(Pane):
    """Shows notices as they are handed to `show`, in lines of their own; Enter follows one.

    It reads nothing itself, and the same again costs no drawing.
    """

    NEEDS_ENVIRONMENT = False

    def __init__(
        self,
        client: Client,
        noun: str,
        empty: str,
        *,
        settings: DashboardSettings,
        id: str,  # noqa: A002
    ) -> None:
        super().__init__(client, settings=settings, id=id, classes="notices")
        self._noun = noun
        self._empty = empty
        self._leads: list[Lead] = []
        self._urgent = 0
        self._list = NoticeList(compact=True, markup=False)

    def compose(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        self._draw()

    def title_text(self) -> str:
        return f"{self._noun} ({self._urgent})" if self._urgent else self._noun

    @property
    def focus_target(self) -> Widget | None:
        """Its list, while there is something to choose in it."""
        return self._list if self._leads else None

    def show(self, leads: Sequence[Lead], *, urgent: int = 0) -> None:
        """Show these in place of what was there; the border counts the first so many."""
        before = [lead.notice for lead in self._leads]
        now = [lead.notice for lead in leads]
        place = self._list.highlighted
        self._leads, self._urgent = list(leads), urgent
        if now != before:
            if place is not None and place < len(before) and before[place] in now:
                place = now.index(before[place])
            self._draw(place)

    def _draw(self, place: int | None = None) -> None:
        """Draw the lines, with the cursor on that one if it was on any."""
        if not self._list.is_attached:
            return
        had_focus = self._list.has_focus
        nothing = Option(Content.assemble((self._empty, "$ink-faint")), disabled=True)
        self._list.set_options([_Line(self._line(lead), lead) for lead in self._leads] or [nothing])
        if self._leads and (had_focus or place is not None):
            self._list.highlighted = min(place or 0, len(self._leads) - 1)
        self.retitle()

    def _line(self, lead: Lead) -> Content:
        notice = lead.notice
        clock = "" if notice.at is None else time.strftime("%H:%M:%S ", time.localtime(notice.at))
        glyph = f"{notice.glyph} " if notice.glyph else ""
        return Content.assemble(
            (clock, "$ink-faint"),
            (glyph, notice.ink),
            (f"{notice.name} ", "bold $ink"),
            (notice.text, notice.ink),
        )

    @on(OptionList.OptionSelected)
    def _follow_lead(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if isinstance(event.option, _Line) and (go := event.option.lead.go):
            go()
