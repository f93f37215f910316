"""Another name for something."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from vibebox_tui.ui.screens.dialogs import LONGEST_NAME


class RenameDialog(ModalScreen[str | None]):
    """Asks for another name of `what`, which is called `name` so far; None: it keeps that."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Keep the name", show=False),
    ]

    def __init__(self, what: str, name: str) -> None:
        super().__init__()
        self._what = what
        self._name_so_far = name

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(f"Rename {self._what}")
            yield Input(self._name_so_far, max_length=LONGEST_NAME, compact=True)
            yield Static("Enter gives it this name, Esc leaves it as it is.", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        self.dismiss(name if name and name != self._name_so_far else None)
