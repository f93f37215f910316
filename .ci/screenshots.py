"""Makes screenshots/*.svg from the running demo, at three sizes: `python .ci/screenshots.py`."""

import asyncio
import sys
from pathlib import Path
from typing import Final, NamedTuple

from vibebox_tui.cli.check import Look
from vibebox_tui.cli.dashboard import dashboard_settings, server_of
from vibebox_tui.cli.demo import demo_server
from vibebox_tui.cli.server_choice import ServerChoice, ServerOptions, client_of
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.panes.logs import LogsPane
from vibebox_tui.ui.panes.terminal import TerminalPane

DIRECTORY: Final = Path(__file__).parents[1] / "screenshots"

WARM_UP_SECONDS: Final = 75.0
"""So long the samples run before the first picture: more than one of their waves."""


SETTLE_SECONDS: Final = 6.0
"""So long a dashboard runs before its picture: two or three samples of CPU and memory."""

PROMPT: Final = r"[$#%>] *$"
"""A shell's prompt: what is typed before would be echoed twice."""


class Picture(NamedTuple):
    """A picture of the dashboard: its size, and the keys that lead to what it shows."""

    columns: int
    rows: int
    keys: tuple[str, ...]
    command: str = ""

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return DIRECTORY / f"{self.columns}x{self.rows}.svg"


PICTURES: Final = (
    Picture(80, 24, ("2", "l")),
    Picture(120, 40, ("1", "l")),
    Picture(200, 60, ("1", "l", "t", "enter"), "ls -l && head -30 shop_api.py"),
)


async def take(choice: ServerChoice) -> list[str]:
    """Take all pictures; what couldn't be seen."""
    missing = []
    await choice.ready()
    await asyncio.sleep(WARM_UP_SECONDS)
    for picture in PICTURES:
        async with client_of(choice) as client:
            server = server_of(choice, client)
            client.user_name = "ada"
            app = VibeBoxApp([server], dashboard_settings(choice.config))
            async with app.run_test(size=(picture.columns, picture.rows)) as pilot:
                look = Look(pilot)
                await look.until("a log line", LogsPane, r"\w")
                await look.press(*picture.keys)
                if picture.command:
                    await look.until("a prompt", TerminalPane, PROMPT)
                    await look.enter(picture.command)
                    await look.until("what it answers", TerminalPane, "^import sqlite3")
                await asyncio.sleep(SETTLE_SECONDS)
                picture.file.write_text(app.export_screenshot(title="vibebox"), encoding="utf-8")
                missing += look.report.missing
    return missing


def main() -> int:
    with demo_server(ServerOptions()) as choice:
        missing = asyncio.run(take(choice))
    print(*(str(picture.file) for picture in PICTURES), sep="\n")
    if missing:
        print(f"not seen: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
