"""The list of environments: follows the server's list and the status of each."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from vibebox_tui.client.errors import ClientError
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.ui.error_watch import Errors, ErrorWatch
from vibebox_tui.ui.feed import EnvironmentFeed
from vibebox_tui.ui.messages import EnvironmentChosen, Said
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.roster import EnvironmentRow, Numbers, is_down
from vibebox_tui.ui.screens.dialogs import NewEnvironmentDialog, confirmation
from vibebox_tui.ui.servers import EnvironmentKey, Server
from vibebox_tui.ui.settings import Clock, DashboardSettings
from vibebox_tui.ui.widgets.environment_table import EnvironmentTable, Verb
from vibebox_tui.ui.widgets.line_input import LineInput

GATHER_SECONDS: Final = 0.05
"""How long changes gather before the list is shown anew: they come in flocks."""

SAMPLES_SECONDS: Final = 0.25
"""The same where only CPU and memory are others: each environment has a sample every second or
two, and who reads a log beside the list isn't to wait for it."""


class Sought(Enum):
    """What the logs of all environments are read for."""

    NOTHING = auto()
    ERRORS = auto()
    LINES = auto()
    """Their last lines, and errors."""


_CONSEQUENCES: Final[dict[Verb, str]] = {
    "start": "Its command begins to run.",
    "stop": "Its processes get SIGTERM, then SIGKILL. Its logs are kept.",
    "restart": "Its processes get SIGTERM, then SIGKILL; then its command runs anew.",
    "delete": "It is stopped, and its logs and terminals are deleted. This cannot be undone.",
}


