"""What the mouse does in a terminal: the remote side's business where it asks, else selecting."""

from collections.abc import Callable

from textual import events

from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.panes.terminals_keys import key_bytes, mouse_bytes
from vibebox_tui.ui.panes.terminals_reading import Reading
from vibebox_tui.ui.widgets.terminal_text import Cell
from vibebox_tui.ui.widgets.terminal_view import TerminalView

WHEEL_LINES = 3
"""Lines that a notch of the wheel scrolls, as terminals do."""

CLICK_SECONDS = 0.4
"""Within which another click on the same cell makes a double or a triple one."""


class Pointing:
    """Hands mouse events to the program in the terminal, or selects and scrolls with them.

    A program gets them while the terminal captures and shows its present screen, and has asked
    for them; not in copy mode, and with Shift held they are never the program's, as in xterm.
    """

    def __init__(
        self,
        view: TerminalView,
        reading: Reading,
        target: Callable[[], Attachment | None],
        *,
        is_typing: Callable[[], bool],
    ) -> None:
        self._view = view
        self._reading = reading
        self._target = target
        self._is_typing = is_typing
        self._clicks = 0
        self._clicked_at = 0.0
        self._clicked: Cell | None = None
        self._is_selecting = False

    def press(self, event: events.MouseDown) -> None:
        """A button went down."""
        if self._tell(event):
            return
        if event.button == 1:
            cell = self._view.cell_at(event)
            self._is_selecting = True
            self._reading.press_at(cell, clicks=self._count(cell, event.time))

    def move(self, event: events.MouseMove) -> None:
        """The mouse moved, with a button down or not."""
        if self._is_selecting:
            self._scroll_along(event)
            self._reading.drag_to(self._view.cell_at(event))
        else:
            self._tell(event)

    def release(self, event: events.MouseUp) -> None:
        """A button went up."""
        if self._is_selecting:
            self._is_selecting = False
            self._reading.release()
        else:
            self._tell(event)

    def turn(self, event: events.MouseEvent, notches: int) -> None:
        """The wheel turned by `notches`, back where positive."""
        attachment = self._target()
        if self._tell(event) or attachment is None:
            return
        modes = attachment.emulator.modes
        if self._is_programs and modes.alternate_screen and modes.alternate_scroll:
            key = key_bytes("up" if notches > 0 else "down", None, modes)
            attachment.send(key * abs(notches * WHEEL_LINES))
        else:
            self._view.scroll_back(notches * WHEEL_LINES)

    @property
    def _is_programs(self) -> bool:
        """Whether the program gets what it asks for: one types into it, and reads nothing."""
        is_read = self._reading.is_active and not self._reading.is_by_mouse
        return self._is_typing() and not is_read and not self._view.back

    def _tell(self, event: events.MouseEvent) -> bool:
        """Tell the program what the mouse did, where it wants to know; did it?"""
        attachment = self._target()
        if attachment is None or not self._is_programs or event.shift:
            return False
        column = self._view.cell_at(event).column
        row = self._view.row_at(event)
        data = mouse_bytes(event, row, column, attachment.emulator.modes)
        attachment.send(data)
        return bool(data)

    def _scroll_along(self, event: events.MouseMove) -> None:
        """Scroll by a line where the mouse has gone beyond the view with its button down."""
        if event.y < 0:
            self._view.scroll_back(1)
        elif event.y >= self._view.size.height:
            self._view.scroll_back(-1)

    def _count(self, cell: Cell, now: float) -> int:
        is_again = cell == self._clicked and now - self._clicked_at < CLICK_SECONDS
        self._clicks = self._clicks + 1 if is_again else 1
        self._clicked, self._clicked_at = cell, now
        return self._clicks
