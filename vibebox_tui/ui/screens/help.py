"""All keys, by the scope in which they work."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from vibebox_tui.ui.commands import KeyEntry
from vibebox_tui.ui.widgets.labelled_lines import LabelledLines

_KEY_CELLS = 14
"""Columns for the keys, at the left of what they do."""

_COLUMN_CELLS = 44
"""Columns that a scope needs; as many stand side by side as there is room for."""


class HelpScreen(ModalScreen[None]):
    """Shows every binding with its present keys; any of the keys that leave closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss(None)", "Close", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
        Binding("space,pagedown", "page(1)", "Page down", show=False),
        Binding("b,pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "edge(-1)", "First", show=False),
        Binding("G,end", "edge(1)", "Last", show=False),
    ]

    def __init__(self, scopes: Mapping[str, Sequence[KeyEntry]]) -> None:
        super().__init__()
        self._scopes = scopes

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="help", can_focus=False) as body:
            body.border_title = "Keys"
            body.border_subtitle = "Esc closes, j k scroll"
            with ItemGrid(min_column_width=_COLUMN_CELLS, stretch_height=False):
                for scope, entries in self._scopes.items():
                    yield _listed(scope, entries)

    @property
    def _body(self) -> VerticalScroll:
        return self.query_one("#help", VerticalScroll)

    def action_scroll(self, step: int) -> None:
        self._body.scroll_relative(y=step, animate=False)

    def action_page(self, direction: int) -> None:
        self._body.scroll_relative(y=direction * (self._body.size.height - 1), animate=False)

    def action_edge(self, direction: int) -> None:
        if direction < 0:
            self._body.scroll_home(animate=False)
        else:
            self._body.scroll_end(animate=False)


def _listed(scope: str, entries: Sequence[KeyEntry]) -> LabelledLines:
    lines = (
        (
            Content.assemble((entry.keys_text, "bold $primary")),
            Content(entry.description),
        )
        for entry in entries
    )
    heading = Content.assemble((scope.capitalize(), "bold $accent"))
    return LabelledLines(_KEY_CELLS, lines, heading=heading)
