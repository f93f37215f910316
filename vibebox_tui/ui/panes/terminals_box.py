"""One terminal with all that the user does in it: typing, pasting, reading, pointing."""

import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from textual import events, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from vibebox_tui.emulator import Copied
from vibebox_tui.emulator.keys import encode_focus
from vibebox_tui.ui.messages import KeyEverywhere, Said
from vibebox_tui.ui.output import await_echo, draw_now
from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.panes.terminals_capture import (
    COPY_HINTS,
    SEARCH_HINTS,
    Capture,
    Command,
    Elsewhere,
    Prefixed,
    Typed,
    Unknown,
    capture_hints,
    key_name,
)
from vibebox_tui.ui.panes.terminals_paste import is_worth_asking, question
from vibebox_tui.ui.panes.terminals_pointing import Pointing
from vibebox_tui.ui.panes.terminals_reading import Asks, Reading
from vibebox_tui.ui.panes.terminals_typing import Typing
from vibebox_tui.ui.panes.terminals_words import and_others, notice_of, what_is_shown
from vibebox_tui.ui.screens.dialogs import Choice, ChoiceDialog
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.search_line import SearchLine
from vibebox_tui.ui.widgets.terminal_view import TerminalView


class TerminalBox(Widget):
    """Shows `attachment`; every key is its own while `is_typing`, but the escape key.

    After the escape key some keys are obeyed here; those that aren't about this terminal alone
    are posted as `Commanded`. `Restated` says that `words` are others now. While it
    `is_broadcasting`, what is typed here goes to the terminals in `others()` as well.
    """

    @dataclass
    class Commanded(Message):
        """A key after the escape key asks for something that isn't about one terminal alone."""

        box: "TerminalBox"
        command: Command

        @property
        def control(self) -> "TerminalBox":
            return self.box

    @dataclass
    class Restated(Message):
        """What the border should say of this terminal has changed."""

        box: "TerminalBox"

        @property
        def control(self) -> "TerminalBox":
            return self.box

    def __init__(
        self, settings: DashboardSettings, others: Callable[[], Sequence[Attachment]]
    ) -> None:
        super().__init__()
        self.attachment: Attachment | None = None
        self.name_shown = ""
        """What this terminal is called where it is asked about."""
        self.is_typing = False
        self.is_broadcasting = False
        self.heard_from = ""
        """The terminal from which what is typed goes to this one too, where there is one."""
        self.view = TerminalView(settings.glyphs)
        self._settings = settings
        self._notice_line = Static(classes="terminal-notice")
        self._search_line = SearchLine()
        self._capture = Capture(settings.escape_key)
        self._others = others
        self._typing = Typing(
            lambda: None if self._awaits_another else self.attachment,
            lambda: self._others() if self.is_broadcasting else (),
        )
        self._awaits_another = False
        self.view.take_at_once = self._type_at_once
        asks = Asks(self._copy, self._open_link, self._ask_search, self.say)
        self._reading = Reading(self.view, asks)
        self._pointing = Pointing(
            self.view, self._reading, lambda: self.attachment, is_typing=lambda: self.is_typing
        )

    def compose(self) -> ComposeResult:
        yield self.view
        yield self._notice_line
        yield self._search_line

    # --- what is shown ---------------------------------------------------------------------

    def show(self, attachment: Attachment | None, name: str) -> None:
        """Show another terminal, or none; what was typed ahead is typed there."""
        self.attachment, self.name_shown = attachment, name
        self._awaits_another = False
        if attachment is not None:
            self._typing.catch_up()

    def await_another(self) -> None:
        """Another terminal is on its way here: what is typed from now on is for that one."""
        self._awaits_another = True

    def draw(self, *, missing: str) -> None:
        """Bring everything up to date: one frame, whatever has come since the last.

        `missing` says why there is no terminal, where that is known.
        """
        attachment = self.attachment
        emulator = attachment.emulator if attachment else None
        if self.view.emulator is not emulator:
            self.view.show(emulator)
        if self.view.draw_changes():
            self._reading.text_changed()
        self._notice(notice_of(attachment, self.escape, missing=missing, typing=self._typing))
        if self.view.is_on_screen:
            draw_now(self.view)

    @property
    def escape(self) -> str:
        """The escape key as it is written for people."""
        return key_name(self._settings.escape_key)

    def words(self) -> str:
        """What the border says: who has the keys, which part of the text is shown."""
        return what_is_shown(
            self.attachment,
            typing=self.is_typing,
            reading="search" if self._search_line.is_asking else self._reading.words,
            prefixed=self._capture.prefixed,
            back=self.view.back,
            escape=self.escape,
            others=len(self._others()) if self.is_broadcasting else None,
            heard_from=self.heard_from,
        )

    def hints(self) -> list[tuple[str, str]]:
        """What the hint line says while the bindings of the dashboard don't work here."""
        if self._search_line.is_asking:
            return list(SEARCH_HINTS)
        if self._reading.is_active:
            return list(COPY_HINTS)
        if self.is_typing:
            return capture_hints(self._settings.escape_key, prefixed=self._capture.prefixed)
        return []

    def say(self, text: str) -> None:
        """Tell the user something that needs no answer."""
        self.post_message(Said(text))

    def copy_for_program(self, copied: Copied, name: str) -> None:
        """Put what a program in the terminal `name` copied on the clipboard, and say so."""
        if copied.is_too_long:
            self.say(f"A program in {name} copied more than a terminal takes; nothing was copied")
        else:
            self.app.copy_to_clipboard(copied.text)
            self.say(f"A program in {name} copied {len(copied.text)} characters")

    # --- who has the keys ------------------------------------------------------------------

    def type_here(self) -> None:
        """Every key goes to the terminal from now on."""
        self.view.back = 0
        self.is_typing = True
        self._settle()
        self.view.focus()

    def read(self) -> None:
        """Enter copy mode."""
        self._reading.begin()
        self._settle()
        self.view.focus()

    def go_to_prompt(self, step: int) -> None:
        """Read from the next prompt on, or from the one before where `step` is negative."""
        self.read()
        self._reading.go_to_prompt(step)

    def search(self) -> None:
        """Ask for something to search for, from the end of the text to its start."""
        if self.attachment is not None:
            self._ask_search(True)

    def leave(self) -> None:
        """Type no more, and read no more either."""
        self._typing.forget()
        self._awaits_another = False
        self.is_typing = self.is_broadcasting = False
        if self._reading.is_active:
            self._reading.leave()
        self._settle()

    def scroll_back(self, lines: int) -> None:
        """Scroll back by so many lines, forward where negative."""
        self.view.scroll_back(lines)
        self._settle()

    def _settle(self) -> None:
        if not self.is_typing:
            self._capture.prefixed = False
        self.view.all_keys = self.is_typing or (
            self._reading.is_active and not self._reading.is_by_mouse
        )
        self.post_message(self.Restated(self))

    # --- keys ------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        if self._search_line.is_asking:
            if event.key == "escape":
                event.stop()
                self._end_search_line()
            return
        if self._reading.is_by_mouse:
            self._reading.leave()
        if not self.view.all_keys:
            return
        event.stop()
        event.prevent_default()
        if self._reading.is_active and event.key != self._settings.escape_key:
            self._reading.press(event.key)
            self._settle()
        else:
            self._press(event)

    def _type_at_once(self, key: events.Key) -> bool:
        """Type the key, where that is all that it does: who types feels every widget on its way."""
        if not self.is_typing or self._reading.is_active or not self._capture.is_typed(key.key):
            return False
        self._press(key)
        return True

    def _press(self, event: events.Key) -> None:
        was_prefixed = self._capture.prefixed
        match verdict := self._capture.press(event.key, event.character):
            case Typed():
                self.view.back = 0
                self._typing.press(verdict)
                await_echo(self.view)
            case Command():
                self._obey(verdict)
            case Elsewhere(key):
                self.leave()
                self.post_message(KeyEverywhere(key))
            case Unknown(key):
                self.say(f"{self.escape} {key} means nothing; {self.escape} ? shows what does")
            case Prefixed():
                pass
            case _:
                assert_never(verdict)
        if was_prefixed or self._capture.prefixed:
            self._settle()

    def _obey(self, command: Command) -> None:
        own: dict[Command, Callable[[], object]] = {
            Command.LEAVE: self.leave,
            Command.COPY_MODE: self.read,
            Command.PROMPT_BEFORE: partial(self.go_to_prompt, -1),
            Command.PROMPT_AFTER: partial(self.go_to_prompt, 1),
            Command.SEARCH: self.search,
            Command.PASTE: lambda: self.on_paste(events.Paste(self.app.clipboard)),
            Command.BROADCAST: self._switch_broadcast,
            Command.READ_ONLY: self._switch_read_only,
            Command.SEND_PENDING: partial(self._answer_pending, send=True),
            Command.FORGET_PENDING: partial(self._answer_pending, send=False),
        }
        if command in own:
            own[command]()
        else:
            self.post_message(self.Commanded(self, command))

    def _switch_broadcast(self) -> None:
        if not self.is_broadcasting and not self._others():
            self.say("There is no other terminal on the screen; + opens one beside")
        else:
            self.is_broadcasting = not self.is_broadcasting

    def _switch_read_only(self) -> None:
        if self.attachment is not None:
            self.attachment.read_only = not self.attachment.read_only

    def _answer_pending(self, *, send: bool) -> None:
        if self._typing.is_pasting and not send:
            self._typing.stop_pasting()
        elif self.attachment is not None:
            self.attachment.answer_pending(send=send)

    # --- pastes ----------------------------------------------------------------------------

    def on_paste(self, event: events.Paste) -> None:
        if self.is_typing and self.attachment is not None:
            event.stop()
            self._paste(self.attachment, event.text)

    @work(group="paste", exclusive=False, exit_on_error=False)
    async def _paste(self, attachment: Attachment, text: str) -> None:
        if self._typing.is_pasting:
            self.say(f"A paste is on its way already; {self.escape} x stops it")
        elif await self._may_paste(text):
            await self._typing.paste(attachment, text, attachment.request_drawing)
            attachment.request_drawing()

    async def _may_paste(self, text: str) -> bool:
        if not self._settings.confirm_paste or not is_worth_asking(text):
            return True
        others = len(self._others()) if self.is_broadcasting else 0
        dialog = _pasting(text, f"{self.name_shown}{and_others(others)}")
        return await self.app.push_screen_wait(dialog) == "paste"

    # --- reading ---------------------------------------------------------------------------

    def _ask_search(self, backward: bool) -> None:
        self._search_line.ask(backward=backward)
        self._settle()

    @on(Input.Submitted)
    def _search(self, event: Input.Submitted) -> None:
        event.stop()
        self._end_search_line()
        if event.value:
            self._reading.search(event.value, backward=self._search_line.is_backward)
        self._settle()

    def _end_search_line(self) -> None:
        self.screen.set_focus(self.view)
        self._search_line.close()
        self._settle()

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        lines = len(text.splitlines())
        self.say(f"Copied {lines} lines" if lines > 1 else f"Copied {len(text)} characters")

    def _open_link(self, address: str) -> None:
        self.app.copy_to_clipboard(address)
        is_opened = webbrowser.open(address)
        self.say(f"Opened {address}" if is_opened else f"No browser here; copied {address}")

    # --- mouse -----------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self._is_in_view(event):
            self.view.capture_mouse()  # a drag may leave the view, and end elsewhere
            self._pointing.press(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._is_in_view(event):
            self.view.release_mouse()
            self._pointing.release(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._is_in_view(event):
            self._pointing.move(event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn(event, -1)

    def _turn(self, event: events.MouseEvent, notches: int) -> None:
        event.stop()
        if self._is_in_view(event):
            self._pointing.turn(event, notches)
            self._settle()

    def _is_in_view(self, event: events.MouseEvent) -> bool:
        """Whether an event is the view's, and its place in it: the lines below have theirs."""
        is_over = self.view.region.contains(event.screen_x, event.screen_y)
        return is_over or self.app.mouse_captured is self.view

    # --- focus -----------------------------------------------------------------------------

    def on_descendant_focus(self) -> None:
        self._report_focus(has_focus=True)

    def on_descendant_blur(self) -> None:
        self.call_later(self._look_for_focus)

    def _look_for_focus(self) -> None:
        """The focus has left the terminal, unless it has only gone to its line for searching."""
        if not self.has_focus_within:
            self._report_focus(has_focus=False)
            self._search_line.close()
            self.leave()

    def _report_focus(self, *, has_focus: bool) -> None:
        attachment = self.attachment
        if attachment is not None and attachment.emulator.modes.focus_reports:
            attachment.send(encode_focus(has_focus))

    def _notice(self, content: Content) -> None:
        self._notice_line.display = bool(content.plain)
        if content != self._notice_line.content:
            self._notice_line.update(content)


def _pasting(text: str, target: str) -> ChoiceDialog:
    return ChoiceDialog(
        "Paste",
        question(text, target),
        [Choice("no", "Cancel", is_harmless=True), Choice("paste", "Paste")],
    )
