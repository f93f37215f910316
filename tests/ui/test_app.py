import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from textual.screen import Screen

from tests.support import DEADLINE
from tests.ui.stage import SETTINGS
from vibebox_tui.client.client import Client
from vibebox_tui.errors import UsageError
from vibebox_tui.paths import styles_directory
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.servers import Server
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.widgets.plain_scrollbar import PlainScrollBarRender

CRASHING = """
import logging, sys
logging.basicConfig(filename=sys.argv[1])
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.servers import Server

class Crashing(VibeBoxApp):
    def on_mount(self):
        password = "hunter" + "2"
        raise RuntimeError("a fault of ours")

app = Crashing([Server("test", None)])
app.run(headless=True)
sys.exit(app.return_code)
"""

PARSING = """
from collections import Counter
from textual.css import stylesheet
from textual.screen import Screen
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.servers import Server

parsed, parse = Counter(), stylesheet.parse

def counted(scope, css, read_from, **options):
    parsed[read_from[0]] += 1
    return parse(scope, css, read_from, **options)

stylesheet.parse = counted

class Bare(VibeBoxApp):
    def get_default_screen(self):
        return Screen()

    def on_ready(self):
        self.call_after_refresh(self.exit)

Bare([Server("test", None)]).run(headless=True)
for path, times in parsed.items():
    print(path, times)
"""

NO_CLIENT = cast("Client", None)
"""An app that is never run asks nothing of a server."""


def test_a_crash_is_a_sentence_and_its_traceback_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ended = subprocess.run(
        [sys.executable, "-c", CRASHING, str(log)],
        capture_output=True,
        text=True,
        timeout=6 * DEADLINE,
        check=False,
    )
    assert ended.returncode == 1
    told = " ".join(ended.stderr.split())
    assert "the dashboard failed and has ended: RuntimeError: a fault of ours" in told
    assert "Traceback" not in told
    assert "hunter2" not in told + log.read_text()
    assert "Traceback" in log.read_text()


def test_an_unknown_theme_is_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"there is no theme 'neon'; there are: .*vibebox-dark"):
        VibeBoxApp([Server("test", NO_CLIENT)], DashboardSettings(theme="neon"))


@pytest.mark.parametrize("theme", ["vibebox-dark", "vibebox-light", "vibebox-16", "nord"])
def test_themes_can_be_chosen(theme: str) -> None:
    assert VibeBoxApp([Server("test", NO_CLIENT)], DashboardSettings(theme=theme)).theme == theme


def test_style_sheets_are_parsed_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARSING],
        capture_output=True,
        text=True,
        timeout=6 * DEADLINE,
        check=True,
    )
    times = [int(line.split()[1]) for line in done.stdout.splitlines() if ".tcss" in line]
    assert times == [1] * len(list(styles_directory().glob("*.tcss")))


@pytest.mark.parametrize(("theme", "shade"), [("vibebox-dark", "dark"), ("vibebox-light", "light")])
async def test_the_first_picture_has_the_chosen_theme(theme: str, shade: str) -> None:
    class Bare(VibeBoxApp):
        def get_default_screen(self) -> Screen[None]:
            return Screen()

    async with Bare(
        [Server("test", NO_CLIENT)], DashboardSettings(theme=theme)
    ).run_test() as pilot:
        app = pilot.app
        assert app.has_class(f"-theme-{theme}", f"-{shade}-mode")
        assert app.screen.styles.background.hex.lower() == app.current_theme.background
        app.theme = "nord"
        await pilot.pause()
        assert app.has_class("-theme-nord", "-dark-mode")
        assert not app.has_class(f"-theme-{theme}")
        assert not app.has_class("-light-mode")


def test_ctrl_q_is_unbound() -> None:
    app = VibeBoxApp([Server("test", NO_CLIENT)], SETTINGS)
    assert all(key != "ctrl+q" for key, _ in app._bindings)


def test_the_server_and_its_libraries_are_not_imported() -> None:
    source = "import sys, vibebox_tui.ui.app; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()
    unwanted = ("vibebox_tui.server", "litestar", "uvicorn", "aiodocker", "sqlite3", "httpx")
    assert [name for name in modules if name.startswith(unwanted)] == []


def test_where_glyphs_cannot_be_shown_a_scroll_bar_is_made_of_blanks() -> None:
    bars = PlainScrollBarRender.render_bar(size=10, virtual_size=37, window_size=10, position=5)
    assert {segment.text.strip("\n") for segment in bars.segments} <= {" ", ""}
