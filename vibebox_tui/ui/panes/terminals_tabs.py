"""The line that names the terminals of an environment: which there are, which one is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.widgets.terminal_paint import harmless

LONGEST_NAME = 20
"""Cells of a name in the line; the border has the whole of the one that is shown."""


class TerminalTabs(Static):
    """Names terminals, the shown one marked; not there while there is no choice."""

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        tabs: "TerminalTabs"
        attachment: Attachment

        @property
        def control(self) -> "TerminalTabs":
            return self.tabs

    def __init__(self) -> None:
        super().__init__(classes="terminal-tabs")
        self._attachments: Sequence[Attachment] = ()
        self._tabs: list[Content] = []

    def show(self, attachments: Sequence[Attachment], present: Attachment | None) -> None:
        """Name these, of which `present` is shown; tabs that don't fit go off at the left."""
        self._attachments = attachments[:] if len(attachments) > 1 else ()
        self._tabs = [
            Content.assemble((_text(number, each), _style(each, is_present=each is present)))
            for number, each in enumerate(self._attachments, 1)
        ]
        self._drop_until_shown(present)
        self.display = bool(self._tabs)
        line = Content(" ").join(self._tabs)
        if line != self.content:
            self.update(line)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        ends = accumulate(tab.cell_length + 1 for tab in self._tabs)
        x = event.x - self.gutter.left
        at = next((at for at, end in enumerate(ends) if x < end), None)
        if at is not None:
            self.post_message(self.Chosen(self, self._attachments[at]))

    def _drop_until_shown(self, present: Attachment | None) -> None:
        """Let go of tabs at the left until the present one fits with those before it."""
        room = self.content_size.width
        if present not in self._attachments or not room:
            return
        while self._attachments[0] is not present:
            at = self._attachments.index(present)
            if sum(tab.cell_length + 1 for tab in self._tabs[: at + 1]) - 1 <= room:
                return
            self._attachments, self._tabs = self._attachments[1:], self._tabs[1:]


def _text(number: int, attachment: Attachment) -> str:
    name = Content(harmless(attachment.name)).truncate(LONGEST_NAME, ellipsis=True)
    badge = "!" if attachment.has_rung else "*" if attachment.has_news else ""
    return f" {number} {name.plain}{badge} "


def _style(attachment: Attachment, *, is_present: bool) -> str:
    if is_present:
        return "reverse bold"
    if attachment.ended is not None:
        return "$ink-faint strike"
    if attachment.has_rung:
        return "bold $warning"
    return "$ink" if attachment.has_news else "$ink-dim"
