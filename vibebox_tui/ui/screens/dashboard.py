"""The dashboard: the environments, the panes of the one looked at, and the way between them."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.ui.commands import (
    ActionCommands,
    AlertCommands,
    EnvironmentCommands,
    keymap_of,
    keys_by_scope,
    own_bindings,
)
from vibebox_tui.ui.layout import NOTICES_HEIGHT, SMALLEST_HEIGHT, SMALLEST_WIDTH, Shape, shape_of
from vibebox_tui.ui.messages import (
    EnvironmentChosen,
    KeyEverywhere,
    MomentChosen,
    Said,
    Severity,
    View,
)
from vibebox_tui.ui.notices import Events, Lead, Notice, environment_alerts, last_errors
from vibebox_tui.ui.output import FrugalScreen
from vibebox_tui.ui.panes.environments import EnvironmentsPane, Sought
from vibebox_tui.ui.panes.logs import LogsPane
from vibebox_tui.ui.panes.notices import NoticesPane
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.panes.side import Side
from vibebox_tui.ui.panes.slot import Slot
from vibebox_tui.ui.panes.workspace import Workspace
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.screens.connections import ConnectionsScreen
from vibebox_tui.ui.screens.dialogs import leaving
from vibebox_tui.ui.screens.everywhere import EVERYWHERE
from vibebox_tui.ui.screens.help import HelpScreen
from vibebox_tui.ui.screens.login import LogInDialog
from vibebox_tui.ui.servers import EnvironmentKey, Neighbour, Server, ServerState, Subject
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.environment_strip import EnvironmentStrip
from vibebox_tui.ui.widgets.headline import Headline
from vibebox_tui.ui.widgets.hints import HintLine
from vibebox_tui.ui.widgets.status_line import StatusLine

TICK_SECONDS: Final = 1.0
"""How often the clock and the ages on the screen move on."""


class DashboardScreen(FrugalScreen[None]):
    """The one screen under all dialogs."""

    BINDINGS: ClassVar[list[BindingType]] = EVERYWHERE

    current: reactive[EnvironmentKey | None] = reactive(None)
    """The environment that the panes show."""
    is_overview: reactive[bool] = reactive(False, toggle_class="-overview")
    shape: reactive[Shape] = reactive(Shape.MEDIUM, init=False)
    has_notices: reactive[bool] = reactive(False, init=False, toggle_class="-notices")
    """Whether there is room for alerts and errors beside all else."""

    def __init__(self, servers: Sequence[Server], settings: DashboardSettings) -> None:
        super().__init__(classes=Shape.MEDIUM.value)
        self._servers = {server.name: server for server in servers}
        self._links: dict[str, LinkState] = {}
        self._settings = settings
        self._before: EnvironmentKey | None = None
        self._asked_to_log_in: set[str] = set()
        self._status_line = StatusLine(settings, id="status-line")
        self._strip = EnvironmentStrip(settings, id="strip")
        self._headline = Headline(settings, id="headline")
        self._environments = EnvironmentsPane(servers, settings=settings, id="environments")
        self._side = Side(self._environments, servers[0], settings, self._subject_of)
        self._errors = NoticesPane(
            servers[0].client,
            "Errors of all",
            "No error in any log.",
            settings=settings,
            id="errors",
        )
        self._workspace = Workspace(servers[0], settings, below=self._errors)
        self._events = Events(settings.glyphs)

    def compose(self) -> ComposeResult:
        yield self._status_line
        yield self._strip
        with Horizontal(id="body"):
            yield self._side
            with Vertical(id="main"):
                yield self._headline
                yield self._workspace
        yield HintLine(id="hints")
        yield Static(
            f"VibeBox needs at least {SMALLEST_WIDTH} columns and {SMALLEST_HEIGHT} rows.",
            id="too-small",
        )

    def on_mount(self) -> None:
        self._tick()
        self.set_interval(TICK_SECONDS, self._tick)
        self._show_servers()
        for server in self._servers.values():
            self._follow_link(server)

    # --- what is known ---------------------------------------------------------------------

    @property
    def rows(self) -> tuple[EnvironmentRow, ...]:
        """All environments, by number."""
        return self._environments.rows

    @work(group="link", exclusive=False, exit_on_error=False)
    async def _follow_link(self, server: Server) -> None:
        async with server.client.watch_link() as states:
            async for state in states:
                if state.phase is LinkPhase.CLOSED and server.name not in self._links:
                    continue  # it wasn't opened yet
                self._links[server.name] = state
                self._events.take_link(server.label or "link", state, self._settings.clock())
                self._show_servers()
                self._note_refusal(server, state)

    def _show_servers(self) -> None:
        self._status_line.servers = self._environments.table.servers = tuple(
            ServerState(name, server.client.user_name, self._links.get(name))
            for name, server in self._servers.items()
        )

    @property
    def alerts(self) -> list[Lead]:
        """What is wrong now: with environments, with the way to a server, although it may work
        just now, and with panes; each leads to where one sees more."""
        glyphs = self._settings.glyphs
        unsteady = (
            (server.label or "connection", server.client.unsteadiness)
            for server in self._servers.values()
            if server.client.unsteadiness
        )
        return [
            *environment_alerts(self.rows, glyphs, self._go_to_log),
            *(Lead(Notice(*each, "$warning"), self.action_connections) for each in unsteady),
            *(
                Lead(Notice(pane.title_text(), pane.failure, "$error"), partial(_focus, pane))
                for pane in self.query(Pane)
                if pane.failure
            ),
        ]

    def _note_refusal(self, server: Server, link: LinkState) -> None:
        """Ask for a login once for each time that a server wants one."""
        if link.login_required and server.name not in self._asked_to_log_in:
            self._asked_to_log_in.add(server.name)
            self.app.push_screen(LogInDialog(server, link.reason))
        elif not link.login_required and link.phase is not LinkPhase.REFUSED:
            self._asked_to_log_in.discard(server.name)

    def _tick(self) -> None:
        now = self._settings.clock()
        for widget in (self._status_line, self._headline, self._environments.table):
            widget.now = now
        self._count_alerts()

    @on(EnvironmentsPane.Changed)
    def _take_rows(self, event: EnvironmentsPane.Changed) -> None:
        rows = event.rows
        if event.has_lines or event.has_news:
            found = last_errors(rows, self._settings.glyphs, self._go_to_line)
            self._errors.show(found, urgent=len(found))
        self._status_line.rows = rows
        order = list(self._servers)
        self._strip.rows = tuple(sorted(rows, key=lambda row: order.index(row.server)))
        if event.has_news:
            self._events.take(rows, self._settings.clock())
            self._count_alerts()
        self._workspace.update_subjects({row.key: self._subject(row) for row in rows})
        self._workspace.neighbours = tuple(
            Neighbour(self._subject(row), row.is_marked) for row in rows
        )
        if self._row(self.current) is None:
            self.current = self._strip.rows[0].key if rows else None
        self._show_current()
        if event.has_news:
            self._side.pile(is_stacked=self._is_stacked)

    @on(Pane.Failed)
    def _count_alerts(self) -> None:
        alerts = self.alerts
        self._status_line.alerts = len(alerts)
        self._side.alerts.show([*alerts, *self._events.leads(self._go_to_log)], urgent=len(alerts))

    def _go_to_log(self, key: EnvironmentKey) -> None:
        self.go_to(key, "logs")

    @work(group="go", exclusive=True, exit_on_error=False)
    async def _go_to_line(self, key: EnvironmentKey, moment: int) -> None:
        self.go_to(key, "logs")
        await self._show_moment(self._workspace.slot_for("logs"), moment)

    def watch_current(self, old: EnvironmentKey | None, new: EnvironmentKey | None) -> None:
        self._before = old or self._before
        self._strip.current = new
        self._environments.table.current = new
        self._environments.table.cursor = new
        self._show_current()

    def _show_current(self) -> None:
        row = self._row(self.current)
        self._headline.row = row
        subject = self._subject(row) if row else None
        self._workspace.subject = subject
        self._side.metrics.turn_to(subject if self.shape is Shape.WIDE else None)

    def _row(self, key: EnvironmentKey | None) -> EnvironmentRow | None:
        return next((row for row in self.rows if row.key == key), None)

    def _subject(self, row: EnvironmentRow) -> Subject:
        return Subject(self._servers[row.server], row.environment)

    def _subject_of(self, key: EnvironmentKey | None) -> Subject | None:
        row = self._row(key)
        return self._subject(row) if row else None

    # --- layout ----------------------------------------------------------------------------

    @property
    def _is_stacked(self) -> bool:
        """Whether there is more at the left than the list."""
        return self.shape is Shape.WIDE and not self.is_overview

    def on_resize(self, event: events.Resize) -> None:
        self.shape = shape_of(*event.size)
        self.has_notices = self.shape is Shape.WIDE and event.size.height >= NOTICES_HEIGHT

    def watch_has_notices(self) -> None:
        self._seek()

    def watch_shape(self, shape: Shape) -> None:
        self.remove_class(*(other.value for other in Shape), update=False)
        self.add_class(shape.value)
        self._workspace.has_companion = shape is Shape.WIDE
        self._side.pile(is_stacked=self._is_stacked)
        self._show_current()
        self.call_after_refresh(self._keep_focus)

    def watch_is_overview(self, is_overview: bool) -> None:
        self._environments.table.prefers_tiles = is_overview
        self._side.pile(is_stacked=self._is_stacked)
        self._seek()
        self.call_after_refresh(self._keep_focus)

    def _seek(self) -> None:
        """Have the logs of all environments read for as long as that is shown, and no longer."""
        if self.is_overview:
            self._environments.sought = Sought.LINES
        elif self.has_notices:
            self._environments.sought = Sought.ERRORS
        else:
            self._environments.sought = Sought.NOTHING

    async def _keep_focus(self) -> None:
        """Give the focus to something that can be seen."""
        if self.focused is not None and self.focused.is_on_screen:
            return
        if self.is_overview or self.shape in (Shape.MEDIUM, Shape.WIDE):
            self._environments.table.focus()
        else:
            await self._workspace.active.focus_content()

    # --- which environment -----------------------------------------------------------------

    def go_to(self, key: EnvironmentKey, view: View | None = None) -> None:
        """Show an environment, in the present tab or in `view`."""
        self.is_overview = False
        self.current = key
        if view is not None:
            self._workspace.slot_for(view).view = view

    @on(EnvironmentChosen)
    async def _go_to_chosen(self, event: EnvironmentChosen) -> None:
        self.go_to(event.key, event.view)
        await self._workspace.main.focus_content()

    @on(MomentChosen)
    async def _go_to_moment(self, event: MomentChosen) -> None:
        """Show the log of the environment whose metrics were looked at, in their place."""
        event.stop()
        here = (slot for slot in self._workspace.shown if slot.pane is event.sender)
        slot = next(here, None) or self._workspace.slot_for("logs")
        await self._show_moment(slot, event.moment)

    async def _show_moment(self, slot: Slot, moment: int) -> None:
        slot.view = "logs"
        await slot.focus_content()
        if isinstance(slot.pane, LogsPane):
            slot.pane.jump_to(moment)

    def action_environment(self, number: int) -> None:
        row = next((row for row in self.rows if row.number == number), None)
        if row is None:
            self._say(f"There is no environment {number}.", "warning")
        else:
            self.go_to(row.key)

    def action_last(self) -> None:
        if row := self._row(self._before):
            self.go_to(row.key)

    def action_step(self, step: int) -> None:
        keys = [row.key for row in self._environments.table.shown]
        if keys:
            at = keys.index(self.current) if self.current in keys else 0
            self.go_to(keys[(at + step) % len(keys)])

    def action_switch(self) -> None:
        self.app.push_screen(
            CommandPalette([EnvironmentCommands], placeholder="Which environment?")
        )

    def action_palette(self) -> None:
        self.app.push_screen(
            CommandPalette([ActionCommands, EnvironmentCommands], placeholder="What to do?")
        )

    def action_overview(self) -> None:
        self.is_overview = not self.is_overview
        self._environments.table.focus()

    def action_alerts(self) -> None:
        self._count_alerts()
        if self.has_notices and (_focus(self._side.alerts) or _focus(self._errors)):
            return
        if self._status_line.alerts:
            self.app.push_screen(CommandPalette([AlertCommands], placeholder="What is wrong?"))
        else:
            self._say("Nothing is wrong.")

    # --- which pane ------------------------------------------------------------------------

    async def action_view(self, view: View) -> None:
        """Show this view of the environment that the focus is on."""
        table, active = self._environments.table, self._workspace.active
        if table.has_focus and table.cursor:
            self.go_to(table.cursor)
        slot = active if active.subject != self._workspace.subject else None
        slot = slot or self._workspace.slot_for(view)
        slot.view = view
        self.is_overview = False
        await slot.focus_content()

    async def action_tab(self, step: int) -> None:
        slot = self._workspace.active
        had_focus = slot.has_focus_within
        slot.next_view(step)
        if had_focus:
            await slot.focus_content()

    def action_pane(self, step: int) -> None:
        targets = self._pane_targets()
        holders = [index for index, (pane, _) in enumerate(targets) if pane.has_focus_within]
        if targets:
            at = (holders[0] + step if holders else 0) % len(targets)
            targets[at][1].focus()

    def _pane_targets(self) -> list[tuple[Widget, Widget]]:
        """The panes on the screen that can have the focus, each with what takes it."""
        shown = (slot.pane for slot in self._workspace.shown)
        panes: list[Pane] = [self._environments, *shown, self._errors, self._side.alerts]
        targets = [(pane, pane.focus_target) for pane in panes if pane.is_on_screen]
        return [(pane, target) for pane, target in targets if target is not None]

    async def action_beside(self) -> None:
        """Open one more pane: of the environment that the focus is on."""
        table, active = self._environments.table, self._workspace.active
        here = active.subject.key if active.subject else self.current
        row = self._row(table.cursor if table.has_focus else here)
        if row is None:
            return
        view = self._workspace.view_beside(row.key)
        goes_on_typing = active.view == view == "terminal" and not table.has_focus
        slot = await self._open_beside(self._subject(row), view)
        if slot is not None and goes_on_typing:
            slot.pane.enter()

    async def _open_beside(self, subject: Subject, view: View) -> Slot | None:
        self.is_overview = False
        if not self._workspace.has_room:
            self._say("There is no room for another pane; _ closes one.", "warning")
            return None
        slot = await self._workspace.open_beside(subject, view)
        await slot.focus_content()
        return slot

    async def action_close(self) -> None:
        if await self._workspace.close(self._workspace.active):
            await self._workspace.main.focus_content()
            self.refresh_bindings()

    def action_zoom(self) -> None:
        if self._environments.table.has_focus:
            self.action_overview()
            return
        slot = self._workspace.active
        self._workspace.zoomed = None if self._workspace.zoomed else slot
        self.set_class(self._workspace.zoomed is not None, "-zoomed")
        self.call_after_refresh(slot.focus_content)

    def action_back(self) -> None:
        if self.is_overview:
            self.is_overview = False
        elif self._workspace.zoomed:
            self.action_zoom()
        elif self._environments.is_on_screen:
            self._environments.table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "close":
            return self._workspace.can_close(self._workspace.active)
        return super().check_action(action, parameters)

    # --- everything else -------------------------------------------------------------------

    def action_reconnect(self) -> None:
        for server in self._servers.values():
            server.client.retry_now()
        for pane in self.query(Pane):
            if pane.failure:
                pane.restart()
        self._count_alerts()

    def action_connections(self) -> None:
        self.app.push_screen(ConnectionsScreen(list(self._servers.values()), self._settings))

    async def action_help(self) -> None:
        await self._workspace.main.build_all()
        self.app.push_screen(HelpScreen(keys_by_scope(self.app, self)))

    def action_leave(self) -> None:
        if self.is_overview or self._workspace.zoomed:
            self.action_back()
        else:
            self._ask_and_leave()

    @work(group="leave", exclusive=True, exit_on_error=False)
    async def _ask_and_leave(self) -> None:
        running = [row for row in self.rows if row.state == "running"]
        own = {server.name: server.label for server in self._servers.values() if server.is_own}
        question = leaving(
            [row.full_name for row in running],
            owns_server=any(row.server in own for row in running),
            is_throw_away=all(server.is_throw_away for server in self._servers.values()),
            only_at="".join(own.values()),
        )
        answer = await self.app.push_screen_wait(question)
        if answer in ("leave", "stop"):
            self.app.exit(answer)

    @on(KeyEverywhere)
    async def _press_everywhere(self, event: KeyEverywhere) -> None:
        event.stop()
        for node in (self, self.app):
            for binding in own_bindings(node, keymap_of(self.app)):
                if binding.key == event.key:
                    await self.app.run_action(binding.action, node)
                    return

    @on(Said)
    def _notify(self, event: Said) -> None:
        event.stop()
        self._say(event.text, event.severity)

    def _say(self, text: str, severity: Severity = "information") -> None:
        self.app.notify(text, severity=severity, markup=False, timeout=4)


def _focus(pane: Pane) -> bool:
    """Give the focus to a pane, where it can be seen and has something for it."""
    target = pane.focus_target if pane.is_on_screen else None
    if target is not None:
        target.focus()
    return target is not None
