"""The dashboard as a Textual app: its theme, its styles, its first screen and how it ends."""

from typing import ClassVar

from textual.app import App

from vibebox_tui.client.client import Client
from vibebox_tui.ui.settings import DashboardSettings


class VibeBoxApp(App[str]):
    """The dashboard of one server; `client` is open already and is closed by who opened it.

    `run` (or `run_async`) returns what to do with the environments of a server of our own:
    "leave" them running or "stop" them; None where the dashboard ended otherwise.
    """

    TITLE = "vibebox"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH: ClassVar[list[str]] = []

    def __init__(self, client: Client, settings: DashboardSettings | None = None) -> None:
        super().__init__()
        self.client = client
        self.settings = settings or DashboardSettings()
