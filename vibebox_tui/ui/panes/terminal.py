"""The terminal pane: the sessions of one environment, drawn, typed into, kept over reconnects."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from vibebox_tui.client.client import Client
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.commands import unbound_keys
from vibebox_tui.ui.messages import BesideWanted, Said
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.panes.terminals import Terminals
from vibebox_tui.ui.panes.terminals_attachment import FRAME_PATIENCE, Attachment
from vibebox_tui.ui.panes.terminals_box import TerminalBox
from vibebox_tui.ui.panes.terminals_capture import Command, prefix_help
from vibebox_tui.ui.panes.terminals_copy import COPY_KEYS
from vibebox_tui.ui.panes.terminals_frames import FRAME, FrameClock
from vibebox_tui.ui.panes.terminals_recordings import player_of, record_or_end
from vibebox_tui.ui.panes.terminals_tabs import TerminalTabs
from vibebox_tui.ui.recordings import CastError
from vibebox_tui.ui.recordings.shelf import recordings
from vibebox_tui.ui.screens.dialogs import Choice, ChoiceDialog
from vibebox_tui.ui.screens.help import HelpScreen
from vibebox_tui.ui.screens.recordings import RecordingsDialog
from vibebox_tui.ui.screens.rename import RenameDialog
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.terminal_paint import harmless
from vibebox_tui.ui.widgets.terminal_view import TerminalView

_log = logging.getLogger(__name__)

BELL_SECONDS = 0.15
"""How long the border shows a bell: long enough to be noticed, no blinking."""


class TerminalPane(Pane):
    """The terminals of one environment, as tabs; one of them is shown.

    Of several such panes of one environment each shows another terminal, unless it is told to.
    A terminal is attached when it is first shown and stays attached while the pane follows its
    environment. While it captures, every key goes to the remote side but the escape key, which
    the border names.
    """

    NOUN: ClassVar[str] = "Terminal"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,t", "capture", "Type into the terminal", id="terminal.capture"),
        Binding("c", "new", "New terminal", id="terminal.new"),
        Binding("n", "next(1)", "Next terminal", id="terminal.next", show=False),
        Binding("p", "next(-1)", "Previous terminal", id="terminal.previous", show=False),
        Binding("r", "rename", "Rename this terminal", id="terminal.rename", show=False),
        Binding("X", "end", "End this terminal", id="terminal.end", show=False),
        Binding("pageup", "page(1)", "Scroll back", id="terminal.page_up", show=False),
        Binding("pagedown", "page(-1)", "Scroll forward", id="terminal.page_down", show=False),
        Binding("up,k", "scroll(1)", "Scroll a line back", id="terminal.up", show=False),
        Binding("down,j", "scroll(-1)", "Scroll a line forward", id="terminal.down", show=False),
        Binding("g,home", "oldest", "To the oldest line", id="terminal.oldest", show=False),
        Binding("G,end", "newest", "To the present screen", id="terminal.newest", show=False),
        Binding("v", "read", "Copy mode", id="terminal.read"),
        Binding(
            "left_curly_bracket",
            "prompt(-1)",
            "Prompt before",
            id="terminal.prompt_before",
            show=False,
        ),
        Binding(
            "right_curly_bracket",
            "prompt(1)",
            "Next prompt",
            id="terminal.prompt_after",
            show=False,
        ),
        Binding("slash", "search", "Search in the terminal", id="terminal.search"),
        Binding("R", "record", "Record, end recording", id="terminal.record", show=False),
        Binding("P", "play", "Play a recording", id="terminal.play", show=False),
    ]

    # --- what it is made of ----------------------------------------------------------------

    def __init__(
        self,
        client: Client,
        environment: Environment | None = None,
        *,
        settings: DashboardSettings | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(client, environment, settings=settings, id=id, classes=classes)
        self._box = TerminalBox(self.settings, self._typed_into_too)
        self._tabs = TerminalTabs()
        self._frames = FrameClock(self._draw, self._drawing_failed)
        self._terminals: Terminals | None = None
        self._has_room = asyncio.Event()
        self._titled = ""
        self._is_opening = False
        self._hearing: list[TerminalPane] = []
        """The panes that know that what is typed here goes to them too."""

    def compose(self) -> ComposeResult:
        yield self._tabs
        yield self._box

    @property
    def focus_target(self) -> Widget | None:
        return self._box.view

    @property
    def present(self) -> Attachment | None:
        """The terminal that is shown, where there is one."""
        return self._terminals.present if self._terminals else None

    def title_text(self) -> str:
        title = super().title_text()
        if (attachment := self.present) is None:
            return title
        said = harmless(attachment.emulator.title).strip()
        name = f"{title}/{attachment.name}"
        return f"{name} – {said}" if said else name

    def key_help(self) -> dict[str, list[tuple[str, str]]]:
        return {self.NOUN: prefix_help(self.settings.escape_key), "copy mode": list(COPY_KEYS)}

    def key_hints(self) -> list[tuple[str, str]]:
        return self._box.hints()

    # --- following -------------------------------------------------------------------------

    def on_unmount(self) -> None:
        for pane in self._hearing:
            pane.hear("")

    def reset(self) -> None:
        self._terminals = None
        self._frames.stop()
        self._box.leave()
        self._draw()

    async def follow(self) -> None:
        if self.environment is None:
            return
        await self._has_room.wait()
        async with asyncio.TaskGroup() as tasks:
            terminals = Terminals(
                self.client,
                self.environment,
                tasks,
                self._changed,
                self._shown_elsewhere,
                give_way=self.give_way,
                may_copy=self.settings.programs_copy,
                scrollback=self.settings.scrollback,
            )
            self._terminals = terminals
            await terminals.load(*self._box.view.room)
            if self._box.is_typing and self.present is None:
                self.action_new()
            await asyncio.get_running_loop().create_future()

    def enter(self) -> None:
        self.action_capture()

    def _changed(self, attachment: Attachment | None) -> None:
        if attachment is None:
            self._show_present()
            self._frames.request()
            return
        if (copied := attachment.take_copied()) is not None:
            self._box.copy_for_program(copied, self._name_of(attachment))
        if attachment is not self.present and not attachment.note_news():
            return
        self._frames.request()

    def _draw(self) -> None:
        """Bring the screen up to date: one frame, whatever has come since the last."""
        attachment = self.present
        if attachment is not None and attachment.is_mid_frame:
            self._frames.request(after=FRAME_PATIENCE)
            return
        if self.awaits_key:
            self._frames.request(after=FRAME)
            return
        self._show_present()
        self._describe()
        self._box.draw(missing=self._missing)

    def _show_present(self) -> None:
        """What is typed is for the present terminal, whenever that will be drawn."""
        attachment = self.present
        name = self._name_of(attachment) if attachment else ""
        if self._box.attachment is not attachment:
            self._box.show(attachment, name)
        self._box.name_shown = name

    def _drawing_failed(self, error: Exception) -> None:
        _log.error("drawing %s failed", self.title_text(), exc_info=error)
        self._fail(f"Drawing this pane failed: {type(error).__name__}: {error}")

    # --- what it says about itself ---------------------------------------------------------

    @property
    def _missing(self) -> str:
        """Why no terminal is shown, where that is known."""
        terminals = self._terminals
        if terminals is None or not terminals.is_loaded or terminals.present is not None:
            return ""
        if terminals.attachments:
            return "All terminals here are shown beside. Enter opens another."
        if self.environment is not None and self.environment.read_only:
            return "No terminal can be opened here: it may only be watched."
        return "No terminal here yet. Enter opens a shell."

    @property
    def _others(self) -> list["TerminalPane"]:
        """The other panes with terminals of this environment."""
        here = self.environment.id if self.environment else None
        panes = [pane for pane in self.screen.query(TerminalPane) if pane is not self]
        return [pane for pane in panes if pane.environment and pane.environment.id == here]

    @property
    def _beside(self) -> list["TerminalPane"]:
        """The other panes with terminals on the screen, of whatever environments."""
        panes = self.screen.query(TerminalPane)
        return [pane for pane in panes if pane is not self and pane.is_on_screen]

    def _typed_into_too(self) -> list[Attachment]:
        """The terminals that the panes beside show, but for the one that is shown here."""
        here = self.present.session.id if self.present else ""
        shown = [pane.present for pane in self._beside]
        alive = {each.session.id: each for each in shown if each is not None and not each.is_over}
        return [each for session_id, each in alive.items() if session_id != here]

    def hear(self, name: str) -> None:
        """What is typed into the terminal `name` comes here too; none: no longer."""
        if self._box.heard_from != name:
            self._box.heard_from = name
            self._frames.request()

    def _let_hear(self) -> None:
        """Tell the panes beside whether what is typed here goes to them."""
        hearing = self._beside if self._box.is_broadcasting else []
        for pane in self._hearing:
            if pane not in hearing:
                pane.hear("")
        for pane in hearing:
            pane.hear(self.present.name if self.present else "")
        self._hearing = hearing

    def _shown_elsewhere(self) -> set[str]:
        shown = [pane.present for pane in self._others if pane.is_on_screen]
        return {attachment.session.id for attachment in shown if attachment is not None}

    def _describe(self) -> None:
        attachment = self.present
        if attachment is not None:
            self._notice_bell(attachment)
            if attachment.link_state is not None:
                self.show_link(attachment.link_state)
        if (title := self.title_text()) != self._titled:
            self._titled = title
            self.retitle()
        self._let_hear()
        self.set_class(self._box.is_broadcasting or bool(self._box.heard_from), "-broadcast")
        self.detail = self._box.words()
        self._tabs.show(self._terminals.attachments if self._terminals else [], attachment)

    def _notice_bell(self, attachment: Attachment) -> None:
        if attachment.take_bell():
            self.add_class("-bell")
            self.set_timer(BELL_SECONDS, lambda: self.remove_class("-bell"))

    def _name_of(self, attachment: Attachment) -> str:
        environment = self.environment.name if self.environment else ""
        return f"{environment}/{attachment.name}"

    def _say(self, text: str, *, is_error: bool = False) -> None:
        self.post_message(Said(text, "error" if is_error else "information"))

    # --- actions ---------------------------------------------------------------------------

    def action_capture(self) -> None:
        """Type into the terminal that is shown; open one where there is none."""
        self._box.type_here()
        if self._missing or (self.present is not None and self.present.is_over):
            self.action_new()

    def action_next(self, step: int) -> None:
        """Show the terminal `step` places further."""
        if self._terminals is not None:
            self._terminals.show_next(step)

    def action_page(self, pages: int) -> None:
        """Scroll back by `pages`, forward where negative."""
        self._box.scroll_back(pages * max(1, self._box.view.size.height - 1))

    def action_scroll(self, lines: int) -> None:
        """Scroll back by `lines`, forward where negative."""
        self._box.scroll_back(lines)

    def action_oldest(self) -> None:
        """Scroll back to the oldest line that is kept."""
        self._box.scroll_back(self._box.view.furthest)

    def action_newest(self) -> None:
        """Show the present screen."""
        self._box.scroll_back(-self._box.view.back)

    def action_read(self) -> None:
        """Enter copy mode."""
        self._box.read()

    def action_prompt(self, step: int) -> None:
        """Enter copy mode at the next prompt, or at the one before where `step` is negative."""
        self._box.go_to_prompt(step)

    def action_search(self) -> None:
        """Search in the terminal's text, from its end to its start."""
        self._box.search()

    def action_new(self) -> None:
        """Start a shell in a session of its own, and type into it.

        A terminal that was shown and is over makes room for it.
        """
        if self._terminals is not None and not self._is_opening:
            self._is_opening = True
            self._box.type_here()
            self._box.await_another()
            self._open(self._terminals)

    @work(group="open", exclusive=True, exit_on_error=False)
    async def _open(self, terminals: Terminals) -> None:
        over = self.present if self.present is not None and self.present.is_over else None
        try:
            await terminals.open(*self._box.view.room)
        except VibeBoxError as error:
            self._say(f"No terminal: {error}", is_error=True)
            self._box.leave()
        else:
            if over is not None:
                terminals.forget(over)
            self._tell_others()
        finally:
            self._is_opening = False

    @work(group="rename", exclusive=True, exit_on_error=False)
    async def action_rename(self) -> None:
        """Ask for another name of the terminal that is shown, and give it that."""
        terminals, attachment = self._terminals, self.present
        if terminals is None or attachment is None or attachment.is_over:
            return
        dialog = RenameDialog(self._name_of(attachment), attachment.name)
        if (name := await self.app.push_screen_wait(dialog)) is None:
            return
        try:
            await terminals.rename(attachment, name)
            self._tell_others()
        except VibeBoxError as error:
            self._say(f"The terminal keeps its name: {error}", is_error=True)

    @work(group="end", exclusive=True, exit_on_error=False)
    async def action_end(self) -> None:
        """End the terminal that is shown, after asking; one that is over is taken away."""
        terminals, attachment = self._terminals, self.present
        if terminals is None or attachment is None:
            return
        if attachment.is_over:
            terminals.forget(attachment)
        elif await self.app.push_screen_wait(_ending(self._name_of(attachment))) == "end":
            try:
                await terminals.end(attachment)
                self._tell_others()
            except VibeBoxError as error:
                self._say(f"The terminal goes on: {error}", is_error=True)

    def _tell_others(self) -> None:
        """There is a terminal more here, or less."""
        for pane in self._others:
            pane.look_again()

    @work(group="list", exclusive=True, exit_on_error=False)
    async def look_again(self) -> None:
        """Ask which terminals there are now: other panes and other people open and end them."""
        terminals = self._terminals
        if terminals is None or not terminals.is_loaded:
            return
        try:
            await terminals.look_again(*self._box.view.room)
        except VibeBoxError as error:
            _log.info("no list of terminals: %s", error)  # the link's state is shown already

    def on_descendant_focus(self) -> None:
        self.look_again()

    def action_record(self) -> None:
        """Record the terminal that is shown, or end that; what is typed is no part of it."""
        if (attachment := self.present) is None:
            return
        try:
            if said := record_or_end(attachment, self._name_of(attachment)):
                self._say(said)
        except CastError as error:
            self._say(str(error), is_error=True)
        self._frames.request()

    @work(group="play", exclusive=True, exit_on_error=False)
    async def action_play(self) -> None:
        """Choose a recording and play it."""
        path = await self.app.push_screen_wait(RecordingsDialog(recordings()))
        if path is None:
            return
        try:
            self.app.push_screen(await player_of(path, self.settings.glyphs))
        except CastError as error:
            self._say(str(error), is_error=True)

    def _show_keys(self) -> None:
        """List the keys that work while one types; any key that leaves closes the list, and one
        types on."""
        self.app.push_screen(HelpScreen(unbound_keys(self)))

    # --- what its terminal reports ---------------------------------------------------------

    @on(TerminalBox.Commanded)
    def _obey(self, event: TerminalBox.Commanded) -> None:
        event.stop()
        does: dict[Command, Callable[[], object]] = {
            Command.NEXT: partial(self.action_next, 1),
            Command.PREVIOUS: partial(self.action_next, -1),
            Command.NEW: self.action_new,
            Command.BESIDE: lambda: self.post_message(BesideWanted()),
            Command.RECONNECT: self.client.retry_now,
            Command.RECORD: self.action_record,
            Command.HELP: self._show_keys,
        }
        does[event.command]()

    @on(TerminalTabs.Chosen)
    def _choose(self, event: TerminalTabs.Chosen) -> None:
        event.stop()
        if self._terminals is not None:
            self._terminals.show(event.attachment)

    @on(TerminalBox.Restated)
    def _restate(self, event: TerminalBox.Restated) -> None:
        event.stop()
        self.detail = self._box.words()
        self.refresh_bindings()
        self._frames.request()

    @on(TerminalView.SizeChanged)
    def _fit(self, event: TerminalView.SizeChanged) -> None:
        event.stop()
        self._has_room.set()
        if self._terminals is not None:
            self._terminals.resize(event.rows, event.columns)


def _ending(what: str) -> ChoiceDialog:
    return ChoiceDialog(
        "End terminal",
        f"End {what}?\n\nWhat runs in it is stopped, for everybody who is attached.",
        [Choice("no", "Cancel", is_harmless=True), Choice("end", "End it", is_dangerous=True)],
    )
