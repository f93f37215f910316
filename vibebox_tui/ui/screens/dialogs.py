"""Questions to the user: each names what it is about, and its harmless answer is marked."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from vibebox_tui.protocol.models import CreateEnvironmentRequest


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer; `is_harmless` is the one that is marked, `is_dangerous` one that destroys."""

    answer: str
    label: str
    is_harmless: bool = False
    is_dangerous: bool = False


class ChoiceDialog(ModalScreen[str | None]):
    """Asks one question; gives the answer that was chosen, or None for none."""

    AUTO_FOCUS = ".-harmless"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "None of these", show=False),
        Binding("right,down,j,l", "app.focus_next", "Next", show=False),
        Binding("left,up,k,h", "app.focus_previous", "Previous", show=False),
    ]

    def __init__(self, title: str, question: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._heading = title
        self._question = question
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._heading)
            yield Static(self._question, classes="dialog-question", markup=False)
            with Horizontal(classes="dialog-choices"):
                for choice in self._choices:
                    yield _button(choice)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.name)


@dataclass(frozen=True, slots=True)
class NewEnvironment:
    """What a new environment is to be, and the name of the server that is to have it."""

    server: str
    request: CreateEnvironmentRequest


class NewEnvironmentDialog(ModalScreen[NewEnvironment | None]):
    """Asks for a new environment; gives what to send, and where to, or None for none.

    Which of the `servers` it is for is asked only where there are several.
    """

    AUTO_FOCUS = "#new-name"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "None", show=False),
        Binding("down", "app.focus_next", "Next", show=False),
        Binding("up", "app.focus_previous", "Previous", show=False),
    ]

    def __init__(self, server: str = "", servers: Sequence[str] = ()) -> None:
        super().__init__()
        self._server = server
        self._servers = servers

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "New environment"
            if len(self._servers) > 1:
                yield Label("Server")
                yield Input(self._server, id="new-server", compact=True)
            yield Label("Name")
            yield Input(id="new-name", placeholder="api-dev", compact=True)
            yield Label("Command")
            yield Input(id="new-command", placeholder="python3 -m http.server", compact=True)
            yield Label("Working directory")
            yield Input(id="new-directory", placeholder="where the server runs", compact=True)
            yield Label("Image, for a container")
            yield Input(id="new-image", placeholder="none: a process", compact=True)
            yield Static("", id="new-problem", markup=False)
            with Horizontal(classes="dialog-choices"):
                yield Button("Create", name="create", compact=True)
                yield Button("Cancel", name="cancel", compact=True)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._create()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.name == "create":
            self._create()
        else:
            self.dismiss(None)

    def _create(self) -> None:
        name, command, directory, image = (
            self.query_one(f"#new-{field}", Input).value.strip()
            for field in ("name", "command", "directory", "image")
        )
        try:
            words = shlex.split(command)
        except ValueError:
            self._complain("The command has a quote that is never closed.", "command")
            return
        server = self._chosen_server
        if server is None:
            self._complain(f"There are the servers {', '.join(self._servers)}.", "server")
        elif not name:
            self._complain("An environment needs a name.", "name")
        elif len(name) > LONGEST_NAME:
            self._complain(f"A name has at most {LONGEST_NAME} characters.", "name")
        elif not words and not image:
            self._complain("An environment needs a command to run.", "command")
        else:
            request = CreateEnvironmentRequest(
                name=name,
                runtime="docker" if image else "local",
                base_image=image or None,
                command=words,
                working_directory=directory or None,
            )
            self.dismiss(NewEnvironment(server, request))

    @property
    def _chosen_server(self) -> str | None:
        """The server that was asked for; None where there is none of that name."""
        if len(self._servers) < 2:
            return self._server
        name = self.query_one("#new-server", Input).value.strip()
        return name if name in self._servers else None

    def _complain(self, problem: str, field: str) -> None:
        self.query_one("#new-problem", Static).update(problem)
        self.query_one(f"#new-{field}", Input).focus()


LONGEST_NAME = 100
"""Characters; the protocol's limit for names."""


def confirmation(verb: str, names: Sequence[str], consequence: str) -> ChoiceDialog:
    """Ask whether to do `verb` to the environments of these names."""
    target = names[0] if len(names) == 1 else f"{len(names)} environments"
    listed = "" if len(names) == 1 else "\n" + ", ".join(names)
    return ChoiceDialog(
        f"{verb} {target}",
        f"{verb} {target}?{listed}\n\n{consequence}",
        [
            Choice("no", "Cancel", is_harmless=True),
            Choice("yes", f"{verb} {target}", is_dangerous=verb != "Start"),
        ],
    )


def leaving(
    running: Sequence[str], *, owns_server: bool, is_throw_away: bool = False, only_at: str = ""
) -> ChoiceDialog:
    """Ask whether to leave the dashboard, and what becomes of the environments of these names.

    `only_at` names our own server where there are others too: only what runs there can be stopped.
    """
    if is_throw_away:
        return _leaving_the_demo(running)
    choices = [Choice("leave", "Leave", is_harmless=True), Choice("stay", "Stay")]
    if owns_server and running:
        which = f"those at {only_at}" if only_at else "all"
        choices.append(Choice("stop", f"Stop {which} and leave", is_dangerous=True))
    goes_on = "It goes on" if len(running) == 1 else "They go on"
    question = f"{_are_running(running)} {goes_on} without the dashboard."
    return ChoiceDialog("Leave VibeBox", question if running else "Leave the dashboard?", choices)


def _leaving_the_demo(running: Sequence[str]) -> ChoiceDialog:
    them = "It ends" if len(running) == 1 else "They end"
    ended = f"{_are_running(running)} {them} with the demo:\n" if running else "The demo ends:\n"
    return ChoiceDialog(
        "Leave the demo",
        f"{ended}its server, its environments, their terminals and logs are removed.",
        [Choice("stay", "Stay", is_harmless=True), Choice("leave", "End it", is_dangerous=True)],
    )


def _are_running(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_NAMES_LISTED])
    if len(names) > _NAMES_LISTED:
        listed += f" and {len(names) - _NAMES_LISTED} more"
    return f"{listed} {'is' if len(names) == 1 else 'are'} running."


_NAMES_LISTED = 6
"""Environments that a question names; of the others it says how many they are."""


def _button(choice: Choice) -> Button:
    classes = "-harmless" if choice.is_harmless else "-dangerous" if choice.is_dangerous else ""
    return Button(choice.label, name=choice.answer, classes=classes or None, compact=True)
