"""`vibebox demo --check`: the dashboard without a terminal, and what it really showed.

The app runs as in a terminal of 200x60, where all panes stand side by side; keys are pressed, and
what is looked for has to appear in the cells of its pane, not in the data behind them.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from textual.pilot import Pilot

from vibebox_tui.cli.dashboard import dashboard_settings, server_of
from vibebox_tui.cli.log_file import log_to_file
from vibebox_tui.cli.server_choice import ServerChoice, client_of
from vibebox_tui.samples import SAMPLES
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.panes.environments import EnvironmentsPane
from vibebox_tui.ui.panes.logs import LogsPane
from vibebox_tui.ui.panes.metrics import MetricsPane
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.panes.terminal import TerminalPane

SIZE: Final = (200, 60)
"""Columns and rows of the screen that is looked at."""

PATIENCE_SECONDS: Final = 20.0
"""Until what is looked for has to be there, each time."""

_LOOK_SECONDS: Final = 0.05
"""Between two looks at the screen."""

_ECHO: Final = "echo live-$((6*7))"
_ECHOED: Final = r"live-42"
"""What is typed into a shell and what it answers; the answer isn't in what was typed."""


@dataclass(slots=True)
class Report:
    """What was seen: the line of the screen that showed it, and after how many seconds."""

    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything that was looked for was seen."""
        return not self.missing

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON."""
        return {"complete": self.complete, "seen": self.seen, "missing": self.missing}


def check_dashboard(choice: ServerChoice) -> Report:
    """Run the dashboard on the demo's server and look at each pane.

    Raises:
        ServerStartError: the server can't be started.
    """
    log_to_file()
    return asyncio.run(_check(choice))


async def _check(choice: ServerChoice) -> Report:
    await choice.ready()
    async with client_of(choice) as client:
        app = VibeBoxApp([server_of(choice, client)], dashboard_settings(choice.config))
        async with app.run_test(size=SIZE) as pilot:
            look = Look(pilot)
            await _look_at_everything(look)
            return look.report


async def _look_at_everything(look: "Look") -> None:
    for number, sample in enumerate(SAMPLES, 1):
        await look.until(f"list: {sample.name}", EnvironmentsPane, rf"{sample.name}.*\d%")
        await look.press(str(number), "l")
        await look.until(f"log: {sample.name}", LogsPane, sample.sign)
    await look.until("CPU", MetricsPane, r"CPU.*\d%")
    await look.until("memory", MetricsPane, r"MEM.*\d[MG]")
    await look.press("t", "enter")
    await look.enter(_ECHO)
    await look.until("terminal", TerminalPane, _ECHOED)


class Look:
    """Presses keys, and waits for what has to appear on the screen."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.report = Report()
        self._pilot = pilot
        self._began = time.monotonic()

    async def press(self, *keys: str) -> None:
        """Press keys by their names."""
        await self._pilot.press(*keys)

    async def enter(self, text: str) -> None:
        """Type a line and Enter."""
        await self._pilot.press(*text, "enter")

    async def until(self, what: str, pane: type[Pane], pattern: str) -> None:
        """Wait for a line of a pane that has `pattern`; report it, or that `what` is missing."""
        line = await self._find(pane, re.compile(pattern))
        if line is None:
            self.report.missing.append(what)
            return
        seconds = round(time.monotonic() - self._began, 2)
        self.report.seen[what] = {"line": " ".join(line.split()), "after": seconds}

    async def _find(self, pane: type[Pane], pattern: re.Pattern[str]) -> str | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for line in self._lines(pane):
                if pattern.search(line):
                    return line
            await asyncio.sleep(_LOOK_SECONDS)
        return None

    def _lines(self, kind: type[Pane]) -> Iterator[str]:
        """The lines of the screen, as they would be drawn now, where panes of a kind are.

        Textual has no public way to them but a picture, which it makes from the same strips.
        """
        screen = self._pilot.app.screen
        strips = screen._compositor.render_strips()
        for pane in screen.query(kind):
            if pane.is_on_screen:
                left, right = pane.content_region.column_span
                for row in pane.content_region.line_range:
                    yield strips[row].crop(left, right).text
