"""The list of environments: follows the server's list and the status of each."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from vibebox_tui.client.client import Client
from vibebox_tui.client.errors import ApiError, ClientError, UnreachableError
from vibebox_tui.client.events import EnvironmentChanged, LinkPhase, LinkState, StatusUpdate
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.messages import EnvironmentChosen, Said
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.roster import EnvironmentRow, Roster
from vibebox_tui.ui.screens.dialogs import NewEnvironmentDialog, confirmation
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.environment_table import EnvironmentTable, Verb

_log = logging.getLogger(__name__)

RELIST_SECONDS: Final = 30.0
"""Between two listings: a server that knows only the guide tells no changes of its list."""

GATHER_SECONDS: Final = 0.05
"""How long statuses gather before the list is shown anew: they come in flocks."""

_NOT_FOUND: Final = 404

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
        self._roster = Roster()
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._publishing: Timer | None = None
        self._is_listed = False
        self.table = EnvironmentTable(self.settings)

    def compose(self) -> ComposeResult:
        yield self.table
        yield Input(placeholder="name, state or id", id="environment-filter", compact=True)

    @property
    def focus_target(self) -> Widget | None:
        return self.table

    @property
    def rows(self) -> tuple[EnvironmentRow, ...]:
        """All environments by number, as last published."""
        return self.table.rows

    def title_text(self) -> str:
        if not self._is_listed:
            return self.NOUN
        shown, all_of_them = len(self.table.shown), len(self._roster)
        count = f"{shown}/{all_of_them}" if shown != all_of_them else f"{all_of_them}"
        return f"{self.NOUN} ({count})"

    # --- following -------------------------------------------------------------------------

    async def follow(self) -> None:
        self._watchers.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relist_from_time_to_time(tasks))
            await self._list(tasks)
            async with self.client.environment_changes() as changes:
                async for event in changes:
                    match event:
                        case LinkState():
                            await self._note_link(event, tasks)
                        case EnvironmentChanged(environment_id, "deleted"):
                            self._forget(environment_id)
                        case EnvironmentChanged(environment_id):
                            await self._read(environment_id, tasks)

    async def _relist_from_time_to_time(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(RELIST_SECONDS)
            await self._list(tasks)

    async def _note_link(self, link: LinkState, tasks: asyncio.TaskGroup) -> None:
        was_connected = self.link is not None and self.link.phase is LinkPhase.CONNECTED
        self.show_link(link)
        self._roster.note_link(link)
        self._publish()
        if link.phase is LinkPhase.CONNECTED and not was_connected:
            await self._list(tasks)

    async def _list(self, tasks: asyncio.TaskGroup) -> None:
        try:
            environments = await self.client.rest.environments()
        except UnreachableError:
            return  # the link says so, and once it is back the list is read again
        except ClientError as error:
            self.failure = str(error)
            return
        self.failure = ""
        self._is_listed = True
        self._roster.replace(environments, self.settings.clock())
        for gone in set(self._watchers) - self._roster.ids:
            self._watchers.pop(gone).cancel()
        for environment in environments:
            self._watch_status(environment.id, tasks)
        self._publish()

    async def _read(self, environment_id: str, tasks: asyncio.TaskGroup) -> None:
        try:
            environment = await self.client.rest.environment(environment_id)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                self._forget(environment_id)
            return
        except ClientError:
            return  # the next listing corrects it
        self._roster.put(environment, self.settings.clock())
        self._watch_status(environment_id, tasks)
        self._publish()

    def _watch_status(self, environment_id: str, tasks: asyncio.TaskGroup) -> None:
        if environment_id not in self._watchers:
            task = tasks.create_task(self._follow_status(environment_id))
            self._watchers[environment_id] = task
            task.add_done_callback(lambda done: self._unwatch(environment_id, done))

    async def _follow_status(self, environment_id: str) -> None:
        try:
            async with self.client.status(environment_id) as updates:
                async for event in updates:
                    if isinstance(event, StatusUpdate):
                        self._roster.note(event.status, event.received_at)
                        self._publish()
        except VibeBoxError as error:
            _log.info("no status of %s: %s", environment_id, error)

    def _unwatch(self, environment_id: str, task: asyncio.Task[None]) -> None:
        if self._watchers.get(environment_id) is task:
            del self._watchers[environment_id]

    def _forget(self, environment_id: str) -> None:
        self._roster.remove(environment_id)
        if watcher := self._watchers.pop(environment_id, None):
            watcher.cancel()
        self._publish()

    def _publish(self) -> None:
        if self._publishing is None:
            self._publishing = self.set_timer(GATHER_SECONDS, self._publish_now)

    def _publish_now(self) -> None:
        self._publishing = None
        rows = self._roster.rows()
        self.table.rows = rows
        self.retitle()
        self.post_message(self.Changed(self, rows))

    # --- the table's wishes ----------------------------------------------------------------

    @on(EnvironmentTable.Opened)
    def _open(self, event: EnvironmentTable.Opened) -> None:
        event.stop()
        self.post_message(EnvironmentChosen(event.environment_id))

    @on(EnvironmentTable.MarkAsked)
    def _mark(self, event: EnvironmentTable.MarkAsked) -> None:
        event.stop()
        self._roster.mark(event.environment_ids, marked=event.marked)
        self._publish_now()

    @on(EnvironmentTable.PinAsked)
    def _pin(self, event: EnvironmentTable.PinAsked) -> None:
        event.stop()
        self._roster.toggle_pin(event.environment_id)
        self._publish_now()

    @on(EnvironmentTable.CopyAsked)
    def _copy(self, event: EnvironmentTable.CopyAsked) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.environment_id)
        self.post_message(Said(f"Copied {event.environment_id}"))

    @on(EnvironmentTable.ActionAsked)
    def _act(self, event: EnvironmentTable.ActionAsked) -> None:
        event.stop()
        chosen = [row for row in self.rows if row.id in event.environment_ids]
        self._confirm_and_do(event.verb, chosen)

    @on(EnvironmentTable.NewAsked)
    def _new(self, event: EnvironmentTable.NewAsked) -> None:
        event.stop()
        self._ask_and_create()

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

    @on(EnvironmentTable.FilterAsked)
    def _ask_filter(self, event: EnvironmentTable.FilterAsked) -> None:
        event.stop()
        self.add_class("-filtering")
        self.query_one("#environment-filter", Input).focus()

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
        self.query_one("#environment-filter", Input).value = ""
        self.remove_class("-filtering")
        self.table.focus()
