"""One line in which to type a search, a filter or a time, and to be told what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from vibebox_tui.ui.widgets.line_input import LineInput


class _WrongFrom(Highlighter):
    """Draws a text so that one sees from where on it is wrong; None: nowhere."""

    def __init__(self) -> None:
        self.position: int | None = None
        self.style = Style.null()

    def highlight(self, text: Text) -> None:
        if self.position is not None:
            start = min(self.position, len(text) - 1)
            blank = text.plain.find(" ", start)
            text.stylize(self.style, start, blank if blank > start else len(text))


class LogPrompt(Horizontal):
    """Asks for a line of text; hidden unless it asks.

    Up and down recall what was entered before. `show_problem` tells what is wrong, and where,
    while one types.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log-prompt--wrong"}

    DEFAULT_CSS = """
    LogPrompt > .log-prompt--wrong { color: $text-error; text-style: underline bold; }
    LogPrompt { height: 1; display: none; dock: bottom; }
    LogPrompt.-asking { display: block; }
    LogPrompt > .prompt-label { width: auto; height: 1; padding: 0 1 0 0; color: $accent; }
    LogPrompt > Input { width: 1fr; height: 1; border: none; padding: 0; }
    LogPrompt > .prompt-problem { width: auto; height: 1; color: $text-error; padding: 0 0 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("up", "recall(-1)", "The one before", show=False),
        Binding("down", "recall(1)", "The one after", show=False),
        Binding("tab", "turn", "Another choice", show=False),
    ]

    @dataclass
    class Edited(Message):
        """The text is another one; it isn't entered yet."""

        prompt: "LogPrompt"
        kind: str
        text: str

        @property
        def control(self) -> "LogPrompt":
            return self.prompt

    @dataclass
    class Entered(Message):
        """The text was entered."""

        prompt: "LogPrompt"
        kind: str
        text: str
        choice: int
        """Which of the labels it was entered for."""

        @property
        def control(self) -> "LogPrompt":
            return self.prompt

    @dataclass
    class Cancelled(Message):
        """Nothing was entered after all."""

        prompt: "LogPrompt"
        kind: str

        @property
        def control(self) -> "LogPrompt":
            return self.prompt

    def __init__(self) -> None:
        super().__init__()
        self.kind = ""
        self._labels: Sequence[str] = ()
        self._choice = 0
        self._history: Sequence[str] = ()
        self._recalled = 0
        self._label = Static("", classes="prompt-label", markup=False)
        self._wrong = _WrongFrom()
        self._input = LineInput(select_on_focus=False, compact=True, highlighter=self._wrong)
        self._problem = Static("", classes="prompt-problem", markup=False)

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._input
        yield self._problem

    @property
    def is_asking(self) -> bool:
        """Whether it is on the screen and has the keys."""
        return self.has_class("-asking")

    def ask(
        self, kind: str, labels: Sequence[str], history: Sequence[str] = (), text: str = ""
    ) -> None:
        """Ask for a text of some `kind`; `history` is oldest first. Where there are several labels,
        Tab goes from one to the next.
        """
        self.kind = kind
        self._labels, self._choice = labels, 0
        self._history = history
        self._recalled = len(history)
        self._tell_choice()
        self.show_problem("")
        with self._input.prevent(Input.Changed):
            self._input.value = text
        self.add_class("-asking")
        self.screen.set_focus(self._input)

    def show_problem(self, problem: str, position: int | None = None) -> None:
        """Tell what is wrong with the text, and underline it from the character where it is."""
        where = "" if position is None else f" at {position + 1}"
        self._problem.update(f"{problem}{where}" if problem else "")
        self._wrong.position = position if problem else None
        self._wrong.style = self.get_component_rich_style("log-prompt--wrong", partial=True)
        self._input.refresh()

    def close(self) -> None:
        """Ask no longer."""
        self.remove_class("-asking")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_asking:
            self.post_message(self.Edited(self, self.kind, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._enter(event.value)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if self.is_asking:
            self.action_cancel()

    def action_cancel(self) -> None:
        self.close()
        self.post_message(self.Cancelled(self, self.kind))

    def action_recall(self, step: int) -> None:
        self._recalled = min(max(self._recalled + step, 0), len(self._history))
        entry = self._history[self._recalled] if self._recalled < len(self._history) else ""
        self._input.value = entry
        self._input.cursor_position = len(entry)

    def action_turn(self) -> None:
        self._choice = (self._choice + 1) % len(self._labels)
        self._tell_choice()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tab is ours only where there is a choice."""
        return action != "turn" or len(self._labels) > 1

    def _tell_choice(self) -> None:
        hint = " (Tab: another)" if len(self._labels) > 1 else ""
        self._label.update(f"{self._labels[self._choice]}{hint}")

    def _enter(self, text: str) -> None:
        self.post_message(self.Entered(self, self.kind, text, self._choice))
