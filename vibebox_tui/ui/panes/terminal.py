"""The terminal pane: the sessions of one environment, drawn, typed into, kept over reconnects."""

import asyncio
import webbrowser
from collections.abc import Callable
from functools import partial
from typing import ClassVar, assert_never

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from vibebox_tui.client.client import Client
from vibebox_tui.emulator.keys import encode_focus
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.messages import KeyEverywhere, Said
from vibebox_tui.ui.output import draw_now
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.panes.terminals import Terminals
from vibebox_tui.ui.panes.terminals_attachment import FRAME_PATIENCE, Attachment
from vibebox_tui.ui.panes.terminals_capture import (
    Capture,
    Command,
    Elsewhere,
    Prefixed,
    Typed,
    Unknown,
    key_name,
    prefix_help,
)
from vibebox_tui.ui.panes.terminals_frames import FrameClock
from vibebox_tui.ui.panes.terminals_paste import is_worth_asking, question
from vibebox_tui.ui.panes.terminals_pointing import Pointing
from vibebox_tui.ui.panes.terminals_reading import Asks, Reading
from vibebox_tui.ui.panes.terminals_typing import Typing
from vibebox_tui.ui.panes.terminals_words import notice_of, tab_texts, what_is_shown
from vibebox_tui.ui.screens.dialogs import Choice, ChoiceDialog
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.terminal_paint import harmless
from vibebox_tui.ui.widgets.terminal_view import TerminalView

BELL_SECONDS = 0.15
"""How long the border shows a bell: long enough to be noticed, no blinking."""


