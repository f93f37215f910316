import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet

IDLE_SECONDS = 0.005
"""How long a dashboard has to do nothing until a pilot goes on; of Textual's own accord, 20 ms."""


@pytest.fixture(autouse=True)
def pilots_that_look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot waits twice for each key until nothing is left to do, and sees that soon."""
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", IDLE_SECONDS)
    monkeypatch.setattr("textual._wait.SLEEP_IDLE", IDLE_SECONDS / 20)


@pytest.fixture(scope="session", autouse=True)
def style_sheets_parsed_once() -> Iterator[None]:
    """One app after the other has the same sheets and colours; the first one parses them."""
    parse = Stylesheet._parse_rules
    parsed: dict[Any, Any] = {}

    def parse_once(sheet: Stylesheet, *source: Any, **options: Any) -> Any:
        key = (*sheet._variables.items(), *source, *options.items())
        if key not in parsed:
            parsed[key] = parse(sheet, *source, **options)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True)
def nobodys_clipboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test copies stays with it, on whatever desktop or in whatever tmux it runs."""
    for variable in ("TMUX", "STY", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def same_terminal_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pictures depend on neither the time zone nor the terminal of whoever runs the tests."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the history of what was typed goes."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"
