"""The environments in one line, for screens too narrow for a list."""

from typing import Final

from textual.content import Content
from textual.reactive import reactive

from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import EnvironmentKey
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.line import Line

_LONGEST_NAME: Final = 26
"""Cells of a name in the strip: one long name would leave no room for others."""


class EnvironmentStrip(Line):
    """Each environment as its number, its state's glyph and its name; the current one stands out.

    Where they don't all fit, those around the current one are shown.
    """

    rows: reactive[tuple[EnvironmentRow, ...]] = reactive((), repaint=False)
    current: reactive[EnvironmentKey | None] = reactive(None, repaint=False)

    def __init__(self, settings: DashboardSettings, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._glyphs = settings.glyphs

    def watch_rows(self) -> None:
        self.look_again()

    def watch_current(self) -> None:
        self.look_again()

    def line(self) -> Content:
        width = self.content_size.width
        before_each = [None, *self.rows]
        tabs = [self._tab(row, before) for row, before in zip(self.rows, before_each, strict=False)]
        first, end = self._window([tab.cell_length for tab in tabs], width - 2)
        before = (self._glyphs.ellipsis if first else "", "$ink-dim")
        after = (self._glyphs.ellipsis if end < len(tabs) else "", "$ink-dim")
        return Content.assemble(before, *tabs[first:end], after)

    def _tab(self, row: EnvironmentRow, before: EnvironmentRow | None) -> Content:
        """An environment; the first one of each of several servers has that one's name as well."""
        is_first = row.label and (before is None or before.label != row.label)
        is_current = row.key == self.current
        ground = " on $cursor-row" if is_current else ""
        ink = "bold $ink" if is_current else "$ink-dim"
        name = Content(row.name).truncate(_LONGEST_NAME, ellipsis=self._glyphs.unicode)
        return Content.assemble(
            (f" {row.label}", "bold $accent") if is_first else "",
            (f" {row.number}", f"$primary{ground}"),
            (self._glyphs.state(row.state), f"{state_token(row.state)}{ground}"),
            (f"{name} ", f"{ink}{ground}"),
        )

    def _window(self, widths: list[int], room: int) -> tuple[int, int]:
        """The longest run of tabs that fits and has the current one in it."""
        if not widths or sum(widths) <= room:
            return 0, len(widths)
        keys = [row.key for row in self.rows]
        first = keys.index(self.current) if self.current in keys else 0
        end, used = first + 1, widths[first]
        while True:
            if end < len(widths) and used + widths[end] <= room:
                used, end = used + widths[end], end + 1
            elif first > 0 and used + widths[first - 1] <= room:
                first, used = first - 1, used + widths[first - 1]
            else:
                return first, end