class EnvironmentsPane(Pane):
    """Shows the environments of all servers, and does to them what the user has confirmed.

    Its worker lists each server's environments, keeps a status subscription for each and lists
    anew after every interruption. While the link to its server is down each one is `unknown`.
    """

    NOUN = "Environments"
    NEEDS_ENVIRONMENT = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_filter", "Clear the filter", show=False, id="list.clear_filter"),
    ]

    sought: reactive[Sought] = reactive(Sought.NOTHING, init=False)
    """What the logs of all environments are read for."""

    @dataclass
    class Changed(Message):
        """What is known of the environments changed; the rows are by number.

        `has_news` says that it is more than another sample of CPU and memory, `has_lines` that
        their logs had something that is looked for.
        """

        pane: "EnvironmentsPane"
        rows: tuple[EnvironmentRow, ...]
        has_news: bool = True
        has_lines: bool = True

        @property
        def control(self) -> "EnvironmentsPane":
            return self.pane

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        settings: DashboardSettings | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(servers[0].client, settings=settings, id=id)
        self._feeds = _feeds(servers, self.settings.clock, self._publish, self._publish_samples)
        self._gathering: Timer | None = None
        self._sampling: Timer | None = None
        self._is_behind = self._has_samples = False
        self._has_news = True
        self._watches: list[ErrorWatch] = []
        self._noted: dict[EnvironmentKey, Errors] = {}
        """What the logs had since the list was last shown, still changing."""
        self.table = EnvironmentTable(self.settings)
        self._filter_input = LineInput(
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
        if not any(feed.is_listed for feed in self._feeds.values()):
            return self.NOUN
        shown, all_of_them = len(self.table.shown), len(self.rows)
        count = f"{shown}/{all_of_them}" if shown != all_of_them else f"{all_of_them}"
        return f"{self.NOUN} ({count})"

    async def follow(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for feed in self._feeds.values():
                tasks.create_task(self._run(feed))

    async def _run(self, feed: EnvironmentFeed) -> None:
        """Follow one server; what fails there is its own business."""
        try:
            await feed.run()
        except* VibeBoxError as failure:
            feed.problem = str(failure.exceptions[0])
            self._publish()

    def watch_sought(self, sought: Sought) -> None:
        if sought is not Sought.NOTHING and self._watches:
            for watch in self._watches:
                watch.want_tail(sought is Sought.LINES)
            return
        if sought is not Sought.NOTHING:
            self._watches = [self._watch(feed) for feed in self._feeds.values()]
            self._read_logs()
            return
        self.workers.cancel_group(self, "errors")
        self._watches.clear()
        self._noted.clear()
        for feed in self._feeds.values():
            feed.roster.forget_errors()
        self._publish()

    @work(group="errors", exclusive=True, exit_on_error=False)
    async def _read_logs(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for watch in self._watches:
                tasks.create_task(watch.run())

    def _watch(self, feed: EnvironmentFeed) -> ErrorWatch:
        server, roster = feed.server, feed.roster

        def note(environment_id: str, errors: Errors) -> None:
            self._noted[EnvironmentKey(server.name, environment_id)] = errors
            self._publish_samples()

        return ErrorWatch(
            server.client,
            self.settings.clock,
            lambda: roster.ids,
            note,
            with_tail=self.sought is Sought.LINES,
            give_way=self.give_way,
        )

    def _publish(self) -> None:
        """Show the first change at once, and what follows it shortly after together."""
        self._has_news = True
        self._publish_soon()

    def _publish_soon(self) -> None:
        if self._gathering is not None:
            self._is_behind = True
            return
        self._gathering = self.set_timer(GATHER_SECONDS, self._gathered)
        self._publish_now()

    def _gathered(self) -> None:
        self._gathering = None
        if self._is_behind:
            self._publish_soon()

    def _publish_samples(self) -> None:
        """Show samples together with those that follow, or with the next change."""
        self._has_samples = True
        if self._sampling is None:
            self._sampling = self.set_timer(SAMPLES_SECONDS, self._sampled)

    def _sampled(self) -> None:
        self._sampling = None
        if self._has_samples and self.awaits_key:
            self._publish_samples()
        elif self._has_samples:
            self._publish_soon()

    def _publish_now(self) -> None:
        has_news, has_lines = self._has_news, bool(self._noted)
        self._is_behind = self._has_samples = self._has_news = False
        for key, errors in self._noted.items():
            self._feeds[key.server].roster.note_errors(key.id, errors)
        self._noted.clear()
        feeds = list(self._feeds.values())
        if links := [feed.link for feed in feeds if feed.link is not None]:
            self.show_link(min(links, key=is_down))
        self.failure = next((_problem(feed) for feed in feeds if feed.problem), "")
        rows = (row for feed in feeds for row in feed.roster.rows())
        self.table.rows = tuple(sorted(rows, key=lambda row: row.number))
        self.retitle()
        self.post_message(self.Changed(self, self.table.rows, has_news, has_lines))

    # --- the table's wishes ----------------------------------------------------------------

    @on(EnvironmentTable.Asked)
    def _grant(self, event: EnvironmentTable.Asked) -> None:
        event.stop()
        keys = event.keys
        match event.wish:
            case "open":
                self.post_message(EnvironmentChosen(keys[0]))
            case "mark" | "unmark":
                for key in keys:
                    self._feeds[key.server].roster.mark([key.id], marked=event.wish == "mark")
                self._publish_now()
            case "pin":
                self._feeds[keys[0].server].roster.toggle_pin(keys[0].id)
                self._publish_now()
            case "copy":
                self.app.copy_to_clipboard(keys[0].id)
                self.post_message(Said(f"Copied {keys[0].id}"))
            case "new":
                self._ask_and_create(keys[0].server if keys else next(iter(self._feeds)))
            case "filter":
                self.add_class("-filtering")
                self._filter_input.focus()
            case verb:
                self._confirm_and_do(verb, [row for row in self.rows if row.key in keys])

    @work(group="act", exclusive=False, exit_on_error=False)
    async def _confirm_and_do(self, verb: Verb, chosen: list[EnvironmentRow]) -> None:
        question = confirmation(
            verb.capitalize(), [row.full_name for row in chosen], _CONSEQUENCES[verb]
        )
        starts_one = verb == "start" and len(chosen) == 1
        if starts_one or await self.app.push_screen_wait(question) == "yes":
            await asyncio.gather(*(self._do(verb, row) for row in chosen))

    @work(group="act", exclusive=False, exit_on_error=False)
    async def _ask_and_create(self, server: str) -> None:
        wanted = await self.app.push_screen_wait(NewEnvironmentDialog(server, list(self._feeds)))
        if wanted is None:
            return
        rest, request = self._feeds[wanted.server].server.client.rest, wanted.request
        try:
            environment = await rest.create_environment(request)
        except ClientError as error:
            self.post_message(Said(f"{request.name} was not created: {error}", "error"))
        else:
            self._feeds[wanted.server].roster.put(environment, self.settings.clock())
            self._publish_now()
            self.table.cursor = EnvironmentKey(wanted.server, environment.id)
            self.post_message(Said(f"Created {environment.name}; s starts it"))

    async def _do(self, verb: Verb, row: EnvironmentRow) -> None:
        try:
            await self._call(verb, row.key)
        except ClientError as error:
            self.post_message(Said(f"{row.full_name}: {verb} failed: {error}", "error"))

    def _call(self, verb: Verb, key: EnvironmentKey) -> Coroutine[Any, Any, None]:
        rest, environment_id = self._feeds[key.server].server.client.rest, key.id
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


def _feeds(
    servers: Sequence[Server],
    clock: Clock,
    changed: Callable[[], None],
    sampled: Callable[[], None],
) -> dict[str, EnvironmentFeed]:
    """A feed for each server by its name; their environments are numbered together."""
    feeds: dict[str, EnvironmentFeed] = {}
    numbers, before = Numbers(), None
    for server in servers:
        before = EnvironmentFeed(server, clock, changed, sampled, numbers=numbers, after=before)
        feeds[server.name] = before
    return feeds


def _problem(feed: EnvironmentFeed) -> str:
    """Why a server's list can't be read; where there are several, of which one."""
    label = feed.server.label
    return f"{label}: {feed.problem}" if label else feed.problem
