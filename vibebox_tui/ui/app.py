"""The dashboard as a Textual app: its theme, its styles, its first screen and how it ends."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, ClassVar, Final

from rich.segment import Segments
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from vibebox_tui.errors import UsageError
from vibebox_tui.paths import styles_directory
from vibebox_tui.ui.hangup import TerminalGuard
from vibebox_tui.ui.key_order import KeyOrder
from vibebox_tui.ui.output import FrugalApp, FrugalScreen
from vibebox_tui.ui.screens.dashboard import DashboardScreen
from vibebox_tui.ui.servers import Server
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import THEMES, theme_for, with_our_tokens
from vibebox_tui.ui.widgets.plain_scrollbar import PlainScrollBarRender

_log = logging.getLogger(__name__)

TERMINAL_CHECK_SECONDS: Final = 0.5
"""Between two looks at whether the terminal is still there."""

_KEY_NAMES: Final = {
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "f1": "F1",
    "f12": "F12",
    "ctrl+right_square_bracket": "^]",
}


class VibeBoxApp(FrugalApp[str], inherit_bindings=False):
    """The dashboard of `servers`, whose clients are open, and are closed by who opened them.

    `run` (or `run_async`) returns what is to become of the environments on a server of our own:
    "leave" them running or "stop" them; None where the dashboard ended otherwise.
    """

    TITLE = "vibebox"
    ENABLE_COMMAND_PALETTE = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "screen.palette", "Commands", id="app.palette"),
        Binding("question_mark,f1", "screen.help", "Help", id="app.help"),
        Binding("ctrl+l", "redraw", "Redraw", show=False, id="app.redraw"),
        Binding("ctrl+c", "say_how_to_leave", "Copy the selection", show=False, id="app.copy"),
    ]

    def __init__(
        self, servers: Sequence[Server], settings: DashboardSettings | None = None
    ) -> None:
        self.settings = settings or DashboardSettings()
        self.servers = servers
        self._guard = TerminalGuard(lambda status: self.exit(return_code=status))
        super().__init__(css_path=_style_files())
        self._key_order = KeyOrder(self, super().on_event, self._keys_settled)
        is_plain = not self.settings.glyphs.unicode
        self.set_class(is_plain, "-ascii")
        ScrollBar.renderer = PlainScrollBarRender if is_plain else ScrollBarRender
        for theme in THEMES:
            self.register_theme(theme)
        self.begin_with_theme(self._known_theme(self.settings.theme))
        self.keymap: Mapping[str, str] = self._normalize_keymap(self.settings.keymap)
        self.set_keymap(self.keymap)

    async def run_async(self, *, headless: bool = False, **options: Any) -> str | None:
        if not headless:
            self.begin_with_theme(theme_for(self.theme, self.console.color_system))
        return await super().run_async(headless=headless, **options)

    def get_default_screen(self) -> Screen[None]:
        return DashboardScreen(self.servers, self.settings)

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = with_our_tokens(super().get_css_variables())
        return self.theme_variables

    def get_key_display(self, binding: Binding) -> str:
        if binding.key_display is None and binding.key in _KEY_NAMES:
            return _KEY_NAMES[binding.key]
        return super().get_key_display(binding)

    def _known_theme(self, name: str) -> str:
        if name not in self.available_themes:
            known = ", ".join(sorted(self.available_themes))
            raise UsageError(f"there is no theme {name!r}; there are: {known}")
        return name

    def action_redraw(self) -> None:
        """Draw everything anew, as after another program wrote to the terminal."""
        self.refresh(layout=True)
        self.draw_everything()

    def action_say_how_to_leave(self) -> None:
        self.notify("q leaves the dashboard; nothing is stopped by it.", markup=False, timeout=4)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.keys_first.came()
            await self._key_order.take(event)
        else:
            await super().on_event(event)

    def _keys_settled(self) -> None:
        """What was typed has had its effect: that is drawn before any other work goes on, once
        who has been told of it has marked what it changes."""
        self.keys_first.settled()
        asyncio.get_running_loop().call_soon(self._draw_pending)

    def _draw_pending(self) -> None:
        if not self._running:  # the key was the one that leaves
            return
        screen: Screen[object] = self.screen
        if isinstance(screen, FrugalScreen) and not self.awaits_echo:
            screen.draw_pending()

    # --- how it ends -----------------------------------------------------------------------

    def on_mount(self) -> None:
        if not self.is_headless:
            self._guard.start()
            self.set_interval(TERMINAL_CHECK_SECONDS, self._guard.check)

    def _handle_exception(self, error: Exception) -> None:
        _log.critical("the dashboard failed", exc_info=error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End with a sentence: a traceback would show a user nothing but our values."""
        error = self._exception
        text = f"vibebox: the dashboard failed and has ended: {type(error).__name__}: {error}"
        self._exit_renderables.append(
            Segments(self.console.render(Text(text), self.console.options))
        )
        self._close_messages_no_wait()


def _style_files() -> list[str | PurePath]:
    """All style sheets, the tokens first."""
    sheets = styles_directory().glob("*.tcss")
    return [*sorted(sheets, key=lambda path: (path.stem != "tokens", path.name))]
