"""One line in which to type what to search for."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from vibebox_tui.ui.widgets.line_input import LineInput


class SearchLine(Horizontal):
    """Asks for a pattern, behind the sign of the direction; hidden unless it asks.

    Its `Input.Submitted` says that one was entered. Up and down recall earlier ones.
    """

    DEFAULT_CSS = """
    SearchLine { layer: above; dock: bottom; height: 1; }
    SearchLine > Static { width: auto; padding: 0 1 0 0; }
    SearchLine > Input { width: 1fr; height: 1; border: none; padding: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", "The one before", show=False),
        Binding("down", "recall(1)", "The one after", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes="terminal-search")
        self.display = False
        self.is_backward = False
        self._sign = Static(markup=False)
        self._input = LineInput(compact=True)
        self._entered: list[str] = []
        self._recalled = 0

    def compose(self) -> ComposeResult:
        yield self._sign
        yield self._input

    @property
    def is_asking(self) -> bool:
        """Whether it is on the screen and has the keys."""
        return self.display

    def ask(self, *, backward: bool) -> None:
        """Ask for something to search for, towards the start of the text or its end."""
        self.is_backward = backward
        self._sign.update("?" if backward else "/")
        self._input.value = ""
        self._recalled = len(self._entered)
        self.display = True
        self.screen.set_focus(self._input)

    def close(self) -> None:
        """Ask no longer."""
        self.display = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep what was entered, as the newest."""
        if event.value:
            self._entered = [*(text for text in self._entered if text != event.value), event.value]

    def action_recall(self, step: int) -> None:
        self._recalled = min(max(self._recalled + step, 0), len(self._entered))
        self._input.value = "".join(self._entered[self._recalled : self._recalled + 1])
        self._input.cursor_position = len(self._input.value)
