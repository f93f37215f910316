"""The list of environments: follows the server's list and the status of each."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from vibebox_tui.client.client import Client
from vibebox_tui.client.errors import ClientError
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.error_watch import Errors, ErrorWatch
from vibebox_tui.ui.feed import EnvironmentFeed
from vibebox_tui.ui.messages import EnvironmentChosen, Said
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.screens.dialogs import NewEnvironmentDialog, confirmation
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.environment_table import EnvironmentTable, Verb

GATHER_SECONDS: Final = 0.05
"""How long statuses gather before the list is shown anew: they come in flocks."""

_CONSEQUENCES: Final[dict[Verb, str]] = {
    "start": "Its command begins to run.",
    "stop": "Its processes get SIGTERM, then SIGKILL. Its logs are kept.",
    "restart": "Its processes get SIGTERM, then SIGKILL; then its command runs anew.",
    "delete": "It is stopped, and its logs and terminals are deleted. This cannot be undone.",
}


class EnvironmentsPane(Pane):
    """Shows all environments, and does to them what the user has confirmed.

    Its worker lists the environments, keeps a status subscription for each and lists anew after
    every interruption. While the link is down each one is `unknown`.
    """

    NOUN = "Environments"
    NEEDS_ENVIRONMENT = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_filter", "Clear the filter", show=False, id="list.clear_filter"),
    ]

    counts_errors: reactive[bool] = reactive(False, init=False)
    """Whether the logs of all environments are read for errors."""

    @dataclass
    class Changed(Message):
        """What is known of the environments changed; the rows are by number."""

        pane: "EnvironmentsPane"
        rows: tuple[EnvironmentRow, ...]

        @property
        def control(self) -> "EnvironmentsPane":
            return self.pane

    def __init__(
        self,
        client: Client,
        *,
        settings: DashboardSettings | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(client, settings=settings, id=id)
        self._feed = EnvironmentFeed(client, self.settings.clock, self._publish)
        self._gathering: Timer | None = None
        self._is_behind = False
        self.table = EnvironmentTable(self.settings)
        self._filter_input = Input(
            placeholder="name, state or id", id="environment-filter", compact=True
        )

    def compose(self) -> ComposeResult:
        yield self.table
        yield self._filter_input

    @property
    def focus_target(self) -> Widget | None:
        return self.table

    @property
    def rows(self) -> tuple[EnvironmentRow, ...]:
        """All environments by number, as last published."""
        return self.table.rows

    def title_text(self) -> str:
        if not self._feed.is_listed:
            return self.NOUN
        shown, all_of_them = len(self.table.shown), len(self.rows)
        count = f"{shown}/{all_of_them}" if shown != all_of_them else f"{all_of_them}"
        return f"{self.NOUN} ({count})"

    async def follow(self) -> None:
        await self._feed.run()

    def watch_counts_errors(self, counts_errors: bool) -> None:
        if counts_errors:
            self._count_errors()
        else:
            self.workers.cancel_group(self, "errors")
            self._feed.roster.forget_errors()
            self._publish()

    @work(group="errors", exclusive=True, exit_on_error=False)
    async def _count_errors(self) -> None:
        roster = self._feed.roster
        watch = ErrorWatch(self.client, self.settings.clock, lambda: roster.ids, self._note_errors)
        await watch.run()

    def _note_errors(self, environment_id: str, errors: Errors) -> None:
        self._feed.roster.note_errors(environment_id, errors)
        self._publish()

    def _publish(self) -> None:
        """Show the first change at once, and what follows it shortly after together."""
        if self._gathering is not None:
            self._is_behind = True
            return
        self._gathering = self.set_timer(GATHER_SECONDS, self._gathered)
        self._publish_now()

    def _gathered(self) -> None:
        self._gathering = None
        if self._is_behind:
            self._publish()

    def _publish_now(self) -> None:
        self._is_behind = False
        if self._feed.link is not None:
            self.show_link(self._feed.link)
        self.failure = self._feed.problem
        self.table.rows = self._feed.roster.rows()
        self.retitle()
        self.post_message(self.Changed(self, self.table.rows))

    # --- the table's wishes ----------------------------------------------------------------

    @on(EnvironmentTable.Asked)
    def _grant(self, event: EnvironmentTable.Asked) -> None:
        event.stop()
        ids = event.environment_ids
        match event.wish:
            case "open":
                self.post_message(EnvironmentChosen(ids[0]))
            case "mark" | "unmark":
                self._feed.roster.mark(ids, marked=event.wish == "mark")
                self._publish_now()
            case "pin":
                self._feed.roster.toggle_pin(ids[0])
                self._publish_now()
            case "copy":
                self.app.copy_to_clipboard(ids[0])
                self.post_message(Said(f"Copied {ids[0]}"))
            case "new":
                self._ask_and_create()
            case "filter":
                self.add_class("-filtering")
                self._filter_input.focus()
            case verb:
                self._confirm_and_do(verb, [row for row in self.rows if row.id in ids])

    @work(group="act", exclusive=False, exit_on_error=False)
    async def _confirm_and_do(self, verb: Verb, chosen: list[EnvironmentRow]) -> None:
        question = confirmation(
            verb.capitalize(), [row.name for row in chosen], _CONSEQUENCES[verb]
        )
        if await self.app.push_screen_wait(question) == "yes":
            await asyncio.gather(*(self._do(verb, row.environment) for row in chosen))

    @work(group="act", exclusive=False, exit_on_error=False)
    async def _ask_and_create(self) -> None:
        request = await self.app.push_screen_wait(NewEnvironmentDialog())
        if request is None:
            return
        try:
            environment = await self.client.rest.create_environment(request)
        except ClientError as error:
            self.post_message(Said(f"{request.name} was not created: {error}", "error"))
        else:
            self.table.cursor = environment.id
            self.post_message(Said(f"Created {environment.name}; s starts it"))

    async def _do(self, verb: Verb, environment: Environment) -> None:
        try:
            await self._call(verb, environment.id)
        except ClientError as error:
            self.post_message(Said(f"{environment.name}: {verb} failed: {error}", "error"))

    def _call(self, verb: Verb, environment_id: str) -> Coroutine[Any, Any, None]:
        rest = self.client.rest
        match verb:
            case "start":
                return rest.start(environment_id)
            case "stop":
                return rest.stop(environment_id)
            case "restart":
                return rest.restart(environment_id)
            case "delete":
                return rest.delete_environment(environment_id)

    # --- the filter ------------------------------------------------------------------------

    @on(Input.Changed, "#environment-filter")
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self.table.wanted = event.value
        self.retitle()

    @on(Input.Submitted, "#environment-filter")
    def _keep_filter(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_class(bool(event.value), "-filtering")
        self.table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "clear_filter":
            return self.has_class("-filtering")
        return super().check_action(action, parameters)

    def action_clear_filter(self) -> None:
        self._filter_input.value = ""
        self.remove_class("-filtering")
        self.table.focus()
