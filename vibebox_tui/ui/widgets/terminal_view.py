"""A widget that draws an emulated terminal and reports what the user does in it; no I/O."""

from dataclasses import dataclass

from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget

from vibebox_tui.emulator import Emulator


class TerminalView(Widget, can_focus=True):
    """Draws an `Emulator`: its screen, or a part of its scrollback.

    Only rows that changed are drawn anew. While `captured`, no binding of an ancestor sees a
    key: all of them are posted as `KeyPressed`.
    """

    @dataclass
    class KeyPressed(Message):
        """A key was pressed while the view captures: Textual's name and the character, if any."""

        view: "TerminalView"
        key: str
        character: str | None

        @property
        def control(self) -> "TerminalView":
            return self.view

    @dataclass
    class Pasted(Message):
        """Text was pasted into the view; nothing has been removed from it."""

        view: "TerminalView"
        text: str

        @property
        def control(self) -> "TerminalView":
            return self.view

    @dataclass
    class MouseUsed(Message):
        """The mouse did something at `cell` (column, row from 0) of the screen."""

        view: "TerminalView"
        event: events.MouseEvent
        cell: Offset

        @property
        def control(self) -> "TerminalView":
            return self.view

    @dataclass
    class SizeChanged(Message):
        """The view has room for another number of rows and columns."""

        view: "TerminalView"
        rows: int
        columns: int

        @property
        def control(self) -> "TerminalView":
            return self.view

    def show(self, emulator: Emulator) -> None:
        """Draw `emulator` from now on."""

    def draw_changes(self) -> None:
        """Draw what changed in the emulator since the last call."""
