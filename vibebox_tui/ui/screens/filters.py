"""The list of a log's filters: each can be switched off, on again, or taken away."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from vibebox_tui.logs.filters import Filter


class FilterList(ModalScreen[tuple[Filter, ...] | None]):
    """Shows filters, one below the other; gives them as they are when it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "switch", "Off and on", show=False),
        Binding("D,delete", "remove", "Take away", show=False),
        Binding("escape,q,F", "close", "Close", show=False),
        Binding("j", "app.simulate_key('down')", "Down", show=False),
        Binding("k", "app.simulate_key('up')", "Up", show=False),
    ]

    def __init__(self, filters: Sequence[Filter]) -> None:
        super().__init__()
        self._filters = list(filters)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Filters"
            yield OptionList(*self._options())
            yield Static("space off and on · D take away · Esc close", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self) -> None:
        self.action_switch()

    def action_switch(self) -> None:
        if (index := self._marked) is not None:
            each = self._filters[index]
            self._filters[index] = replace(each, enabled=not each.enabled)
            self._show(index)

    def action_remove(self) -> None:
        if (index := self._marked) is not None:
            del self._filters[index]
            self._show(min(index, len(self._filters) - 1))

    def action_close(self) -> None:
        self.dismiss(tuple(self._filters))

    @property
    def _marked(self) -> int | None:
        return self.query_one(OptionList).highlighted

    def _options(self) -> list[Option]:
        return [Option(_text(each)) for each in self._filters]

    def _show(self, index: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._options())
        options.highlighted = index if index >= 0 else None


def _text(each: Filter) -> Content:
    state = "on " if each.enabled else "off"
    return Content.assemble(
        (f"{state}  ", "$ink-dim"), (each.source, "" if each.enabled else "$ink-faint")
    )
