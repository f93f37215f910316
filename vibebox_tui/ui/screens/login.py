"""The log-in dialog: what a server wants before it tells anything more."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from vibebox_tui.errors import VibeBoxError
from vibebox_tui.ui.servers import Server


class LogInDialog(ModalScreen[bool]):
    """Asks for email and password until they are right; gives whether the user is logged in.

    What was refused for want of a login goes on by itself.
    """

    AUTO_FOCUS = "#login-email"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Not now", show=False),
        Binding("down", "app.focus_next", "Next", show=False),
        Binding("up", "app.focus_previous", "Previous", show=False),
    ]

    def __init__(self, server: Server, reason: str) -> None:
        super().__init__()
        self._client = server.client
        self._name = server.label
        self._reason = reason

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            name = f" ({self._name})" if self._name else ""
            dialog.border_title = Content(f"Log in at {self._client.address}{name}")
            dialog.border_subtitle = "Enter logs in, Esc not now"
            yield Static(_sentence(self._reason), classes="dialog-question", markup=False)
            yield Label("Email")
            yield Input(
                self._client.user_name,
                id="login-email",
                placeholder="alice@example.com",
                compact=True,
            )
            yield Label("Password")
            yield Input(password=True, id="login-password", compact=True)
            yield Label("Kept for all your dashboards; vibebox logout gives it up")
            yield Static("", id="login-problem", markup=False)
            with Horizontal(classes="dialog-choices"):
                yield Button("Log in", name="log-in", compact=True)
                yield Button("Not now", name="cancel", compact=True)

    @on(Input.Submitted, "#login-email")
    def _go_on_to_password(self) -> None:
        self.query_one("#login-password", Input).focus()

    @on(Input.Submitted, "#login-password")
    def _submitted(self) -> None:
        self._try()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.name == "log-in":
            self._try()
        else:
            self.dismiss(False)

    def _try(self) -> None:
        email = self.query_one("#login-email", Input).value.strip()
        password = self.query_one("#login-password", Input).value
        if not email:
            self._complain("Who are you there? An email is needed.", "email")
        elif not password:
            self._complain("A password is needed.", "password")
        else:
            self.query_one("#login-problem", Static).update("Logging in …")
            self._log_in(email, password)

    @work(group="log-in", exclusive=True, exit_on_error=False)
    async def _log_in(self, email: str, password: str) -> None:
        try:
            await self._client.log_in(email, password)
        except VibeBoxError as error:
            self._complain(str(error), "password")
        else:
            self.dismiss(True)

    def _complain(self, problem: str, field: str) -> None:
        self.query_one("#login-problem", Static).update(problem)
        self.query_one(f"#login-{field}", Input).focus()


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].rstrip('.')}."
