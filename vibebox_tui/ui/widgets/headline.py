"""The environment one looks at, in two lines: its state, and what it uses."""

from textual.content import Content
from textual.reactive import reactive

from vibebox_tui.ui.figures import (
    BUSY_CORE,
    cpu_text,
    duration_text,
    memory_text,
    seconds_since,
    spark,
)
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.line import Line

_SPARK_CELLS = 20
"""Widest sparkline of CPU."""


class Headline(Line):
    """Names the current environment and its state, with CPU and memory where there is room."""

    row: reactive[EnvironmentRow | None] = reactive(None, repaint=False)
    now: reactive[float] = reactive(0.0, repaint=False)

    def __init__(self, settings: DashboardSettings, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._glyphs = settings.glyphs

    def watch_row(self, row: EnvironmentRow | None) -> None:
        self.set_class(row is not None and row.is_stale, "-stale")
        self.look_again()

    def watch_now(self) -> None:
        self.look_again()

    def line(self) -> Content:
        if self.row is None:
            return Content.assemble(("No environment is chosen.", "$ink-dim"))
        width = self.content_size.width
        name, usage = self._state_text(self.row), self._usage(self.row, width)
        gap = width - name.cell_length - usage.cell_length
        if gap >= 2:
            return Content.assemble(name, " " * gap, usage)
        room = max(0, width - usage.cell_length - 2)
        name = name.truncate(room, ellipsis=self._glyphs.unicode)
        return Content.assemble(name, " " * (width - name.cell_length - usage.cell_length), usage)

    def _state_text(self, row: EnvironmentRow) -> Content:
        glyphs = self._glyphs
        separator = (f" {glyphs.separator} ", "$ink-faint")
        parts: list[Content | tuple[str, str]] = [
            (f"{glyphs.selected}{row.number} ", "$primary"),
            (row.name, "bold $ink"),
            (f" at {row.label}" if row.label else "", "$accent"),
            (f"  {glyphs.state(row.state)} {row.state}", state_token(row.state)),
        ]
        age = seconds_since(row.environment.started_at, self.now)
        if row.state == "running" and age is not None:
            parts.append((f" {duration_text(age)}", "$ink-dim"))
        if row.is_stale and row.seen_at is not None:
            parts += [separator, (f"seen {duration_text(self.now - row.seen_at)} ago", "$ink-dim")]
        elif row.message and row.state != "running":
            parts += [separator, (row.message, state_token(row.state))]
        return Content.assemble(*parts)

    def _usage(self, row: EnvironmentRow, width: int) -> Content:
        if row.cpu is None and row.memory is None:
            return Content("")
        glyphs, limit = self._glyphs, row.environment.memory_limit
        cells = min(_SPARK_CELLS, max(0, width // 6 - 4))
        top = (row.environment.cpu_limit or 1) * BUSY_CORE
        bars = spark(row.cpu_history, cells, top, glyphs)
        of_limit = f"/{memory_text(limit, glyphs).strip()}" if limit else ""
        ink = "$ink-faint" if row.is_stale else "$ink"
        return Content.assemble(
            ("CPU ", "$ink-dim"),
            (bars, "$ink-faint" if row.is_stale else "$gauge-cpu"),
            (cpu_text(row.cpu, glyphs), ink),
            ("  MEM", "$ink-dim"),
            (memory_text(row.memory, glyphs), ink),
            (of_limit, "$ink-dim"),
        )
