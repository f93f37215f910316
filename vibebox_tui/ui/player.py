"""The player as an app of its own, for `vibebox play`."""

from pathlib import PurePath

from vibebox_tui.paths import styles_directory
from vibebox_tui.ui.glyphs import glyphs_for
from vibebox_tui.ui.output import FrugalApp
from vibebox_tui.ui.recordings import Playback
from vibebox_tui.ui.screens.player import PlayerScreen
from vibebox_tui.ui.theme import THEMES, theme_for, with_our_tokens


class PlayerApp(FrugalApp[None], inherit_bindings=False):
    """Plays one recording and ends."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, playback: Playback, *, title: str) -> None:
        self._playback = playback
        self._title = title
        sheets: list[str | PurePath] = [
            styles_directory() / f"{name}.tcss" for name in ("tokens", "terminal")
        ]
        super().__init__(css_path=sheets)
        for theme in THEMES:
            self.register_theme(theme)
        self.begin_with_theme(THEMES[0].name)

    def get_css_variables(self) -> dict[str, str]:
        return with_our_tokens(super().get_css_variables())

    def on_load(self) -> None:
        self.begin_with_theme(theme_for(self.theme, self.console.color_system))

    def on_mount(self) -> None:
        player = PlayerScreen(self._playback, title=self._title, glyphs=glyphs_for())
        self.push_screen(player, lambda _: self.exit())
