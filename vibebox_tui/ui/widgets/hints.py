"""The line at the bottom: the keys that work here and now."""

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

_ALWAYS: Final = ("app.leave", "app.palette", "app.help")
"""Ids of the bindings that stand at the right end and are never left out."""

Hint = tuple[str, str]


@runtime_checkable
class TellsHints(Protocol):
    """A widget that may have all keys to itself, and then says what they do."""

    def key_hints(self) -> Sequence[Hint]: ...


class HintLine(Widget):
    """Shows the bindings that are active and meant to be shown, as many as fit.

    Where the focus is in a widget that has the keys to itself, its own words stand instead.
    """

    hints: reactive[tuple[Hint, ...]] = reactive(())
    fixed: reactive[tuple[Hint, ...]] = reactive(())

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._read_bindings)

    def render(self) -> Content:
        right = self._line(self.fixed)
        room = self.content_size.width - right.cell_length
        left = self._fitting(room)
        gap = self.content_size.width - left.cell_length - right.cell_length
        return Content.assemble(left, " " * max(0, gap), right)

    def _read_bindings(self, screen: Screen[object]) -> None:
        if own := _hints_of_focus(screen):
            self.hints, self.fixed = tuple(own), ()
            return
        shown: dict[str, tuple[str, str, str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if not (binding.show and active.enabled and binding.description):
                continue
            key = self.app.get_key_display(binding)
            name = binding.id or binding.action
            shown.setdefault(name, (name, key, binding.description.lower()))
        self.hints = tuple(hint[1:] for hint in shown.values() if hint[0] not in _ALWAYS)
        self.fixed = tuple(shown[name][1:] for name in _ALWAYS if name in shown)

    def _fitting(self, room: int) -> Content:
        count = len(self.hints)
        while count and self._line(self.hints[:count]).cell_length > room:
            count -= 1
        return self._line(self.hints[:count])

    def _line(self, hints: tuple[Hint, ...]) -> Content:
        return Content.assemble(
            *(
                part
                for key, text in hints
                for part in ((key, "bold $primary"), (f" {text}  ", "$ink-dim"))
            )
        )


def _hints_of_focus(screen: Screen[object]) -> Sequence[Hint]:
    """What the widget that has the focus says of its keys, or one around it."""
    around = screen.focused.ancestors_with_self if screen.focused else ()
    told = (node.key_hints() for node in around if isinstance(node, TellsHints))
    return next((hints for hints in told if hints), ())
