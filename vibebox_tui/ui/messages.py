"""Messages that any part of the dashboard may post; those with one sender are nested in it."""

from dataclasses import dataclass
from typing import Literal

from textual.message import Message
from textual.widget import Widget

from vibebox_tui.ui.servers import EnvironmentKey

View = Literal["logs", "terminal", "metrics", "info"]
"""What one can look at of an environment; the name of its tab."""

Severity = Literal["information", "warning", "error"]


@dataclass
class KeyEverywhere(Message):
    """Do what `key` does everywhere, though a pane that keeps all keys to itself has the focus.

    A captured terminal posts this for those keys after its escape key that belong to the whole
    dashboard (`1`-`9`, `0`, `-`, `'`, `+`, `z`). Keys have Textual's names.
    """

    key: str


@dataclass
class EnvironmentChosen(Message):
    """Show this environment, in the present tab or in `view`."""

    key: EnvironmentKey
    view: View | None = None


@dataclass
class MomentChosen(Message):
    """Show the log of the sender's environment at a moment, milliseconds since the epoch."""

    sender: Widget
    moment: int


@dataclass
class BesideWanted(Message):
    """Go into the next pane beside that shows the same view, as one works on in it."""


@dataclass
class Said(Message):
    """Say `text` to the user in a line that goes away by itself; not for what needs an answer."""

    text: str
    severity: Severity = "information"