class TerminalPane(Pane):
    """The terminals of one environment, as tabs; one of them is shown.

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
        Binding("X", "end", "End this terminal", id="terminal.end", show=False),
        Binding("pageup", "page(1)", "Scroll back", id="terminal.page_up", show=False),
        Binding("pagedown", "page(-1)", "Scroll forward", id="terminal.page_down", show=False),
        Binding("up,k", "scroll(1)", "Scroll a line back", id="terminal.up", show=False),
        Binding("down,j", "scroll(-1)", "Scroll a line forward", id="terminal.down", show=False),
        Binding("g,home", "oldest", "To the oldest line", id="terminal.oldest", show=False),
        Binding("G,end", "newest", "To the present screen", id="terminal.newest", show=False),
        Binding("v", "read", "Copy mode", id="terminal.read"),
        Binding("slash", "search", "Search in the terminal", id="terminal.search"),
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
        self._view = TerminalView()
        self._tab_line = Static(classes="terminal-tabs")
        self._notice_line = Static(classes="terminal-notice")
        self._search_line = Input(placeholder="search", classes="terminal-search", compact=True)
        self._capture = Capture(self.settings.escape_key)
        self._frames = FrameClock(self._draw)
        self._terminals: Terminals | None = None
        self._has_room = asyncio.Event()
        self._titled = ""
        self._is_opening = False
        self._typing = Typing(lambda: self.present)
        self._reading = Reading(
            self._view, Asks(self._copy, self._open_link, self._ask_search, self._say)
        )
        self._pointing = Pointing(
            self._view, self._reading, lambda: self.present, is_typing=lambda: self._is_typing
        )
        self._is_typing = False
        self._searches_backward = False

    def compose(self) -> ComposeResult:
        yield self._tab_line
        yield self._view
        yield self._notice_line
        yield self._search_line

    @property
    def focus_target(self) -> Widget | None:
        return self._view

    @property
    def present(self) -> Attachment | None:
        """The terminal that is shown, where there is one."""
        return self._terminals.present if self._terminals else None

    def title_text(self) -> str:
        title = super().title_text()
        if (attachment := self.present) is None:
            return title
        name = f"{title}/{attachment.session.session_name or 'shell'}"
        said = harmless(attachment.emulator.title).strip()
        return f"{name} – {said}" if said else name

    def key_help(self) -> list[tuple[str, str]]:
        return prefix_help(self.settings.escape_key)

    # --- following -------------------------------------------------------------------------

    def reset(self) -> None:
        self._terminals = None
        self._leave()
        self._frames.stop()
        self._view.show(None)
        self._describe()

    async def follow(self) -> None:
        if self.environment is None:
            return
        await self._has_room.wait()
        async with asyncio.TaskGroup() as tasks:
            terminals = Terminals(self.client, self.environment.id, tasks, self._changed)
            self._terminals = terminals
            await terminals.load(*self._view.room)
            self._go_on_capturing()
            await asyncio.get_running_loop().create_future()

    def _go_on_capturing(self) -> None:
        """The list is there: who wanted to type before that gets a terminal to do it in."""
        if not self._is_typing:
            return
        if self.present is None:
            self.action_new()
        else:
            self._typing.catch_up()

    def _changed(self, attachment: Attachment | None) -> None:
        if attachment is None or attachment is self.present:
            self._frames.request()
        elif not attachment.has_news:
            attachment.has_news = True
            self._frames.request()

    def _draw(self) -> None:
        """Bring the screen up to date: one frame, whatever has come since the last."""
        attachment = self.present
        emulator = attachment.emulator if attachment else None
        if attachment is not None and attachment.is_mid_frame:
            self._frames.request(after=FRAME_PATIENCE)
            return
        if self._view.emulator is not emulator:
            self._view.show(emulator)
        self._view.draw_changes()
        self._describe()
        if self._view.is_on_screen:
            draw_now(self._view)

    # --- what it says about itself ---------------------------------------------------------

    def _describe(self) -> None:
        attachment, terminals = self.present, self._terminals
        if attachment is not None:
            self._notice_bell(attachment)
            if attachment.link_state is not None:
                self.show_link(attachment.link_state)
        if (title := self.title_text()) != self._titled:
            self._titled = title
            self.retitle()
        self.detail = self._detail()
        attachments = terminals.attachments if terminals else []
        self._set_line(self._tab_line, tab_texts(attachments, attachment))
        is_empty = terminals is not None and terminals.is_loaded and not attachments
        notice = notice_of(attachment, self._escape, is_empty=is_empty, typing=self._typing)
        self._set_line(self._notice_line, notice)

    @property
    def _escape(self) -> str:
        return key_name(self.settings.escape_key)

    def _detail(self) -> str:
        return what_is_shown(
            self.present,
            typing=self._is_typing,
            reading=self._reading.words,
            prefixed=self._capture.prefixed,
            back=self._view.back,
            escape=self._escape,
        )

    def _notice_bell(self, attachment: Attachment) -> None:
        if attachment.take_bell():
            self.add_class("-bell")
            self.set_timer(BELL_SECONDS, lambda: self.remove_class("-bell"))

    def _set_line(self, line: Static, content: Content) -> None:
        line.display = bool(content.plain)
        if content != line.content:
            line.update(content)

    # --- keys ------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        if self._search_line.has_focus:
            if event.key == "escape":
                event.stop()
                self._end_search_line()
            return
        if self._reading.is_by_mouse:
            self._reading.leave()
        if not self._view.all_keys:
            return
        event.stop()
        event.prevent_default()
        if self._reading.is_active and event.key != self.settings.escape_key:
            self._reading.press(event.key)
            self._view.all_keys = self._reading.is_active or self._is_typing
        else:
            self._press(event)
        self.detail = self._detail()

    def _press(self, event: events.Key) -> None:
        match verdict := self._capture.press(event.key, event.character):
            case Typed():
                self._view.back = 0
                self._typing.press(verdict)
            case Command():
                self._obey(verdict)
            case Elsewhere(key):
                self._leave()
                self.post_message(KeyEverywhere(key))
            case Unknown(key):
                self._say(f"{self._escape} {key} means nothing; {self._escape} ? shows what does")
            case Prefixed():
                pass
            case _:
                assert_never(verdict)

    def on_paste(self, event: events.Paste) -> None:
        if self._is_typing and self.present is not None:
            event.stop()
            self._paste(self.present, event.text)

    @work(group="paste", exclusive=False, exit_on_error=False)
    async def _paste(self, attachment: Attachment, text: str) -> None:
        if self._typing.is_pasting:
            self._say(f"A paste is on its way already; {self._escape} x stops it", is_error=True)
            return
        if not await self._may_paste(attachment, text):
            return
        await self._typing.paste(attachment, text, self._frames.request)
        self._frames.request()

    async def _may_paste(self, attachment: Attachment, text: str) -> bool:
        if not self.settings.confirm_paste or not is_worth_asking(text):
            return True
        dialog = _pasting(text, self._name_of(attachment))
        return await self.app.push_screen_wait(dialog) == "paste"

    def _name_of(self, attachment: Attachment) -> str:
        environment = self.environment.name if self.environment else ""
        return f"{environment}/{attachment.session.session_name or 'shell'}"

    def _obey(self, command: Command) -> None:
        does: dict[Command, Callable[[], object]] = {
            Command.LEAVE: self._leave,
            Command.NEXT: partial(self.action_next, 1),
            Command.PREVIOUS: partial(self.action_next, -1),
            Command.NEW: self.action_new,
            Command.COPY_MODE: self.action_read,
            Command.SEARCH: self.action_search,
            Command.PASTE: lambda: self.on_paste(events.Paste(self.app.clipboard)),
            Command.READ_ONLY: self._switch_read_only,
            Command.SEND_PENDING: partial(self._answer_pending, send=True),
            Command.FORGET_PENDING: partial(self._answer_pending, send=False),
            Command.RECONNECT: self.client.retry_now,
            Command.HELP: self._show_keys,
        }
        does[command]()

    def _switch_read_only(self) -> None:
        if (attachment := self.present) is not None:
            attachment.read_only = not attachment.read_only

    def _answer_pending(self, *, send: bool) -> None:
        if self._typing.is_pasting and not send:
            self._typing.stop_pasting()
        elif (attachment := self.present) is not None:
            attachment.answer_pending(send=send)

    def _show_keys(self) -> None:
        keys = "\n".join(f"{keys:12} {what}" for keys, what in self.key_help())
        self.notify(keys, title="In a terminal", markup=False, timeout=15)

    def _leave(self) -> None:
        """Type no more; read no more either."""
        self._typing.forget()
        self._is_typing = False
        if self._reading.is_active:
            self._reading.leave()
        self._view.all_keys = False
        self._capture.prefixed = False

    def _capture_keys(self) -> None:
        self._is_typing = True
        self._view.all_keys = True

    # --- actions ---------------------------------------------------------------------------

    def action_capture(self) -> None:
        """Type into the terminal that is shown; open one where there is none."""
        self._view.back = 0
        self._capture_keys()
        self._view.focus()
        attachment, terminals = self.present, self._terminals
        is_over = attachment is not None and (attachment.ended or attachment.failure)
        if is_over or (attachment is None and terminals is not None and terminals.is_loaded):
            self.action_new()
        self._describe()

    def action_next(self, step: int) -> None:
        """Show the terminal `step` places further."""
        if self._terminals is not None:
            self._terminals.show_next(step)

    def action_page(self, pages: int) -> None:
        """Scroll back by `pages`, forward where negative."""
        self._scroll(pages * max(1, self._view.size.height - 1))

    def action_scroll(self, lines: int) -> None:
        """Scroll back by `lines`, forward where negative."""
        self._scroll(lines)

    def action_oldest(self) -> None:
        """Scroll back to the oldest line that is kept."""
        self._scroll(self._view.furthest)

    def action_newest(self) -> None:
        """Show the present screen."""
        self._scroll(-self._view.back)

    def action_new(self) -> None:
        """Start a shell in a session of its own, and type into it.

        A terminal that was shown and has ended makes room for it.
        """
        if self._terminals is not None and not self._is_opening:
            self._is_opening = True
            self._capture_keys()
            self._open(self._terminals)

    @work(group="open", exclusive=True, exit_on_error=False)
    async def _open(self, terminals: Terminals) -> None:
        over = self.present if self.present and self.present.ended else None
        try:
            await terminals.open(*self._view.room)
        except VibeBoxError as error:
            self._say(f"No terminal: {error}", is_error=True)
            self._leave()
        else:
            if over is not None:
                terminals.forget(over)
            self._typing.catch_up()
        finally:
            self._is_opening = False
            self._describe()

    @work(group="end", exclusive=True, exit_on_error=False)
    async def action_end(self) -> None:
        """End the terminal that is shown, after asking; one that has ended is taken away."""
        terminals, attachment = self._terminals, self.present
        if terminals is None or attachment is None:
            return
        if attachment.ended or attachment.failure:
            terminals.forget(attachment)
        elif await self.app.push_screen_wait(_ending(self.title_text())) == "end":
            try:
                await terminals.end(attachment)
            except VibeBoxError as error:
                self._say(f"The terminal goes on: {error}", is_error=True)

    def action_read(self) -> None:
        """Enter copy mode."""
        self._reading.begin()
        self._view.all_keys = self._reading.is_active or self._is_typing
        self._view.focus()
        self._describe()

    def action_search(self) -> None:
        """Search in the terminal's text, from its end to its start."""
        if self.present is not None:
            self._ask_search(True)

    def _scroll(self, lines: int) -> None:
        self._view.scroll_back(lines)
        self.detail = self._detail()

    def _say(self, text: str, *, is_error: bool = False) -> None:
        self.post_message(Said(text, "error" if is_error else "information"))

    # --- reading ---------------------------------------------------------------------------

    def _ask_search(self, backward: bool) -> None:
        self._searches_backward = backward
        self._search_line.display = True
        self._search_line.value = ""
        self._search_line.focus()

    @on(Input.Submitted)
    def _search(self, event: Input.Submitted) -> None:
        event.stop()
        self._end_search_line()
        if event.value:
            self._reading.search(event.value, backward=self._searches_backward)
        self._view.all_keys = self._reading.is_active or self._is_typing
        self._describe()

    def _end_search_line(self) -> None:
        self._view.focus()
        self._search_line.display = False

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        lines = text.count("\n")
        self._say(f"Copied {lines + 1} lines" if lines else f"Copied {len(text)} characters")

    def _open_link(self, address: str) -> None:
        self.app.copy_to_clipboard(address)
        is_opened = webbrowser.open(address)
        self._say(f"Opened {address}" if is_opened else f"No browser here; copied {address}")

    # --- mouse, focus and size -------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._pointing.press(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._pointing.release(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._pointing.move(event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._pointing.turn(event, 1)
        self.detail = self._detail()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._pointing.turn(event, -1)
        self.detail = self._detail()

    def on_descendant_focus(self) -> None:
        self._report_focus(has_focus=True)

    def on_descendant_blur(self) -> None:
        self.call_later(self._look_for_focus)

    def _look_for_focus(self) -> None:
        """The focus has left the pane, unless it has only gone to its line for searching."""
        if not self.has_focus_within:
            self._report_focus(has_focus=False)
            self._search_line.display = False
            self._leave()
            self._describe()

    def _report_focus(self, *, has_focus: bool) -> None:
        attachment = self.present
        if attachment is not None and attachment.emulator.modes.focus_reports:
            attachment.send(encode_focus(has_focus))

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


def _pasting(text: str, target: str) -> ChoiceDialog:
    return ChoiceDialog(
        "Paste",
        question(text, target),
        [Choice("no", "Cancel", is_harmless=True), Choice("paste", "Paste")],
    )
