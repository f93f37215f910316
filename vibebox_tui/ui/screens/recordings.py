"""Which recording to play."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class RecordingsDialog(ModalScreen[Path | None]):
    """Asks for one of `paths`; gives it, or None for none."""

    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "None of these", show=False),
        Binding("j", "cursor(1)", "Down", show=False),
        Binding("k", "cursor(-1)", "Up", show=False),
    ]

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self._paths = paths

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Play a recording"
            if self._paths:
                yield OptionList(*(Option(_words(path)) for path in self._paths), compact=True)
                yield Static("Enter plays the marked one, Esc none.", markup=False)
            else:
                yield Static("Nothing is recorded yet: ^] R records a terminal.")

    def action_cursor(self, step: int) -> None:
        """Mark the next one, or the one before."""
        for options in self.query(OptionList):
            options.action_cursor_down() if step > 0 else options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._paths[event.option_index])


def _words(path: Path) -> Content:
    facts = path.stat()
    moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(facts.st_mtime))
    return Content(f"{moment}  {facts.st_size / 1024:8,.0f} KiB  {path.stem}")
